"""A person answers for what goes on: it stops nothing any more, stays in sight, and ends by itself."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.errors import SafetyError
from framework.runtime.orders.freezing import freeze, thaw
from framework.runtime.orders.incidents import Code, Effect, code_of
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

S = OrderStatus
BARE = (Code.UNPROTECTED, "AAPL")


def bare(trader, venue):
    """Ten shares whose stop we have canceled, for longer than may be."""
    trader.place(order_of(1))
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    stop = order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(stop)
    trader.cancel(stop)
    trader.pass_time(20)
    assert trader.manager.books.incidents == {BARE: Effect.REDUCING}


def test_entries_go_on_beside_a_bare_position_that_somebody_answers_for(trader, venue):
    bare(trader, venue)
    refused = order_of(3, symbol="MSFT")
    trader.place(refused)
    assert refused.status is S.REJECTED
    trader.manager.acknowledge(*BARE, "ada", "I sell it by hand")
    trader.pass_time(60)
    assert trader.manager.books.incidents == {BARE: Effect.SEEN}
    taken = order_of(4, symbol="MSFT")
    trader.place(taken)
    assert taken.status is S.ACCEPTED
    assert trader.codes() == [Code.UNPROTECTED]  # it is not told again


def test_what_somebody_answers_for_is_over_when_it_is_over_and_counts_again_afterwards(trader, venue):
    bare(trader, venue)
    trader.manager.acknowledge(*BARE, "ada", "a moment")
    stop = order_of(3, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(stop)
    trader.manager.poll()
    assert trader.manager.books.incidents == {}
    trader.cancel(stop)
    trader.pass_time(20)
    assert trader.manager.books.incidents == {BARE: Effect.REDUCING}


def test_it_survives_the_process_and_a_checkpoint(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        bare(first, venue)
        first.manager.acknowledge(*BARE, "ada", "I sell it by hand")
        assert thaw(freeze(first.manager.books)).incidents == {BARE: Effect.SEEN}
    with Trader(tape, venue) as second:
        second.start()
        second.pass_time(60)
        assert second.manager.books.incidents == {BARE: Effect.SEEN}
        assert second.incidents == []


def test_a_parked_order_is_not_told_again_and_is_settled_all_the_same(trader, venue):
    venue.script("send", Fault.LOST_BEFORE)
    order = order_of(1)
    trader.place(order)
    trader.pass_time(1_000, step=50)
    parked = (Code.PARKED, order.order_id)
    assert parked in trader.manager.books.incidents
    trader.manager.acknowledge(*parked, "ada", "asked the broker")
    trader.pass_time(200, step=50)
    assert trader.manager.books.incidents == {parked: Effect.SEEN}
    assert order.status is S.UNKNOWN
    trader.manager.settle_as_absent(order.order_id, "ada", "they never had it")
    assert trader.manager.books.incidents == {}


def test_what_is_over_with_the_word_of_a_person_is_gone(trader, venue):
    venue.script("send", Fault.FORBIDDEN)
    trader.place(order_of(1))
    trader.manager.acknowledge(Code.RESTRICTED, "account", "ada", "lifted")
    assert trader.manager.books.incidents == {}


def test_what_is_not_there_cannot_be_acknowledged(trader):
    with pytest.raises(SafetyError, match="no open incident"):
        trader.manager.acknowledge(*BARE, "ada", "why not")
    with pytest.raises(SafetyError, match="there are order_parked, adopted_late"):
        code_of("unprotected")


def otherwise(trader, venue, own):
    """The session buys ten; then the venue shows ``own`` shares in all, whatever a person has done there."""
    trader.place(order_of(1))
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    venue.truth.shares["AAPL"] = own * MICRO
    for _ in range(4):
        trader.manager.reconcile()
    assert (Code.POSITION, "AAPL") in trader.manager.books.incidents


def test_shares_of_the_session_that_are_gone_are_nobody_else_s(trader, venue):
    otherwise(trader, venue, 0)
    with pytest.raises(SafetyError, match="shows 10 AAPL fewer than the session holds, and they can be nobody else's"):
        trader.manager.acknowledge(Code.POSITION, "AAPL", "ada", "sold it by hand")
    assert (Code.POSITION, "AAPL") in trader.manager.books.incidents


@pytest.mark.parametrize(("left", "gone", "others"), [(0, 10, 0), (4, 6, 0)])
def test_shares_of_the_session_that_were_sold_by_hand_are_booked_for_what_they_went(trader, venue, left, gone, others):
    otherwise(trader, venue, left)
    venue.truth.cash += gone * 101 * MICRO
    trader.manager.acknowledge(Code.POSITION, "AAPL", "ada", "sold by hand", 101 * MICRO)
    (correction,) = trader.engine.account
    assert (correction.quantity_micros, correction.amount_micros) == (-gone * MICRO, gone * 101 * MICRO)
    assert correction.reason == "traded elsewhere, says ada: sold by hand"
    for _ in range(4):
        trader.manager.reconcile()
    assert trader.manager.books.incidents == {}  # shares and cash agree
    assert trader.manager.books.shares.get("AAPL", 0) == left * MICRO == trader.engine.book.quantity("AAPL")
    assert trader.engine.book.cash_micros == venue.truth.cash
    assert (trader.manager.books.baseline or {}).get("AAPL", 0) == others


def test_a_price_that_was_not_theirs_shows_in_the_cash(trader, venue):
    otherwise(trader, venue, 0)
    venue.truth.cash += 10 * 101 * MICRO
    trader.manager.acknowledge(Code.POSITION, "AAPL", "ada", "sold by hand", 111 * MICRO)
    for _ in range(4):
        trader.manager.reconcile()
    assert list(trader.manager.books.incidents) == [(Code.CASH, "account")]


def test_what_a_person_says_of_lost_shares_survives_the_process(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        otherwise(first, venue, 0)
        first.manager.acknowledge(Code.POSITION, "AAPL", "ada", "sold by hand", 101 * MICRO)
    with Trader(tape, venue) as second:
        second.start()
        assert second.manager.books.shares == {}
        assert second.manager.ledger("S").cash_micros == 10 * MICRO


def test_shares_that_came_on_top_are_somebody_else_s_when_a_person_says_so(trader, venue):
    otherwise(trader, venue, 30)
    with pytest.raises(SafetyError, match="no AAPL of the session are gone"):
        trader.manager.acknowledge(Code.POSITION, "AAPL", "ada", "bought for myself", 101 * MICRO)
    trader.manager.acknowledge(Code.POSITION, "AAPL", "ada", "bought for myself")
    assert trader.manager.books.baseline == {"AAPL": 20 * MICRO}
    assert (Code.POSITION, "AAPL") not in trader.manager.books.incidents
