"""What the market said: bars, quotes and the columns they come in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.domain.values import is_price
from framework.errors import BadDataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one symbol; an impossible one cannot be made.

    ``timestamp`` is the bar's close in nanoseconds since 1970, UTC. Prices are dollars, volume is shares.
    """

    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def __post_init__(self) -> None:
        prices = (self.open, self.high, self.low, self.close)
        if not all(is_price(price) for price in prices):
            raise BadDataError(f"{self.symbol} at {self.timestamp}: prices must be finite and above 0, got {prices}")
        if not 0.0 <= self.volume < math.inf:
            raise BadDataError(f"{self.symbol} at {self.timestamp}: volume must be finite and not below 0, got {self.volume}")
        if self.high < max(self.open, self.close) or self.low > min(self.open, self.close):
            raise BadDataError(f"{self.symbol} at {self.timestamp}: high {self.high} and low {self.low} do not contain open and close")


@dataclass(frozen=True, slots=True)
class Quote:
    """The best bid and ask and the last trade; dollars, sizes in shares, ``timestamp`` in ns UTC."""

    symbol: str
    timestamp: int
    bid: float
    ask: float
    last: float

    def __post_init__(self) -> None:
        if not (is_price(self.bid) and is_price(self.ask) and is_price(self.last)):
            raise BadDataError(f"{self.symbol}: a quote needs finite prices above 0, got bid {self.bid}, ask {self.ask}, last {self.last}")
        if self.bid > self.ask:
            raise BadDataError(f"{self.symbol}: crossed quote, bid {self.bid} above ask {self.ask}")


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """The bars of one symbol as read-only columns of one length, oldest first, strictly increasing in time.

    Prices and volume are split-adjusted to the last bar; they are not adjusted for dividends.

    Attributes:
        timestamp: int64 ns since 1970 UTC, the bar's close.
        open, high, low, close: float64, dollars.
        volume: float64, shares.
        dividend: float64, dollars a (split-adjusted) share; on the ex date's first bar, 0 elsewhere.
        split: float64, new shares for one old one, effective before this bar's open; 1 elsewhere. The
            prices are already adjusted by it.
    """

    symbol: str
    timestamp: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    dividend: Floats
    split: Floats

    def __post_init__(self) -> None:
        for name in ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split"):
            column = getattr(self, name)
            if column.shape != self.timestamp.shape:
                raise BadDataError(f"{self.symbol}: column {name} has shape {column.shape}, timestamps {self.timestamp.shape}")
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.timestamp)

    def bar(self, index: int) -> Bar:
        """The bar at ``index`` as a value."""
        columns = (self.open, self.high, self.low, self.close, self.volume)
        return Bar(self.symbol, int(self.timestamp[index]), *(float(column[index]) for column in columns))
