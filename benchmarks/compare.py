"""onetape beside other engines on five workloads, in one run: ``python benchmarks/compare.py [--only w1 w4] [--no-rivals] [--write]``.

Every measurement is a process of its own; its first run is cold, the others are warm. The numbers to compare are CPU seconds, user and
system, of one run (loading of the data left out, checking it included) and of the whole process, on a machine that may be busy. ``--write``
writes RESULTS.md and scaling.png. Rivals are installed from the package index, each into an environment of its own below ONETAPE_BENCH, or
the user's cache; one that cannot be installed, fails or hangs is said so, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from environments import RIVALS, cache_folder, python_of
from facts import machine
from measured import Job, Measured
from memory import Watched
from workloads import PAIRS, SAMPLE, SYMBOLS, make

HERE = Path(__file__).resolve().parent
ENGINES = ("arrays", "backtrader", "compiled")
RUNS_OF_W3 = len(PAIRS) * len(SYMBOLS)
WORKLOADS = ("w1", "w2", "w3", "w4", "w5", "cold")
#: Seconds after which a process is stopped.
PATIENCE = 400.0


def jobs(only: set[str], rivals: dict[str, Path], data: Path, *, quick: bool) -> list[Job]:
    """Everything that is measured, workload by workload."""
    found = [*_single(data, "w1", 100_000 if quick else 1_000_000), *_single(data, "w5", 100_000), *_portfolio(data), *_pairs(data)]
    found += _first_runs(data)
    for rival in RIVALS:
        if rival.name not in rivals:
            continue
        script = (str(rivals[rival.name]), str(HERE / "rivals" / rival.script), str(data))
        slow = rival.name in {"backtrader", "nautilus_trader"}
        for workload, row, bars, repeats, extra in (
            ("w1", rival.name, 100_000 if quick else 1_000_000, 2 if slow else 4, ()),
            ("w5", rival.name, 100_000, 3, ("0.005",)),
            ("w2", rival.name, 1_260_000, 1 if slow else 4, ()),
            ("w3", rival.name, RUNS_OF_W3, 3, ()),
            ("w4", rival.name, 3270, 1, ()),
        ):
            if workload in rival.workloads:
                found.append(
                    Job(workload, row, (*script, workload, str(bars), str(repeats), *extra), bars, processes=5 if workload == "w4" else 1)
                )
    return [job for job in found if job.workload in only]


def _python(script: str, data: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(HERE / script), str(data), *arguments)


def _single(data: Path, workload: str, bars: int) -> list[Job]:
    """W1 and W5: one symbol."""
    count = str(bars)
    if workload == "w5":
        rows = [Job("w5", f"onetape {name}: orders", _python("ours.py", data, "w5", count, "3", name, "0.005"), bars) for name in ENGINES]
        looped = _python("ours.py", data, "w5-signals", count, "4", "compiled", "0.005")
        return [
            *rows,
            Job("w5", "onetape compiled: signals", looped, bars),
            Job("w5", "limit: Python callback, no stop", _python("limits.py", data, "callback", count, "3"), bars),
        ]
    rows = [Job("w1", "limit: one numba loop", _python("limits.py", data, "numba", count, "5"), bars)]
    rows.append(Job("w1", "limit: Python callback", _python("limits.py", data, "callback", count, "5"), bars))
    for kind, told in (
        ("w1-idle", "wants nothing"),
        ("w1", "orders"),
        ("w1-targets", "targets, sizer, a stop each"),
        ("w1-asks", "orders, asks what it holds"),
        ("signals", "signals"),
    ):
        for name in _drivers_for(kind):
            rows.append(Job("w1", f"onetape {name}: {told}", _python("ours.py", data, kind, count, "3", name), bars))
    return rows


def _drivers_for(kind: str) -> tuple[str, ...]:
    """Those that are measured with a kind of strategy: all of them, or those that differ in it."""
    return {"w1-idle": ENGINES[:1], "w1-targets": ("arrays", "compiled"), "w1-asks": ("arrays", "compiled")}.get(kind, ENGINES)


def _portfolio(data: Path) -> list[Job]:
    rows = [Job("w2", f"onetape {name}", _python("ours.py", data, "w2", "0", "3", name), 1_260_000) for name in ENGINES[:2]]
    rows += [
        Job("w2", f"onetape {name}: signals, sized by VaR", _python("ours.py", data, "w2-var", "0", "4", name), 1_260_000)
        for name in ("arrays", "compiled")
    ]
    rows.append(Job("w2", "onetape compiled: weights as signals", _python("ours.py", data, "w2-signals", "0", "4", "compiled"), 1_260_000))
    return [Job("w2", "limit: numpy", _python("limits.py", data, "numpy", "0", "5"), 1_260_000), *rows]


def _pairs(data: Path) -> list[Job]:
    """W3: all of it on the loop; a part of the pairs, scaled up to all, on an event driver."""
    return [
        Job("w3", "onetape compiled", _python("ours.py", data, "w3", "0", "3", "compiled"), RUNS_OF_W3),
        Job(
            "w3",
            "onetape arrays (a sample of pairs, scaled up)",
            _python("ours.py", data, "w3-sample", "0", "1", "arrays"),
            RUNS_OF_W3,
            len(PAIRS) / len(SAMPLE),
        ),
    ]


def _first_runs(data: Path) -> list[Job]:
    """W1's signals with 100,000 bars, and a small run, where nothing has been compiled yet; and the first from the cache."""
    asked, small = (_python("ours.py", data, "signals", count, "1", name) for count, name in (("100000", "compiled"), ("3270", "auto")))
    return [
        Job("cold", "onetape compiled, 100,000 bars, never compiled before", asked, 100_000, fresh=True),
        Job("cold", "onetape compiled, 100,000 bars, from the cache", asked, 100_000, processes=3),
        Job("cold", "onetape auto, 3,270 bars, never compiled before", small, 3270, fresh=True, processes=3),
        Job("cold", "onetape auto, 3,270 bars, from the cache", small, 3270, processes=3),
    ]


