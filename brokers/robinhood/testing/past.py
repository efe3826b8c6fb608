"""The past of a stock as the venue shows it, made of what has traded here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.amounts import fixed
from brokers.robinhood.testing.clock import SECOND, iso_second
from brokers.robinhood.testing.hours import REGULAR, next_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from brokers.robinhood.testing.market import Listing

FIVE = 300 * SECOND
#: Shares of a trade.
LOT = 100


def five_minutes(listing: Listing, now: int) -> list[dict[str, Any]]:
    """Bars of five minutes of regular hours since the first trade; one in which nothing traded is made up from the price before."""
    found: list[dict[str, Any]] = []
    last = listing.previous_close
    for begins in _beginnings(listing, now):
        prices = [price for at, price in listing.trades if begins <= at < begins + FIVE]
        opened, high, low, close = (prices[0], max(prices), min(prices), prices[-1]) if prices else (last,) * 4
        last = close
        names = ("open_price", "high_price", "low_price", "close_price")
        shown = {name: fixed(price, 6) for name, price in zip(names, (opened, high, low, close), strict=True)}
        rest = {"volume": LOT * len(prices), "session": "reg", "interpolated": not prices}
        found.append({"begins_at": iso_second(begins), **shown, **rest})
    return found


def _beginnings(listing: Listing, now: int) -> Iterator[int]:
    """When the bars of the sessions since the first trade begin, up to ``now``."""
    at = listing.trades[0][0] if listing.trades else now
    while at < now:
        opened, at = next_window(at + 1, REGULAR)
        yield from range(opened, min(at, now), FIVE)
