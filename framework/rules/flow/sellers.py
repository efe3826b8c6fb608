"""Large sellers: who sells much at once, and who offers much."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from framework.domain.order import OrderSide
from framework.rules.flow.minutes import SECOND

if TYPE_CHECKING:
    from framework.domain.flow import BookLevel, BookSnapshot, TradeTick
    from framework.rules.flow.policy import FlowPolicy


class LargeSellers:
    """Sightings of large sellers of one symbol: a large trade that the seller was in a hurry for, or a level of asks that becomes large.

    A level that stays large is one sighting, however often it is told again.
    """

    def __init__(self, policy: FlowPolicy) -> None:
        self._policy = policy
        self._seen: deque[int] = deque(maxlen=policy.sightings)  # pressure needs no more of them
        self._offered: frozenset[float] = frozenset()
        self.count = 0

    def traded(self, trade: TradeTick, side: OrderSide | None) -> None:
        """A trade, and the side that was in a hurry."""
        if side is OrderSide.SELL and self._is_large(trade.price, trade.size):
            self._sighted(trade.timestamp)

    def quoted(self, book: BookSnapshot) -> None:
        """The book from now on."""
        offered = frozenset(one.price for one in book.asks if self._is_large_level(one))
        for _ in offered - self._offered:
            self._sighted(book.timestamp)
        self._offered = offered

    def is_pressing(self, now: int) -> bool:
        """Whether there were enough sightings in the seconds up to ``now`` (ns UTC)."""
        return len(self._seen) == self._policy.sightings and min(self._seen) > now - self._policy.sighting_seconds * SECOND

    def _sighted(self, timestamp: int) -> None:
        self._seen.append(timestamp)
        self.count += 1

    def _is_large_level(self, level: BookLevel) -> bool:
        return self._is_large(level.price, level.size)

    def _is_large(self, price: float, size: float) -> bool:
        return size >= self._policy.large_shares and price * size >= self._policy.large_dollars
