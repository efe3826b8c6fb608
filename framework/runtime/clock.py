"""The only place that asks what time it is. Decisions never do: their time is the bar's."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def run_stamp() -> str:
    """UTC now, as run folders are named: 20260131T153000Z."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def now_ns() -> int:
    """UTC now, ns since 1970."""
    return time.time_ns()


def steady_ns() -> int:
    """Nanoseconds since this machine started, asleep or not where the system counts that: nobody can set it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)


class SystemTime:
    """The wall's clock, to wait by."""

    def now(self) -> int:
        """Ns since 1970, UTC."""
        return now_ns()

    def sleep(self, length: int) -> None:
        """Wait ``length`` ns."""
        time.sleep(length / 1e9)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Elapsed wall time."""
        return time.perf_counter() - self._started


class MonotonicClock:
    """Time that setting the wall clock does not change; the same for all processes since the machine started."""

    def now_ns(self) -> int:
        """Nanoseconds since some moment."""
        return steady_ns()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)
