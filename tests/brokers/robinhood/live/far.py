"""A double in a process of its own as its client sees it: time runs there and here alike, without asking for it."""

from __future__ import annotations

from time import monotonic_ns
from types import SimpleNamespace
from typing import Any

from brokers.robinhood.testing import RemoteDouble
from brokers.robinhood.testing.clock import moment

SPEED = 10.0


class FarDouble(RemoteDouble):
    """Commands of the double at ``url``, whose time goes on ``SPEED`` times as fast as ours."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._base = moment(self._send("book", {})["time"])
        self._begun = monotonic_ns()

    @property
    def venue(self) -> Any:
        """Only the clock of it."""
        return SimpleNamespace(clock=self)

    def now(self) -> int:
        """Its time, ns UTC."""
        return self._base + int((monotonic_ns() - self._begun) * SPEED)

    def advance(self, seconds: float) -> None:
        """Move its time on, and what we take for it."""
        self._send("advance", {"seconds": seconds})
        self._base += int(seconds * 1e9)
