"""What a script that measures prints: one JSON line with the CPU and wall time of each run. Standard library only."""

from __future__ import annotations

import json
import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Outcome(NamedTuple):
    """What a run came to: equity at the last close, and closed round trips (fills in W2)."""

    equity: float
    trades: int


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: CPU seconds (user and system, with children that have ended), wall seconds and what came of it."""

    cpu: float
    wall: float
    outcome: Outcome


def cpu_seconds() -> float:
    """CPU time of this process so far, its threads and ended children included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(work: Callable[[], Outcome]) -> Timed:
    """``work`` once."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    outcome = work()
    return Timed(cpu_seconds() - cpu, time.perf_counter() - wall, outcome)


def report(who: str, work: Callable[[], Outcome], repeats: int, note: str = "") -> None:
    """Run ``work`` once cold and ``repeats - 1`` times warm, and print one line."""
    runs = [timed(work) for _ in range(repeats)]
    last = runs[-1].outcome
    facts = {"who": who, "cpu": [round(one.cpu, 5) for one in runs], "wall": [round(one.wall, 5) for one in runs], "note": note}
    print(json.dumps({**facts, "equity": round(float(last.equity), 2), "trades": int(last.trades)}), flush=True)
