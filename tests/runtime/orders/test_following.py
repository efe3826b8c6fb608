"""What the venue shows of an order, however it shows it, is booked once and exactly."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderStatus
from framework.domain.values import MICRO
from framework.domain.venue_order import LinkCapabilities
from framework.runtime.orders.policy import OrderPolicy
from tests.venue.clock import FakeClock
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

S = OrderStatus
PRICE = 100 * MICRO
MISLEADING = (Fault.REORDERED, Fault.DUPLICATED, Fault.STALE, Fault.WITHOUT_EXECUTIONS, Fault.FIRST_PAGE, Fault.FAILED)
UNCLEAR = (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.THROTTLED, Fault.NOT_SENT, Fault.RAISES, Fault.NOT_AUTHENTICATED)


def placed(trader, shares=10.0, number=1):
    order = order_of(number, shares=shares)
    trader.place(order)
    return order, list(trader.venue.truth.ours())[-1]


def agree(trader):
    """Venue, tape and engine have the same shares and the same money."""
    truth = trader.venue.truth
    assert trader.engine.book.cash_micros == truth.cash == trader.manager.ledger("S").cash_micros
    assert trader.engine.book.quantity("AAPL") == truth.shares.get("AAPL", 0) == trader.manager.books.shares.get("AAPL", 0)


@pytest.mark.parametrize(
    "fault", [Fault.REORDERED, Fault.DUPLICATED, Fault.STALE, Fault.WITHOUT_EXECUTIONS, Fault.FIRST_PAGE, Fault.FAILED]
)
def test_a_misleading_listing_books_nothing_twice_and_nothing_wrong(trader, venue, fault):
    order, true = placed(trader)
    for part in (3, 2, 5):
        venue.truth.fill(true, part * MICRO, PRICE + part, part)
        venue.script("orders", fault)
        trader.manager.poll()
    trader.manager.poll()
    assert order.status is S.FILLED
    assert [update.fill.quantity_micros for update in trader.engine.heard if update.fill] == [3 * MICRO, 2 * MICRO, 5 * MICRO]
    agree(trader)


def test_a_listing_that_fails_leaves_everything_as_it_is(trader, venue):
    order, _ = placed(trader)
    venue.script("orders", Fault.RAISES, Fault.FAILED)
    trader.manager.poll()
    trader.manager.poll()
    assert order.status is S.ACCEPTED


def test_shares_whose_executions_do_not_come_are_booked_once_and_corrected_when_they_do(trader, venue):
    order, true = placed(trader)
    venue.truth.fill(true, 3 * MICRO, PRICE)
    venue.truth.fill(true, 3 * MICRO, PRICE - 7)
    venue.script("orders", *[Fault.WITHOUT_EXECUTIONS] * 9)
    trader.pass_time(35)
    assert order.filled_micros == 6 * MICRO
    venue.truth.fill(true, 4 * MICRO, PRICE)
    trader.pass_time(20)
    trader.manager.poll()
    assert order.status is S.FILLED
    agree(trader)


def test_an_end_waits_for_the_executions_before_it(trader, venue):
    order, true = placed(trader)
    venue.truth.fill(true, 3 * MICRO, PRICE)
    venue.truth.set_status(true, S.CANCELED)
    venue.script("orders", Fault.WITHOUT_EXECUTIONS)
    trader.manager.poll()
    assert order.status is S.ACCEPTED
    trader.manager.poll()
    assert (order.status, order.filled_micros) == (S.CANCELED, 3 * MICRO)
    agree(trader)


def test_a_fill_after_the_cancel_is_booked_and_the_order_stays_canceled(trader, venue):
    order, true = placed(trader)
    trader.cancel(order)
    trader.manager.poll()
    assert order.status is S.CANCELED
    venue.truth.fill(true, 4 * MICRO, PRICE)
    trader.manager.poll()
    assert (order.status, order.filled_micros) == (S.CANCELED, 4 * MICRO)
    assert trader.codes() == ["late_fill"]
    agree(trader)


def test_a_cancel_that_loses_the_race_ends_filled(trader, venue):
    order, _ = placed(trader)
    venue.script("cancel", Fault.FILLED_BEFORE)
    trader.cancel(order)
    trader.manager.poll()
    assert order.status is S.FILLED
    agree(trader)


def test_a_partial_fill_in_a_cancel_leaves_the_cancel_awaited(trader, venue):
    order, true = placed(trader)
    venue.script("cancel", Fault.LOST_BEFORE)
    trader.cancel(order)
    venue.truth.fill(true, MICRO, PRICE)
    trader.manager.poll()
    assert (order.status, order.filled_micros) == (S.PENDING_CANCEL, MICRO)
    trader.pass_time(10)
    assert order.status is S.CANCELED
    agree(trader)


@pytest.mark.parametrize(
    "fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.THROTTLED, Fault.NOT_SENT, Fault.RAISES, Fault.NOT_AUTHENTICATED]
)
def test_a_cancel_without_an_answer_is_asked_for_again_until_the_end_is_seen(trader, venue, fault):
    order, _ = placed(trader)
    venue.script("cancel", fault)
    trader.cancel(order)
    trader.pass_time(20)
    assert order.status is S.CANCELED


def test_a_cancel_that_is_awaited_or_over_makes_no_request(trader, venue):
    order, _ = placed(trader)
    venue.script("cancel", Fault.FROZEN)
    trader.cancel(order)
    trader.manager.cancel_order(order.order_id)
    trader.manager.poll()
    assert venue.requests["cancel"] == 1
    venue.thaw()
    trader.manager.poll()
    assert order.status is S.CANCELED
    assert not trader.manager.cancel_order(order.order_id)
    assert venue.requests["cancel"] == 1


def test_an_order_that_was_never_sent_is_canceled_without_a_request(trader, venue):
    venue.script("send", Fault.THROTTLED)
    order = order_of(1)
    trader.place(order)
    assert trader.cancel(order)
    assert order.status is S.CANCELED
    trader.pass_time(60)
    assert ("cancel" not in venue.requests, venue.requests["send"]) == (True, 1)


def test_an_order_the_operator_cancels_while_it_is_unknown_is_canceled_when_it_is_found(trader, venue):
    venue.script("send", Fault.ZOMBIE)
    order = order_of(1)
    trader.place(order)
    trader.manager.cancel_order(order.order_id)
    venue.wake_zombies()
    trader.pass_time(10)
    assert order.status is S.CANCELED
    assert venue.requests["cancel"] == 1


def test_a_person_cancels_in_the_app(trader, venue):
    order, true = placed(trader)
    venue.truth.set_status(true, S.PENDING_CANCEL)
    trader.manager.poll()
    assert order.status is S.ACCEPTED
    venue.truth.set_status(true, S.CANCELED)
    trader.manager.poll()
    assert order.status is S.CANCELED


def test_a_word_nobody_knows_counts_as_working_and_is_told_once(trader, venue):
    order, true = placed(trader)
    venue.truth.set_status(true, None, word="on_holiday")
    trader.manager.poll()
    trader.manager.poll()
    assert (order.status, trader.codes()) == (S.ACCEPTED, ["unknown_venue_state"])


def test_more_shares_than_were_asked_for_are_booked_and_stop_trading(trader, venue):
    order, true = placed(trader)
    venue.truth.fill(true, 8 * MICRO, PRICE)
    venue.truth.fill(true, 5 * MICRO, PRICE, 3)
    trader.manager.poll()
    assert (order.status, order.filled_micros, trader.codes()) == (S.FILLED, 10 * MICRO, ["over_filled"])
    agree(trader)
    next_one = order_of(2)
    trader.place(next_one)
    assert next_one.status is S.REJECTED


def test_a_trade_taken_back_is_corrected_and_stops_trading(trader, venue):
    order, true = placed(trader)
    venue.truth.fill(true, 8 * MICRO, PRICE, 2)
    kept = venue.truth.fill(true, 1 * MICRO, PRICE)
    trader.manager.poll()
    venue.truth.bust(true, "x1")
    trader.manager.poll()
    trader.manager.poll()
    assert trader.codes() == ["execution_busted"]
    assert trader.engine.book.quantity("AAPL") == kept.quantity_micros
    assert order.filled_micros == 9 * MICRO  # the order keeps what it was told; the books do not
    agree(trader)


def test_an_end_that_filled_less_than_it_says_is_told(trader, venue):
    order, true = placed(trader)
    venue.truth.fill(true, 4 * MICRO, PRICE)
    venue.truth.set_status(true, S.FILLED)
    trader.manager.poll()
    assert (order.status, trader.codes()) == (S.CANCELED, ["changed_terms"])
    agree(trader)


def test_cancel_all_ends_everything_in_time(trader, venue):
    orders = [order_of(number, shares=1) for number in range(40)]
    for order in orders:
        trader.place(order)
    venue.script("cancel", Fault.LOST_AFTER, Fault.THROTTLED, Fault.FILLED_BEFORE)
    started = trader.clock.monotonic()
    assert trader.manager.cancel_all() == []
    assert trader.clock.monotonic() - started <= 5 * 10**9
    assert {order.status for order in orders} <= {S.CANCELED, S.FILLED}
    agree(trader)


def test_cancel_all_says_what_is_not_over(trader, venue):
    order, _ = placed(trader)
    venue.script("cancel", Fault.FROZEN)
    assert trader.manager.cancel_all() == [order.order_id]


def test_looking_slows_down_while_nothing_happens(trader, venue):
    order, _ = placed(trader)
    before = venue.requests["orders"]
    assert not trader.manager.poll_until_settled([order.order_id], 60)
    assert venue.requests["orders"] - before <= 12


def test_orders_are_looked_at_until_they_are_settled(trader, venue):
    order, true = placed(trader)
    venue.truth.fill(true, 10 * MICRO, PRICE)
    assert trader.manager.poll_until_settled([order.order_id], 60)
    assert trader.manager.synchronize_open_orders() == []


def test_each_strategy_has_its_own_books(trader, venue):
    _, true = placed(trader)
    venue.truth.fill(true, 10 * MICRO, PRICE)
    trader.manager.poll()
    sale = order_of(2, SELL, 4)
    sale.strategy = "T"
    trader.place(sale)
    venue.truth.fill(list(venue.truth.ours())[-1], 4 * MICRO, PRICE)
    trader.manager.poll()
    assert (trader.manager.ledger("S").quantity("AAPL"), trader.manager.ledger("T").quantity("AAPL")) == (10 * MICRO, -4 * MICRO)
    assert trader.manager.books.shares == {"AAPL": 6 * MICRO}


def test_ended_orders_are_listened_to_for_a_while_and_then_forgotten(tape, venue):
    with Trader(tape, venue, OrderPolicy(watch_seconds=60)) as trader:
        trader.start()
        order, true = placed(trader)
        venue.truth.fill(true, 10 * MICRO, PRICE)
        trader.manager.poll()
        assert trader.manager.get_order(order.order_id).status is S.FILLED
        trader.pass_time(70)
        assert (trader.manager.books.tracked, trader.manager.books.refs, trader.manager.books.venue_ids) == ({}, {}, {})


def test_an_order_without_an_echo_is_found_by_its_terms_where_nobody_else_trades(tape, venue):
    venue.link = LinkCapabilities(echoes_client_id=False, listing_lag_seconds=1.0, exclusive_account=True)
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.LOST_AFTER)
        order = order_of(1)
        trader.place(order)
        trader.pass_time(20)
        assert order.status is S.ACCEPTED


def test_an_order_without_an_echo_is_parked_where_somebody_else_could_have_made_it(tape, venue):
    venue.link = LinkCapabilities(echoes_client_id=False, listing_lag_seconds=1.0, exclusive_account=False)
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.LOST_AFTER)
        order = order_of(1)
        trader.place(order)
        trader.pass_time(60)
        assert (order.status, trader.codes()) == (S.UNKNOWN, ["order_parked"])


@pytest.mark.parametrize("step", [-86_400, 86_400 * 30])
def test_setting_the_wall_clock_hides_no_fill(trader, venue, step):
    order, true = placed(trader)
    trader.manager.poll()
    trader.clock.step(step)
    trader.manager.poll()
    trader.clock.step(-step)
    venue.truth.fill(true, 10 * MICRO, PRICE)
    trader.manager.poll()
    assert order.status is S.FILLED
    agree(trader)


def test_a_machine_whose_clock_is_ahead_of_the_venue_s_sees_every_fill(tape, venue):
    with Trader(tape, venue, clock=FakeClock(venue.truth.clock.now() + 3_000 * 10**9)) as trader:
        trader.start()
        order, true = placed(trader)
        trader.manager.poll()
        venue.truth.fill(true, 10 * MICRO, PRICE)
        trader.manager.poll()
        assert order.status is S.FILLED
        venue.script("send", Fault.LOST_AFTER)
        lost = order_of(2)
        trader.place(lost)
        trader.manager.poll()
        assert lost.status is S.ACCEPTED