def small_runs(data: Path) -> list[Job]:
    """W4 of ours: the command itself, on a CSV file in a folder of its own."""
    project = Path(tempfile.mkdtemp(prefix="onetape-w4-"))
    (project / "AAPL.csv").write_bytes((data / "w3" / "AAPL.csv").read_bytes())
    (project / "small.py").write_text(_SMALL_STRATEGY, encoding="utf-8")
    (project / "onetape.toml").write_text(_SMALL_CONFIG, encoding="utf-8")
    onetape = str(Path(sys.executable).with_name("onetape"))
    backtest = (onetape, "backtest", "-c", str(project / "onetape.toml"), "--json", "--no-report")
    commands = {
        "onetape backtest --no-report": backtest,
        "onetape --help": (onetape, "--help"),
        "import numpy": (sys.executable, "-c", "import numpy"),
        "import pandas": (sys.executable, "-c", "import pandas"),
    }
    return [Job("w4", row, command, 3270, processes=5) for row, command in commands.items()]


_SMALL_STRATEGY = """
from framework import Strategy


class Cross(Strategy):
    fast: int = 10
    slow: int = 30

    def on_start(self, ctx):
        self._close, self._side, self._short, self._long, self._holds = [], 0, 0.0, 0.0, False

    def on_bar(self, ctx):
        close = ctx.bars("AAPL").close.item(-1)
        kept = self._close
        kept.append(close)
        self._short += close - (kept[-1 - self.fast] if len(kept) > self.fast else 0.0)
        self._long += close - (kept[-1 - self.slow] if len(kept) > self.slow else 0.0)
        if len(kept) < self.slow:
            return
        before, self._side = self._side, 1 if self._short * self.slow > self._long * self.fast else -1
        if before and self._side != before:
            if self._side > 0:
                ctx.buy("AAPL", 100)
                self._holds = True
            elif self._holds:
                ctx.sell("AAPL", 100)
                self._holds = False
"""
_SMALL_CONFIG = """
mode = "backtest"

[strategy]
class = "small:Cross"

[universe]
symbols = ["AAPL"]

[data]
source = "csv"
path = "."
warmup = 0

[data.policy]
suspect_tick = "accept"
split_jump = "accept"

[account]
cash = 1_000_000

[stops]
attach = "never"

[limits]
profile = "venue"

[guards]
enabled = false

[fills]
slippage = "none"
fees = "none"
max_volume_share = 0
"""


def measured(job: Job) -> Measured:
    """Run a job; one that fails, or takes more than ``PATIENCE`` seconds, says so."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), str(HERE.parent)])
    folder = next((str(Path(part).parent) for part in job.command if part.endswith(".toml")), None)
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        if job.fresh:
            environment["NUMBA_CACHE_DIR"] = empty
        start = time.perf_counter()
        process = subprocess.Popen(job.command, stdout=out, stderr=err, env=environment, cwd=folder)  # noqa: S603 - our own
        limit = threading.Timer(PATIENCE, process.kill)
        limit.start()
        with Watched(process.pid) as watched:
            _, status, used = os.wait4(process.pid, 0)
        limit.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0), err.seek(0)
        lines = [json.loads(line) for line in out.read().splitlines() if line.startswith('{"who"')]
        told = err.read().strip().splitlines()[-1:]
    facts = (job, used.ru_utime + used.ru_stime, wall, max(used.ru_maxrss / 1024, watched.peak_mb))
    if wall > PATIENCE:
        return Measured(*facts, error=f"stopped after {PATIENCE:.0f} s")
    if process.returncode:
        return Measured(*facts, error=told[0] if told else f"exit code {process.returncode}")
    if not lines:
        return Measured(*facts)
    (line,) = lines
    return Measured(*facts, line["cpu"], line["wall"], line["equity"], line["trades"], line["note"])


def all_of(job: Job) -> list[Measured]:
    """Its processes."""
    if job.processes > 1:
        measured(job)
    runs = [measured(job) for _ in range(job.processes)]
    print(f"{job.workload} {job.row}: {runs[-1].error or f'{runs[-1].process_cpu:.2f} s'}", file=sys.stderr, flush=True)
    return runs


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=WORKLOADS, choices=WORKLOADS, help="workloads")
    parser.add_argument("--quick", action="store_true", help="W1 with 100,000 bars instead of a million")
    parser.add_argument("--no-rivals", action="store_true", help="onetape and the limits alone")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and scaling.png")
    options = parser.parse_args()
    from results import page
    from scaling import draw, scaled

    folder = cache_folder()
    make(folder / "data")
    pythons = {rival.name: None if options.no_rivals else python_of(rival, folder / "envs") for rival in RIVALS}
    rivals = {name: python for name, python in pythons.items() if python is not None}
    wanted = jobs(set(options.only), rivals, folder / "data", quick=options.quick)
    if "w4" in options.only:
        wanted += small_runs(folder / "data")
    found = [one for job in wanted for one in all_of(job)]
    missing = [] if options.no_rivals else [rival.name for rival in RIVALS if rival.name not in rivals]
    text = page(found, machine(), missing)
    print(text)
    if options.write:
        draw(scaled(folder / "data"), HERE / "scaling.png")
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
