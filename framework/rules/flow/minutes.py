"""Traded shares of the last minutes, second by second: bounded memory, whatever the market does."""

from __future__ import annotations

from typing import NamedTuple

from framework.domain.order import OrderSide

SECOND = 1_000_000_000
MINUTE = 60


class Minute(NamedTuple):
    """Shares of a span of time, by the side that was in a hurry; those whose side is not known are in ``total`` alone."""

    total: float
    bought: float
    sold: float


class TradedMinutes:
    """Shares of the last minute and of the ``usual_minutes`` before it; the order in which trades come does not matter within these."""

    def __init__(self, usual_minutes: int) -> None:
        self._span = (usual_minutes + 1) * MINUTE
        self._seconds = [-1] * self._span
        self._shares = [[0.0, 0.0, 0.0] for _ in range(self._span)]
        self._newest = -1

    def add(self, timestamp: int, size: float, side: OrderSide | None) -> bool:
        """Count ``size`` shares traded at ``timestamp`` (ns UTC); False for a trade older than everything that is kept."""
        second = timestamp // SECOND
        if second <= self._newest - self._span:
            return False
        self._newest = max(self._newest, second)
        place = second % self._span
        if self._seconds[place] != second:
            self._seconds[place], self._shares[place] = second, [0.0, 0.0, 0.0]
        shares = self._shares[place]
        shares[0] += size
        if side is not None:
            shares[1 if side is OrderSide.BUY else 2] += size
        return True

    def last(self, now: int) -> Minute:
        """The minute that ends at ``now`` (ns UTC)."""
        return self._between(now // SECOND - MINUTE, now // SECOND)

    def before(self, now: int) -> list[Minute]:
        """The minutes before that one in which something traded, the latest first."""
        second = now // SECOND
        found = [self._between(end - MINUTE, end) for end in range(second - MINUTE, second - self._span, -MINUTE)]
        return [one for one in found if one.total > 0.0]

    def _between(self, after: int, until: int) -> Minute:
        """Shares of the seconds above ``after`` up to ``until``."""
        sums = [0.0, 0.0, 0.0]
        for second in range(after + 1, until + 1):
            place = second % self._span
            if self._seconds[place] == second:
                for kind, shares in enumerate(self._shares[place]):
                    sums[kind] += shares
        return Minute(*sums)
