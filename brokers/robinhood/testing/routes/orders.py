"""Orders: place, list, read, cancel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from brokers.robinhood.testing.answers import Answer, Request, page
from brokers.robinhood.testing.clock import SECOND, moment
from brokers.robinhood.testing.forms import Refusal, read_form
from brokers.robinhood.testing.routes.route import NOT_FOUND, Route
from brokers.robinhood.testing.views.addresses import API
from brokers.robinhood.testing.views.orders import order_json

if TYPE_CHECKING:
    from brokers.robinhood.testing.orders import Order
    from brokers.robinhood.testing.venue import Venue

PAGE_LIMIT = 100


def place(venue: Venue, request: Request) -> Answer:
    """A new order, from a form or from JSON."""
    if request.fields.get("ref_id"):
        venue.meter.posts_by_ref[str(request.fields["ref_id"])] += 1
    if request.unreadable:
        return Answer.json(400, {"detail": "JSON parse error - Expecting value: line 1 column 1 (char 0)"})
    form = read_form(request.fields)
    if isinstance(form, Refusal):
        return Answer.json(form.status, form.body)
    if form.is_fractional and (throttled := venue.fractional_throttle.check()) is not None:
        return throttled
    placed = venue.book.place(form)
    return Answer.json(placed.status, placed.body) if isinstance(placed, Refusal) else Answer.json(201, _shown(venue, placed))


def listing(venue: Venue, request: Request) -> Answer:
    """Orders, newest first, by pages; by default of the first account."""
    query = request.query
    if not _is_time(_since(query)):
        return Answer.json(400, {"updated_at": ["Enter a valid date/time."]})
    rows = [one for one in reversed(venue.book.orders.values()) if _is_asked_for(venue, one, query)]
    size = min(_number(query.get("page_size"), venue.page_size), PAGE_LIMIT)
    # A page begins after the last order of the page before, so that new and ended orders between two pages hide none.
    following = f"{API}/orders/?{urlencode({**query, 'cursor': str(rows[size - 1].number)})}" if len(rows) > size else None
    return Answer.json(200, page([_shown(venue, one) for one in rows[:size]], following))


def one(venue: Venue, _: Request, order_id: str) -> Answer:
    """One order."""
    found = venue.book.orders.get(order_id)
    return NOT_FOUND if found is None else Answer.json(200, _shown(venue, found))


def cancel(venue: Venue, _: Request, order_id: str) -> Answer:
    """A cancel, which ends later; twice it is forbidden, and an order that has ended cannot be canceled."""
    found = venue.book.orders.get(order_id)
    if found is None:
        return NOT_FOUND
    refused = venue.book.cancel(found)
    return Answer.json(200, {}) if refused is None else Answer.json(refused.status, refused.body)


def _shown(venue: Venue, order: Order) -> dict[str, Any]:
    return order_json(order, venue.market.listings[order.form.symbol].id, venue.clock.now())


def _is_asked_for(venue: Venue, order: Order, query: dict[str, str]) -> bool:
    numbers = query.get("account_numbers") or next(iter(venue.book.accounts))
    since = _since(query)
    return (
        order.account in numbers.split(",")
        and order.number < _number(query.get("cursor"), sys.maxsize)
        and venue.clock.now() >= order.created + int(venue.listing_lag * SECOND)
        and order.updated >= moment(since)
        and ("is_closed" not in query or (query["is_closed"].lower() == "true") != order.is_open)
        and ("instrument" not in query or _last_part(query["instrument"]) == _last_part(order.form.instrument))
    )


def _since(query: dict[str, str]) -> str:
    text = query.get("updated_at[gte]") or query.get("created_at[gte]") or "1970-01-01"
    return text if "T" in text else f"{text}T00:00:00Z"


def _is_time(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def _last_part(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1]


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() and int(text) >= 0 else default


ROUTES = (
    Route("POST", "/orders/", place),
    Route("GET", "/orders/", listing),
    Route("GET", "/orders/([^/]+)/", one),
    Route("POST", "/orders/([^/]+)/cancel/", cancel),
)
