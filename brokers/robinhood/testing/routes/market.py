"""Instruments, quotes, bars, fundamentals, exchanges and hours."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from brokers.robinhood.testing.answers import Answer, Request, page
from brokers.robinhood.testing.clock import SECOND, iso_second
from brokers.robinhood.testing.market import SPAN_DAYS, SPANS
from brokers.robinhood.testing.past import five_minutes
from brokers.robinhood.testing.routes.route import NOT_FOUND, Route
from brokers.robinhood.testing.views.addresses import API, instrument_url
from brokers.robinhood.testing.views.market import exchange_json, fundamentals_json, hours_json, instrument_json, quote_json

if TYPE_CHECKING:
    from brokers.robinhood.testing.market import Listing
    from brokers.robinhood.testing.venue import Venue

EXCHANGES = ("XNYS", "XNAS")


def instruments(venue: Venue, request: Request) -> Answer:
    """By ``symbol``, by ``ids`` or by ``query``; an unknown one is left out."""
    found: list[Listing | None]
    if "ids" in request.query:
        found = [venue.market.by_id(one) for one in request.query["ids"].split(",")]
    else:
        symbol = request.query.get("symbol") or request.query.get("query", "")
        found = [venue.market.listings.get(symbol)]
    return Answer.json(200, page([instrument_json(one) for one in found if one is not None]))


def instrument(venue: Venue, _: Request, instrument_id: str) -> Answer:
    """One instrument."""
    found = venue.market.by_id(instrument_id)
    return NOT_FOUND if found is None else Answer.json(200, instrument_json(found))


def quotes(venue: Venue, request: Request) -> Answer:
    """By symbols, one place each; null where there is no such symbol."""
    found = _by_symbols(venue, request)
    return Answer.json(200, {"results": [None if one is None else quote_json(one, venue.clock.now()) for one in found]})


def quote(venue: Venue, _: Request, instrument_id: str) -> Answer:
    """By instrument."""
    found = venue.market.by_id(instrument_id)
    return NOT_FOUND if found is None else Answer.json(200, quote_json(found, venue.clock.now()))


def quotes_by_id(venue: Venue, request: Request) -> Answer:
    """By instruments."""
    found = [venue.market.by_id(one) for one in request.query.get("ids", "").split(",")]
    return Answer.json(200, {"results": [None if one is None else quote_json(one, venue.clock.now()) for one in found]})


def fundamentals(venue: Venue, request: Request) -> Answer:
    """By symbols, one place each."""
    return Answer.json(200, {"results": [None if one is None else fundamentals_json(one) for one in _by_symbols(venue, request)]})


def historicals(venue: Venue, request: Request) -> Answer:
    """Bars, oldest first; intervals and spans that do not belong together are refused."""
    asked = {name: request.query.get(name, default) for name, default in (("interval", "day"), ("span", "week"), ("bounds", "regular"))}
    if asked["span"] not in SPANS.get(asked["interval"], ()):
        return Answer.json(400, {"detail": "Invalid combination of interval and span."})
    rows = [_history(venue, one, asked) for one in _by_symbols(venue, request) if one is not None]
    return Answer.json(200, {"results": rows})


def markets(venue: Venue, _: Request) -> Answer:
    """The exchanges."""
    return Answer.json(200, page([exchange_json(mic, venue.clock.now()) for mic in EXCHANGES]))


def hours(_: Venue, __: Request, mic: str, day: str) -> Answer:
    """Hours of one date in New York."""
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        return NOT_FOUND
    return Answer.json(200, hours_json(asked, mic)) if mic in EXCHANGES else NOT_FOUND


def _by_symbols(venue: Venue, request: Request) -> list[Listing | None]:
    return [venue.market.listings.get(one) for one in request.query.get("symbols", "").split(",")]


def _history(venue: Venue, listing: Listing, asked: dict[str, str]) -> dict[str, object]:
    since = iso_second(venue.clock.now() - SPAN_DAYS[asked["span"]] * 86_400 * SECOND)
    until = iso_second(venue.clock.now())
    known = listing.bars.get(asked["interval"]) or (five_minutes(listing, venue.clock.now()) if asked["interval"] == "5minute" else ())
    bars = [bar for bar in known if since <= bar["begins_at"] <= until]
    names = {"symbol": listing.symbol, "instrument": instrument_url(listing.id), "InstrumentID": listing.id}
    return {**names, "quote": f"{API}/quotes/{listing.symbol}/", **asked, "historicals": bars}


ROUTES = (
    Route("GET", "/instruments/", instruments, open=True),
    Route("GET", "/instruments/([^/]+)/", instrument, open=True),
    Route("GET", "/quotes/", quotes, open=True),
    Route("GET", "/quotes/historicals/", historicals, open=True),
    Route("GET", "/marketdata/quotes/", quotes_by_id, open=True),
    Route("GET", "/marketdata/quotes/([^/]+)/", quote, open=True),
    Route("GET", "/fundamentals/", fundamentals, open=True),
    Route("GET", "/markets/", markets, open=True),
    Route("GET", "/markets/([^/]+)/hours/([^/]+)/", hours, open=True),
)
