"""What the order manager is asked for under the names of the issue, each doing what its name says."""

from __future__ import annotations

import inspect

import pytest

from framework import errors
from framework.domain.order import OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.engine.ports import Broker
from framework.errors import UnsupportedOrderTypeError
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.envelope import OrderEnvelope
from framework.runtime.orders.policy import OrderPolicy
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

S = OrderStatus
#: The names of the issue; place, cancel and replace are those of the broker's port.
NAMES = (
    "place_order", "cancel_order", "cancel_all", "replace_order", "get_status", "synchronize_open_orders", "poll_until_settled", "ledger",
)  # fmt: skip
ERRORS = (
    "OrderError", "OrderSubmissionError", "OrderCancellationError", "OrderStatusError", "UnsupportedOrderTypeError", "AuthenticationError",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_order_manager_has_each_name_and_says_what_it_does(name):
    assert inspect.getdoc(getattr(OrderManager, name))


def test_it_is_a_broker_like_the_simulator():
    wanted = {name for name in vars(Broker) if not name.startswith("_")}
    assert wanted <= set(dir(OrderManager))


@pytest.mark.parametrize("name", ERRORS)
def test_the_typed_errors_are_there(name):
    assert issubclass(getattr(errors, name), errors.OnetapeError)


def test_a_batch_of_a_hundred_is_canceled_within_five_seconds(trader, venue):
    orders = [order_of(number, price=50 + number / 100) for number in range(100)]
    for order in orders:
        trader.place(order)
    began = trader.clock.monotonic()
    assert trader.manager.cancel_all(5.0) == []
    assert trader.clock.monotonic() - began <= 5 * 10**9
    assert {order.status for order in orders} == {S.CANCELED}
    assert not venue.truth.open


def test_a_batch_that_does_not_end_in_time_is_named(trader, venue):
    for number in range(3):
        trader.place(order_of(number, price=50 + number))
    venue.script("cancel", Fault.NONE, Fault.FROZEN)
    began = trader.clock.monotonic()
    (left,) = trader.manager.cancel_all(5.0)
    assert left == order_of(1).order_id
    assert 5 * 10**9 <= trader.clock.monotonic() - began <= 6 * 10**9


def test_polling_slows_down_while_nothing_happens_and_is_quick_again_when_something_does(trader, venue):
    order, pauses = order_of(1), []
    trader.place(order)
    (one,) = venue.truth.open.values()
    sleep = trader.clock.sleep

    def slept(seconds):
        pauses.append(seconds)
        if len(pauses) == 4:
            venue.truth.fill(one, 4 * MICRO, 100 * MICRO)
        if len(pauses) == 7:
            venue.truth.fill(one, 6 * MICRO, 100 * MICRO)
        sleep(seconds)

    trader.clock.sleep = slept
    assert trader.manager.poll_until_settled([order.order_id], 600)
    first = OrderPolicy().poll_seconds
    assert pauses == [2 * first, 4 * first, 8 * first, 16 * first, first, 2 * first, 4 * first]


def test_polling_is_never_slower_than_its_cap_and_never_longer_than_it_may(trader):
    order, pauses = order_of(1), []
    trader.place(order)
    sleep = trader.clock.sleep
    trader.clock.sleep = lambda seconds: (pauses.append(seconds), sleep(seconds))
    assert not trader.manager.poll_until_settled([order.order_id], 100)
    assert max(pauses) == OrderPolicy().poll_cap_seconds
    assert sum(pauses) == pytest.approx(100)


def test_an_envelope_says_where_an_order_is_how_old_it_is_and_how_long_it_took(trader, venue):
    order = order_of(1)
    trader.place(order)
    trader.clock.advance(7)
    found = trader.manager.get_status(order.order_id)
    assert isinstance(found, OrderEnvelope)
    assert found.age_seconds(trader.clock.now()) == pytest.approx(7)
    assert (found.status, found.requests, found.venue_order_id) == (S.ACCEPTED, 1, next(iter(venue.truth.orders)))
    assert found.latency_seconds is not None
    held = order_of(2, SELL, price=120.0, status=S.EMULATED)
    trader.place(held)
    assert trader.manager.get_status(held.order_id).age_seconds(trader.clock.now()) == 0.0


def test_a_limit_only_policy_refuses_every_other_type_and_names_what_is_allowed(tape, venue):
    with Trader(tape, venue, OrderPolicy(order_types=frozenset({OrderType.LIMIT}))) as trader:
        trader.start()
        with pytest.raises(UnsupportedOrderTypeError, match="allowed are: limit"):
            trader.place(order_of(1, kind=OrderType.MARKET))
        assert venue.requests.get("send", 0) == 0
        trader.place(order_of(2))


def test_what_was_asked_twice_is_refused_the_second_time(trader, venue):
    trader.place(order_of(1))
    with pytest.raises(errors.OrderSubmissionError, match="used before"):
        trader.place(order_of(1))
    assert venue.requests["send"] == 1


def test_each_strategy_has_a_ledger_of_its_own(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    assert trader.manager.ledger("S").positions["AAPL"].quantity_micros == 10 * MICRO
    assert trader.manager.ledger("another").positions == {}
