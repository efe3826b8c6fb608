"""Time that moves only when a test says so."""

from __future__ import annotations

START = 1_700_000_000 * 10**9
SECOND = 10**9


class FakeClock:
    """Both clocks of a process; ``step`` lets the wall clock jump, as somebody setting it would."""

    def __init__(self, now: int = START, monotonic: int = 5 * SECOND) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += round(seconds * SECOND)
        self._monotonic += round(seconds * SECOND)

    def step(self, seconds: float) -> None:
        self._now += round(seconds * SECOND)
