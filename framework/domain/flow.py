"""Time and sales, and the book: single trades and what is offered at each price, as a venue's feed tells them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from framework.domain.values import is_price
from framework.errors import BadDataError


@dataclass(frozen=True, slots=True)
class TradeTick:
    """One trade, as printed.

    Attributes:
        symbol: What traded.
        timestamp: When, ns since 1970, UTC.
        price: Dollars a share, above 0.
        size: Shares, above 0.
        trade_id: What tells it from others of its symbol, empty where the feed has none.
        conditions: The feed's codes of how it came about.
    """

    symbol: str
    timestamp: int
    price: float
    size: float
    trade_id: str = ""
    conditions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not is_price(self.price):
            raise BadDataError(f"{self.symbol}: a trade's price must be finite and above 0, got {self.price}")
        if not 0.0 < self.size < math.inf:
            raise BadDataError(f"{self.symbol}: a trade's size must be finite and above 0, got {self.size}")


class BookLevel(NamedTuple):
    """What is wanted or offered at one price: dollars, shares."""

    price: float
    size: float


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """The book of one symbol, best prices first; of a quote it has one level a side.

    Attributes:
        symbol: Whose.
        timestamp: When, ns since 1970, UTC.
        bids: What is wanted, highest price first.
        asks: What is offered, lowest price first.
    """

    symbol: str
    timestamp: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    def __post_init__(self) -> None:
        for name, levels, sign in (("bids", self.bids, -1.0), ("asks", self.asks, 1.0)):
            if not levels:
                raise BadDataError(f"{self.symbol}: the book has no {name}")
            if not all(is_price(one.price) and 0.0 <= one.size < math.inf for one in levels):
                raise BadDataError(f"{self.symbol}: {name} need finite prices above 0 and sizes not below 0")
            prices = [sign * one.price for one in levels]
            if any(later <= earlier for earlier, later in pairwise(prices)):
                raise BadDataError(f"{self.symbol}: {name} must lie best price first, each price once")
        if self.bids[0].price > self.asks[0].price:
            raise BadDataError(f"{self.symbol}: crossed book, bid {self.bids[0].price} above ask {self.asks[0].price}")

    @property
    def middle(self) -> float:
        """Half way between best bid and best ask, dollars."""
        return (self.bids[0].price + self.asks[0].price) / 2.0
