"""What the market said: bars, quotes and the columns they come in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import is_price, to_micros
from framework.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one symbol; an impossible one cannot be made.

    Attributes:
        symbol: Whose bar.
        timestamp: Its close, nanoseconds since 1970, UTC.
        open: First price, dollars.
        high: Highest price, dollars.
        low: Lowest price, dollars.
        close: Last price, dollars.
        volume: Shares traded.

    Raises:
        BadDataError: A price or volume is not finite, not positive, or high and low do not contain open and close.
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
class ClosedBar:
    """A bar as it arrives: quoted in the shares of its own day, with what issuers did before its open.

    ``dividend`` is dollars a share on its ex date, ``split`` new shares for one old one, ``pay_day`` the session that pays the dividend,
    days since 1970; ``None`` pays it on its ex date.
    """

    bar: Bar
    dividend: float = 0.0
    split: float = 1.0
    pay_day: int | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.dividend < math.inf:
            raise BadDataError(f"{self.bar.symbol} at {self.bar.timestamp}: dividend must be finite and not below 0, got {self.dividend}")
        if not is_price(self.split):
            raise BadDataError(f"{self.bar.symbol} at {self.bar.timestamp}: split must be finite and above 0, got {self.split}")


class ShortBar(NamedTuple):
    """Five minutes of regular hours as a venue has them, from ``begins`` (ns UTC) on; dollars and shares.

    Nothing ``traded`` in one that the venue has made up.
    """

    begins: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    traded: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The best bid and ask and the last trade.

    Attributes:
        symbol: Whose.
        timestamp: When, ns UTC.
        bid: Best price that somebody pays, dollars.
        ask: Best price that somebody asks, dollars; not below the bid.
        last: Price of the last trade, dollars.

    Raises:
        BadDataError: A price is not finite or not above 0, or the bid is above the ask.
    """

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


class Delisting(NamedTuple):
    """A share stops trading: from ``day`` (days since 1970) there is none of it, and holders are paid ``payout`` dollars for each."""

    day: int
    payout: float


def nothing() -> None:
    """Nothing is to be given back."""


def events_in(column: Floats | Integers, usual: float) -> Integers:
    """Positions at which ``column`` is not ``usual``, int64; one look where it is one number seen many times."""
    is_one = len(column) > 0 and column.strides == (0,) and column[0] == usual
    found: Integers = (column[:0] if is_one else column != usual).nonzero()[0]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """The bars of one symbol as read-only columns of one length, oldest first, strictly increasing in time.

    Prices and volume are split-adjusted to the last bar; they are not adjusted for dividends. Where there is no dividend, or no split, that
    column may be one number seen many times (stride 0), which takes no memory; the others are contiguous.

    Attributes:
        timestamp: int64 ns since 1970 UTC, the bar's close.
        open, high, low, close: float64, dollars.
        volume: float64, shares.
        dividend: float64, dollars a (split-adjusted) share; on the ex date's first bar, 0 elsewhere.
        split: float64, new shares for one old one, effective before this bar's open; 1 elsewhere. The
            prices are already adjusted by it.
        pay_day: int64, the session that pays this bar's dividend, days since 1970; ``None`` when each is paid on its ex date.
        delisting: When and at what price the shares ceased to exist, after the last bar; ``None`` when they did not.
        release: Call it where all columns were gone through: columns that lie in a file give back the memory they were read into.
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
    pay_day: Integers | None = None
    delisting: Delisting | None = None
    release: Callable[[], None] = nothing

    def __post_init__(self) -> None:
        for name in ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split", "pay_day"):
            column = getattr(self, name)
            if column is None:
                continue
            if column.shape != self.timestamp.shape:
                raise BadDataError(f"{self.symbol}: column {name} has shape {column.shape}, timestamps {self.timestamp.shape}")
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.timestamp)

    def bar(self, index: int) -> Bar:
        """The bar at ``index`` as a value."""
        columns = (self.open, self.high, self.low, self.close, self.volume)
        return Bar(self.symbol, int(self.timestamp[index]), *(float(column[index]) for column in columns))


@dataclass(frozen=True, slots=True, eq=False)
class FinerBars:
    """The bars of a finer resolution that each bar of a symbol is made of.

    Attributes:
        series: The finer bars, in the shares of the last bar, as the coarse ones are loaded.
        first, last: int64, one for each coarse bar: it is made of the finer bars ``first:last``; of none where the two are equal.
    """

    series: BarSeries
    first: Integers
    last: Integers

    def of(self, index: int, shares: float) -> list[tuple[tuple[int, int, int, int], float]]:
        """Prices (open, high, low, close; micro-dollars) and volume (shares) of the finer bars of coarse bar ``index`` that traded.

        They are quoted in older shares, one of which has become ``shares`` of the loaded ones.
        """
        series, span = self.series, slice(int(self.first[index]), int(self.last[index]))
        columns = ((column[span] * shares).tolist() for column in (series.open, series.high, series.low, series.close))
        prices = zip(*([to_micros(price) for price in column] for column in columns), strict=True)
        volumes = (series.volume[span] / shares).tolist()
        return [(bar, volume) for bar, volume in zip(prices, volumes, strict=True) if volume > 0.0]


class FeedStatus(NamedTuple):
    """Whether quotes come, as it is known since ``timestamp`` (ns UTC)."""

    timestamp: int
    is_connected: bool
