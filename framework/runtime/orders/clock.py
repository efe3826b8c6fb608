"""Time as the order manager sees it: a wall clock to write down, and a monotonic one to measure with."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks and a way to wait."""

    def now(self) -> int:
        """Wall clock, ns UTC; it may be set back."""

    def monotonic(self) -> int:
        """Time since anything, ns; it never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clocks of the machine."""

    def now(self) -> int:
        """Wall clock, ns UTC."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Time since the machine started, sleep included, ns."""
        return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
