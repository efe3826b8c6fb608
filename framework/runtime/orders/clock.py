"""Time as the order manager sees it: a wall clock to write down, and a monotonic one to measure with."""

from __future__ import annotations

import time
from typing import Protocol

from framework.runtime.clock import now_ns, steady_ns


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
        return now_ns()

    def monotonic(self) -> int:
        """Time since the machine started, sleep included, ns."""
        return steady_ns()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def never(_timestamp: int) -> int:
    """The end of a session where nobody knows the calendar: none is known to be over."""
    return 1 << 62
