"""What the tape costs, and how soon a halt is heard.

- an event that is on the disk when ``append`` returns, under a lease: our own work (CPU) beside the disk's sync;
- one look for commands, as the trading loop takes each turn;
- a halt, from the moment it is given to the loop's next turn that obeys it: through the tape, the file and the signal;
- the tape of a backtest, beside the run;
- a process that starts on a long tape: pages checked, chain followed from the last checkpoint, what came after it folded.

Exits with 1 when a limit is broken. Beside other work on the machine, read the CPU times.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from framework import run
from framework.domain.command import CommandKind, OperatorCommand
from framework.runtime.control.control import Control
from framework.runtime.control.sending import send_command
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.sessions.quote_feed import NAP
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.checkpoints import Checkpoint
from framework.runtime.tape.recording import write_tape
from framework.runtime.tape.store import TapeStore
from framework.runtime.tape.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = {"mode": "paper", "account": "benchmark", "cash_micros": 10**12}
APPENDS = 1_000
HALTS = 20
AFTER_CHECKPOINT = 1_000
APPEND_CPU_MS, HALT_MS, TAPE_SHARE, RESTART_SECONDS = 2.0, 100.0, 0.10, 5.0


class Row(NamedTuple):
    """A figure, and the limit it has to keep; ``None``: it has none."""

    name: str
    figure: float
    unit: str
    limit: float | None = None


def percentile(values: list[float], percent: int) -> float:
    """The ``percent``-th of a hundred."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of ``work``."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def syncs(folder: Path) -> list[float]:
    """Seconds of one page written and synced, as often as events are appended."""
    found = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(APPENDS // 5):
            file.write(b"x" * 4_096)
            found.append(timed(lambda: os.fdatasync(file.fileno()))[1])
    return found


def appends(place: str | Path, folder: Path) -> Iterator[Row]:
    """Events one by one, and looks for commands."""
    with TapeStore.open(place, header=HEADER) as store:
        lease = store.acquire("account", "benchmark", 3_600)
        new = ([NewEvent(number, "dispatch", {"n": number, "order": "IBM-1"}, f"d:{number}")] for number in range(APPENDS))
        times = [timed(partial(store.append, one, lease)) for one in new]
        wall = [one for _, one in times]
        yield Row("append, CPU", statistics.median(cpu for cpu, _ in times) * 1e3, "ms", APPEND_CPU_MS)
        yield Row("append, wall p50", percentile(wall, 50) * 1e3, "ms")
        yield Row("append, wall p99", percentile(wall, 99) * 1e3, "ms")
        yield Row("the disk's own sync, p50", percentile(syncs(folder), 50) * 1e3, "ms")
        control = Control(store, HaltFile(folder / "HALT"), HaltSignal())
        looks = [timed(control.poll)[0] for _ in range(APPENDS)]
        yield Row("a look for commands, CPU", statistics.mean(looks) * 1e3, "ms")


def loop(place: str) -> None:
    """The trading process of the halts: turns as far apart as those of a session on quotes; prints when it obeyed."""
    heard = HaltSignal()
    tape = Path(place)
    with TapeStore.open(tape, header=HEADER) as store, heard.listening():
        control = Control(store, HaltFile(tape.with_name("HALT")), heard)
        print("ready", flush=True)
        while True:
            for command in control.poll():
                print(time.monotonic_ns(), command.kind, flush=True)
                control.done(0, command, {})
                print("done", flush=True)
                if command.kind is CommandKind.ROTATE:
                    return
            time.sleep(NAP / 1e9)


def halts(folder: Path) -> Iterator[Row]:
    """Seconds from the word to the turn that obeys it."""
    tape, file = folder / "halts.db", folder / "HALT"
    with TapeStore.open(tape, header=HEADER):
        pass
    command = OperatorCommand(CommandKind.HALT, "benchmark", "a benchmark")
    process = subprocess.Popen(  # noqa: S603 - this file
        [sys.executable, __file__, "--loop", str(tape)], stdout=subprocess.PIPE, text=True
    )
    told = cast("IO[str]", process.stdout)
    told.readline()
    ways: dict[str, Callable[[], object]] = {
        "the tape": lambda: send_command(tape, command, None),
        "the file": file.touch,
        "the signal": lambda: process.send_signal(signal.SIGUSR1),
    }
    for name, give in ways.items():
        found = []
        for _ in range(HALTS):
            given = time.monotonic_ns()
            give()
            found.append((int(told.readline().split()[0]) - given) / 1e6)
            told.readline()
            file.unlink(missing_ok=True)
            time.sleep(0.15)  # the loop has to see that it is gone
        yield Row(f"a halt through {name}, worst of {HALTS}", max(found), "ms", HALT_MS)
    send_command(tape, command._replace(kind=CommandKind.ROTATE), None)
    process.communicate()


def backtests(folder: Path) -> Iterator[Row]:
    """A run of five symbols over all their daily bars, and the writing of its tape."""
    config = {
        "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 5, "slow": 20}},
        "universe": {"symbols": ["AAPL", "GOOG", "IBM", "MSFT"]},
        "data": {"source": "sample", "start": "2005-01-03", "end": "2012-12-31"},
    }
    run(config)
    made = []
    run_cpu, _ = timed(lambda: made.append(run(config).record))
    (record,) = made
    tape_cpu = min(timed(lambda: write_tape(record, folder / "backtest.db"))[0] for _ in range(3))
    yield Row(f"a backtest of {record.bars} bars and {len(record.orders)} orders, CPU", run_cpu * 1e3, "ms")
    yield Row("its tape, as a share of that", tape_cpu / run_cpu, "", TAPE_SHARE)


def events(first: int, count: int) -> list[NewEvent]:
    """Orders, each decided, submitted and filled."""
    found = []
    for number in range(first, first + count):
        step, order = number % 3, number // 3
        if step == 0:
            found.append(NewEvent(number, "order_decided", ORDER | {"order_id": str(order), "side": "buy" if order % 2 else "sell"}))
            continue
        fill = FILL | {"execution_id": f"x{order}"} if step == 2 else {}
        found.append(NewEvent(number, "order_filled" if step == 2 else "order_submitted", {"order_id": str(order), "reason": "", **fill}))
    return found


ORDER: dict[str, object] = {
    "symbol": "IBM", "quantity_micros": 2_000_000, "order_type": "market", "limit_micros": None, "stop_micros": None, "trail_micros": None,
    "trail_type": "percentage", "time_in_force": "day", "extended_hours": False, "role": "target", "parent_id": None, "oco_id": None,
    "strategy": "Benchmark", "tag": None, "reason": "signal",
}  # fmt: skip
FILL: dict[str, object] = {"quantity_micros": 2_000_000, "price_micros": 10**8, "reference_micros": 10**8, "fees_micros": 100}


def restarts(folder: Path, count: int) -> Iterator[Row]:
    """A process that starts on ``count`` events, the last thousand of them after a checkpoint."""
    tape = folder / "long.db"
    with TapeStore.open(tape, header=HEADER) as store:

        def fill() -> None:
            for first in range(0, count - AFTER_CHECKPOINT, 3_000):
                store.append(events(first, min(3_000, count - AFTER_CHECKPOINT - first)))

        cpu, _ = timed(fill)
        yield Row("appended in batches, CPU an event", cpu / count * 1e6, "us")
        head = store.head
        store.save_checkpoint(Checkpoint("benchmark", head.sequence, head.hash, {"orders": {str(number): "open" for number in range(100)}}))
        store.append(events(count - AFTER_CHECKPOINT, AFTER_CHECKPOINT))

    def restart() -> None:
        with TapeStore.open(tape, header=HEADER) as store:
            kept = store.checkpoint("benchmark")
            tail = -1 if kept is None else sum(1 for _ in store.events(kept.sequence))
            if tail != AFTER_CHECKPOINT:
                raise SystemExit(f"{tail} events after the checkpoint, not {AFTER_CHECKPOINT}")

    yield Row(f"restart on {count:,} events, wall", timed(restart)[1], "s", RESTART_SECONDS * max(1.0, count / 1_000_000))

    def fold() -> None:
        with TapeStore.attach(tape) as store:
            views = Views(10**12)
            for event in store.events(after=0):
                views.on_event(event)

    with TapeStore.attach(tape) as store:
        yield Row("the whole chain followed, CPU an event", timed(store.verify)[0] / count * 1e6, "us")
    yield Row("every view folded from nothing, CPU an event", timed(fold)[0] / count * 1e6, "us")


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="on the long tape")
    parser.add_argument("--postgres", metavar="URL", help="measure appends on an empty schema there as well")
    parser.add_argument("--loop", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        loop(options.loop)
        return 0
    broken = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [appends(folder / "appends.db", folder), halts(folder), backtests(folder), restarts(folder, options.events)]
        if options.postgres:
            parts.append(appends(options.postgres, folder))
        for part in parts:
            for row in part:
                over = row.limit is not None and row.figure > row.limit
                broken += over
                limit = "" if row.limit is None else f"(limit {row.limit:g}{' BROKEN' if over else ''})"
                print(f"{row.name:60} {row.figure:10.3f} {row.unit:3} {limit}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
