"""Whatever pictures of an order come, in whatever order and how often, the order and its books come to the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import OrderStatus
from framework.domain.values import MICRO
from framework.runtime.orders import events
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold
from framework.runtime.orders.pictures import news
from framework.runtime.tape.chain import NewEvent
from tests.venue.trader import order_of
from tests.venue.truth import Truth

S = OrderStatus
PRICE = 100 * MICRO


@st.composite
def lives(draw):
    """A venue's order that lived through fills and perhaps an end, the last fill perhaps behind it."""
    truth = Truth()
    one = truth.accept(order_of(1), "ref", 10 * MICRO)
    for _ in range(draw(st.integers(0, 4))):
        truth.fill(one, min(draw(st.integers(1, 4)) * MICRO, one.left), PRICE + draw(st.integers(-9, 9)), draw(st.integers(0, 3)))
        if not one.left:
            break
    if one.left and draw(st.booleans()):
        truth.set_status(one, draw(st.sampled_from([S.CANCELED, S.EXPIRED])))
        if draw(st.booleans()):
            truth.fill(one, MICRO, PRICE)
    pictures = [replace(shown, executions=shown.executions[: draw(st.integers(0, 5))]) for shown in one.history]
    repeated = pictures + draw(st.lists(st.sampled_from(pictures), max_size=5))
    return truth, one.now, draw(st.permutations(repeated))


def bound():
    """Books with one order at the venue."""
    books = OrderBooks()
    order = order_of(1)
    intent = {"order_id": order.order_id, "order": events.order_payload(order), "ref": "ref"}
    fold(books, 1, events.INTENT, intent | {"quantity_micros": 10 * MICRO, "order_type": "limit", "deadline": 1})
    fold(books, 1, events.DISPATCH, {"ref": "ref", "n": 0, "quantity_micros": 10 * MICRO})
    fold(books, 1, events.BOUND, {"ref": "ref", "venue_order_id": "v1", "latency_ns": 0})
    return books


def take(books, shown):
    tracked, leg = books.by_ref("ref")
    added = news(tracked, leg, shown, 5)
    for event in added:
        assert isinstance(event, NewEvent)
        fold(books, event.timestamp, event.kind, dict(event.payload))
    return added


@given(lives())
def test_pictures_come_to_the_same_in_any_order(life):
    truth, last, pictures = life
    books = bound()
    for shown in pictures:
        take(books, shown)
        tracked, leg = books.by_ref("ref")
        assert leg.known.booked_micros == tracked.order.filled_micros <= last.cumulative_micros
    take(books, last)
    tracked, leg = books.by_ref("ref")
    assert books.ledger("S").cash_micros == truth.cash
    assert books.shares.get("AAPL", 0) == truth.shares.get("AAPL", 0) == tracked.order.filled_micros
    assert tracked.order.status is last.status
    assert take(books, last) == []
    assert (leg.phase == "ended") is (last.status in {S.FILLED, S.CANCELED, S.EXPIRED})
