"""What is listed at the double, what it is quoted at, and its past prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from brokers.robinhood.testing.amounts import micros

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brokers.robinhood.testing.clock import VirtualClock

#: Ids of the double are derived from names under it, so that a run repeats.
NAMESPACE = UUID("5d0c5a2e-0f6d-5c5e-9a51-6f2b8f6f4c11")
MANY = 1_000_000
#: Interval -> the spans it is given for; everything else is refused.
SPANS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "5minute": ("day", "week"),
        "10minute": ("day", "week"),
        "hour": ("day", "week", "month", "3month"),
        "day": ("week", "month", "3month", "year", "5year"),
        "week": ("month", "3month", "year", "5year"),
    }
)
SPAN_DAYS: Mapping[str, int] = MappingProxyType({"day": 1, "week": 7, "month": 31, "3month": 92, "year": 366, "5year": 1_827})


def derived_id(*names: object) -> str:
    """A UUID that depends on ``names`` only."""
    return str(uuid5(NAMESPACE, "/".join(str(name) for name in names)))


@dataclass(slots=True)
class Quote:
    """Best prices, micro-dollars a share, ``None`` where a side is empty; sizes in whole shares."""

    bid: int | None
    ask: int | None
    last: int
    bid_size: int
    ask_size: int
    timestamp: int


@dataclass(slots=True)
class Listing:
    """A stock and what may be done with it.

    Attributes:
        min_tick: Step of its prices where it is larger than the ordinary one, micro-dollars.
        late_trade: Last price outside of regular hours, micro-dollars.
        otc_tier: Of stocks traded over the counter; empty for others.
        closing_only: Whether only positions may be closed.
        overnight: Whether it trades around the clock.
        bars: What was set of its past, by interval.
        trades: When it traded (ns UTC), and at what price.
    """

    symbol: str
    id: str
    quote: Quote
    tradeable: bool = True
    fractional: str = "tradable"
    closing_only: bool = False
    overnight: bool = True
    otc_tier: str = ""
    min_tick: int | None = None
    halted: bool = False
    late_trade: int | None = None
    previous_close: int = 0
    bars: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    trades: list[tuple[int, int]] = field(default_factory=list)
    fundamentals: dict[str, str] = field(default_factory=dict)


class Market:
    """Listings by symbol; they keep the order in which they were listed."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.listings: dict[str, Listing] = {}

    def add(self, symbol: str, price: str, **rules: Any) -> Listing:  # noqa: ANN401 - fields of Listing
        """List ``symbol``, quoted at ``price`` on both sides; ``rules`` are fields of ``Listing``."""
        at = _required(price)
        quote = Quote(at, at, at, MANY, MANY, self._clock.now())
        self.listings[symbol] = Listing(symbol, derived_id("instrument", symbol), quote, previous_close=at, **rules)
        return self.listings[symbol]

    def quote(self, symbol: str, bid: str | None, ask: str | None, last: str | None, sizes: tuple[int, int] = (MANY, MANY)) -> Listing:
        """New best prices; without ``last`` the last trade stays. The sizes are what can be traded at them, whole shares."""
        listing = self.listings[symbol]
        traded = listing.quote.last if last is None else _required(last)
        if last is not None:
            listing.trades.append((self._clock.now(), traded))
        listing.quote = Quote(_side(bid), _side(ask), traded, *sizes, self._clock.now())
        return listing

    def by_id(self, instrument_id: str) -> Listing | None:
        """The listing with that id."""
        return next((one for one in self.listings.values() if one.id == instrument_id), None)

    def by_url(self, url: object) -> Listing | None:
        """The listing an order's ``instrument`` address names."""
        return self.by_id(str(url).rstrip("/").rsplit("/", 1)[-1])


def _side(text: str | None) -> int | None:
    return None if text is None else _required(text)


def _required(text: str) -> int:
    price = micros(text)
    if price is None or price <= 0:
        raise ValueError(f"not a price: {text!r}")
    return price
