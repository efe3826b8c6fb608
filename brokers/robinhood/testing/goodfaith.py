"""Good faith, as brokers keep it in cash accounts: what was bought with the money of a sale must not be sold before that has settled.

Counted by moments: a purchase is paid for once the settled money of the account is no longer below zero. What Robinhood makes of violations
is not published; the third in a year leaves an account settled cash for 90 days, as brokers do (Regulation T, 12 CFR 220.8).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.testing.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAY = 86_400 * SECOND
MOST, MEMORY, RESTRICTION = 3, 365 * _DAY, 90 * _DAY


class Violation(NamedTuple):
    """A sale of shares that were not paid for: when (ns UTC), of what, by which order."""

    timestamp: int
    symbol: str
    order_id: str


@dataclass(slots=True)
class Lot:
    """Micro-shares bought together, and when they are paid for, ns UTC."""

    shares: int
    paid: int


@dataclass(slots=True)
class GoodFaith:
    """Shares of one account by the moment they are paid for, oldest first, and its violations."""

    violations: list[Violation] = field(default_factory=list)
    _lots: dict[str, deque[Lot]] = field(default_factory=dict)

    def took_in(self, symbol: str, shares: int, paid: int) -> None:
        """Shares came in that are paid for at ``paid``."""
        self._lots.setdefault(symbol, deque()).append(Lot(shares, paid))

    def gave_away(self, symbol: str, shares: int, now: int) -> bool:
        """Shares were sold, oldest first; whether some of them are not paid for."""
        return any(paid > now for paid in self._taken(symbol, shares))

    def broken(self, timestamp: int, symbol: str, order_id: str) -> None:
        """A sale broke good faith, which an order does once at most."""
        if all(one.order_id != order_id for one in self.violations):
            self.violations.append(Violation(timestamp, symbol, order_id))

    def undone(self, symbol: str, shares: int) -> None:
        """A purchase was taken back: its shares are not there."""
        lots = self._lots[symbol]
        lots.reverse()
        self._taken(symbol, shares)
        lots.reverse()

    def split(self, symbol: str, new: int, old: int) -> None:
        """Count in new shares."""
        for lot in self._lots.get(symbol, ()):
            lot.shares = lot.shares * new // old

    def is_restricted(self, now: int) -> bool:
        """Whether the account may spend settled cash only."""
        times = [one.timestamp for one in self.violations]
        thirds = zip(times, times[MOST - 1 :], strict=False)
        return any(last - first <= MEMORY and last <= now < last + RESTRICTION for first, last in thirds)

    def _taken(self, symbol: str, shares: int) -> list[int]:
        """Moments at which the shares that are taken from the front are paid for."""
        lots, moments = self._lots.setdefault(symbol, deque()), []
        while shares > 0 and lots:
            part = min(shares, lots[0].shares)
            moments.append(lots[0].paid)
            shares -= part
            lots[0].shares -= part
            if lots[0].shares == 0:
                lots.popleft()
        return moments


def paid_at(cash: int, unsettled: Iterable[tuple[int, int]], now: int) -> int:
    """When an account with ``cash`` after a purchase has paid, ns UTC; ``unsettled`` are (when it settles, micro-dollars) of its sales."""
    coming = sorted(one for one in unsettled if one[0] > now)
    settled = cash - sum(value for _, value in coming)
    paid = now
    for moment, value in coming:
        if settled >= 0:
            break
        settled += value
        paid = moment
    return paid
