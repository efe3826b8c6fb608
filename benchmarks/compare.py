"""onetape beside other engines on five workloads, in one run: ``python benchmarks/compare.py [--only w1 w4] [--no-rivals] [--write]``.

Every measurement is a process of its own; its first run is cold, the others are warm. The numbers to compare are CPU seconds, user and
system, of one run (loading of the data left out, checking it included) and of the whole process, on a machine that may be busy. ``--write``
writes RESULTS.md and scaling.png. Rivals are installed from the package index, each into an environment of its own below ONETAPE_BENCH, or
the user's cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from environments import RIVALS, cache_folder, python_of
from facts import machine
from workloads import PAIRS, SAMPLE, SYMBOLS, make

HERE = Path(__file__).resolve().parent
ENGINES = ("arrays", "backtrader", "compiled")
RUNS_OF_W3 = len(PAIRS) * len(SYMBOLS)


class Job(NamedTuple):
    """One process: its row in the table of ``workload``, the bars one run of it counts for, and by how much its runs are scaled up."""

    workload: str
    row: str
    command: tuple[str, ...]
    bars: int
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a job came to; ``cpu`` and ``wall`` seconds of its runs, the cold one first; of the whole process; ``error`` if it failed."""

    job: Job
    process_cpu: float
    process_wall: float
    peak_mb: float
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    equity: float | None = None
    trades: int | None = None
    note: str = ""
    error: str = ""

    @property
    def warm(self) -> list[float]:
        """CPU seconds of the warm runs; of the cold one where there is no other."""
        return [one * self.job.scale for one in (self.cpu[1:] or self.cpu)]

    @property
    def typical(self) -> float:
        """Their median."""
        return statistics.median(self.warm)


def jobs(only: set[str], rivals: dict[str, Path], data: Path, *, quick: bool) -> list[Job]:
    """Everything that is measured, workload by workload."""
    found = [*_single(data, "w1", 100_000 if quick else 1_000_000), *_single(data, "w5", 100_000), *_portfolio(data), *_pairs(data)]
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
                found.append(Job(workload, row, (*script, workload, str(bars), str(repeats), *extra), bars))
    return [job for job in found if job.workload in only]


def _python(script: str, data: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(HERE / script), str(data), *arguments)


def _single(data: Path, workload: str, bars: int) -> list[Job]:
    """W1 and W5: one symbol."""
    count = str(bars)
    if workload == "w5":
        rows = [Job("w5", f"onetape {name}", _python("ours.py", data, "w5", count, "3", name, "0.005"), bars) for name in ENGINES[:2]]
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
        ("signals", "signals"),
    ):
        for name in ENGINES if kind in {"w1", "signals"} else ENGINES[:1]:
            if (kind, name) != ("w1", "compiled"):
                rows.append(Job("w1", f"onetape {name}: {told}", _python("ours.py", data, kind, count, "3", name), bars))
    return rows


def _portfolio(data: Path) -> list[Job]:
    rows = [Job("w2", f"onetape {name}", _python("ours.py", data, "w2", "0", "3", name), 1_260_000) for name in ENGINES[:2]]
    rows += [
        Job("w2", f"onetape {name}: signals, sized by VaR", _python("ours.py", data, "w2-var", "0", "4", name), 1_260_000)
        for name in ("arrays", "compiled")
    ]
    return [Job("w2", "limit: numpy", _python("limits.py", data, "numpy", "0", "5"), 1_260_000), *rows]


def _pairs(data: Path) -> list[Job]:
    """W3: a part of the pairs, scaled up to all."""
    scale = len(PAIRS) / len(SAMPLE)
    return [
        Job("w3", f"onetape {name} (a sample of pairs)", _python("ours.py", data, "w3", "0", "1", name), RUNS_OF_W3, scale)
        for name in ("arrays", "compiled")
    ]


def small_runs(data: Path) -> list[Job]:
    """W4 of ours: the command itself, on a CSV file in a folder of its own."""
    project = Path(tempfile.mkdtemp(prefix="onetape-w4-"))
    (project / "AAPL.csv").write_bytes((data / "w3" / "AAPL.csv").read_bytes())
    (project / "small.py").write_text(_SMALL_STRATEGY, encoding="utf-8")
    (project / "onetape.toml").write_text(_SMALL_CONFIG, encoding="utf-8")
    onetape = str(Path(sys.executable).with_name("onetape"))
    return [
        Job(
            "w4", "onetape backtest --no-report", (onetape, "backtest", "-c", str(project / "onetape.toml"), "--json", "--no-report"), 3270
        ),
        Job("w4", "onetape --help", (onetape, "--help"), 0),
        Job("w4", "import numpy", (sys.executable, "-c", "import numpy"), 0),
        Job("w4", "import pandas", (sys.executable, "-c", "import pandas"), 0),
    ]


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
    """Run a job."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), str(HERE.parent)])
    folder = next((str(Path(part).parent) for part in job.command if part.endswith(".toml")), None)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(job.command, stdout=out, stderr=err, env=environment, cwd=folder)  # noqa: S603 - our own
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0), err.seek(0)
        lines = [json.loads(line) for line in out.read().splitlines() if line.startswith('{"who"')]
        told = err.read().strip().splitlines()[-1:]
    facts = (job, used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)
    if process.returncode:
        return Measured(*facts, error=told[0] if told else f"exit code {process.returncode}")
    if not lines:
        return Measured(*facts)
    (line,) = lines
    return Measured(*facts, line["cpu"], line["wall"], line["equity"], line["trades"], line["note"])


def again(job: Job, times: int) -> list[Measured]:
    """Whole processes several times, after one that fills caches."""
    measured(job)
    return [measured(job) for _ in range(times)]


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=["w1", "w2", "w3", "w4", "w5"], help="workloads")
    parser.add_argument("--quick", action="store_true", help="W1 with 100,000 bars instead of a million")
    parser.add_argument("--no-rivals", action="store_true", help="onetape and the limits alone")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and scaling.png")
    options = parser.parse_args()
    from results import page, verdicts
    from scaling import draw, scaled

    folder = cache_folder()
    make(folder / "data")
    pythons = {rival.name: None if options.no_rivals else python_of(rival, folder / "envs") for rival in RIVALS}
    rivals = {name: python for name, python in pythons.items() if python is not None}
    found: list[Measured] = []
    for job in jobs(set(options.only), rivals, folder / "data", quick=options.quick):
        runs = again(job, 5) if job.workload == "w4" else [measured(job)]
        found += runs
        print(f"{job.workload} {job.row}: {runs[-1].error or f'{runs[-1].process_cpu:.2f} s'}", file=sys.stderr, flush=True)
    if "w4" in options.only:
        for job in small_runs(folder / "data"):
            found += again(job, 5)
    text = page(found, machine())
    print(text)
    print("\n".join(verdicts(found)))
    if options.write:
        draw(scaled(folder / "data"), HERE / "scaling.png")
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
