"""An order reaches the venue once, whatever happens to its request and its answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.domain.venue_order import Dedupe, LinkCapabilities
from framework.errors import BrokerError, UnsupportedOrderTypeError
from framework.runtime.orders import events
from framework.runtime.orders.ids import Desk, client_id
from framework.runtime.orders.policy import OrderPolicy
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import DESK, SELL, Trader, order_of

S = OrderStatus
PROVEN = LinkCapabilities(Dedupe.PROVEN, 3_600.0, echoes_client_id=True, listing_lag_seconds=1.0)


def kinds(trader):
    return [event.kind for event in trader.store.events(kinds=events.ALL)]


def statuses(trader):
    return [update.status for update in trader.engine.heard]


def test_an_order_that_is_accepted_and_filled_is_told_step_by_step(trader, venue):
    order = order_of(1)
    trader.place(order)
    assert order.status is S.ACCEPTED
    (true,) = venue.truth.ours()
    venue.truth.fill(true, 4 * MICRO, 100 * MICRO, 1)
    trader.manager.poll()
    venue.truth.fill(true, 6 * MICRO, 99 * MICRO, 2)
    trader.manager.poll()
    assert statuses(trader) == [S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED]
    assert (order.filled_micros, order.fees_micros) == (10 * MICRO, 3)
    assert trader.engine.book.cash_micros == venue.truth.cash == trader.manager.ledger("S").cash_micros
    assert not trader.manager.books.open


def test_intent_and_claim_are_on_the_tape_before_the_request(trader, venue):
    seen = []
    send = venue.send

    def watched(*request):
        seen.extend(kinds(trader))
        return send(*request)

    venue.send = watched
    trader.place(order_of(1))
    assert seen[-2:] == [events.INTENT, events.DISPATCH]
    assert kinds(trader)[-2:] == [events.BOUND, events.REPORT]


def test_a_lost_answer_is_unknown_until_the_order_is_found(trader, venue):
    venue.script("send", Fault.LOST_AFTER)
    order = order_of(1)
    trader.place(order)
    assert order.status is S.UNKNOWN
    trader.manager.poll()
    assert (order.status, venue.requests["send"]) == (S.ACCEPTED, 1)


def test_a_lost_request_is_never_repeated_where_that_could_make_two(trader, venue):
    venue.script("send", Fault.LOST_BEFORE)
    order = order_of(1)
    trader.place(order)
    trader.pass_time(600)
    assert (order.status, venue.requests["send"]) == (S.UNKNOWN, 1)
    assert trader.codes() == ["order_parked"]


def test_a_request_that_arrives_late_is_adopted(trader, venue):
    venue.script("send", Fault.ZOMBIE)
    order = order_of(1)
    trader.place(order)
    trader.pass_time(300)
    venue.wake_zombies()
    trader.manager.poll()
    assert order.status is S.ACCEPTED
    assert not trader.manager.books.incidents


def test_a_lost_request_is_repeated_under_its_id_where_a_probe_has_shown_that_it_is_safe(tape):
    venue = ScriptedVenue(link=PROVEN)
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.LOST_BEFORE, Fault.LOST_AFTER)
        order = order_of(1)
        trader.place(order)
        trader.pass_time(30)
        assert order.status is S.ACCEPTED
        assert list(venue.truth.arrivals.values()) == [1]
        assert venue.requests["send"] == 2


@pytest.mark.parametrize("dedupe", [Dedupe.ASSUMED, Dedupe.ABSENT])
def test_it_is_not_repeated_without_proof(tape, dedupe):
    venue = ScriptedVenue(link=replace(PROVEN, dedupe=dedupe))
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.ZOMBIE)
        trader.place(order_of(1))
        trader.pass_time(60)
        assert venue.requests["send"] == 1


def test_it_is_not_repeated_outside_of_the_time_that_was_proven(tape):
    venue = ScriptedVenue(link=LinkCapabilities(Dedupe.PROVEN, 20.0, echoes_client_id=True, listing_lag_seconds=1.0))
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.LOST_BEFORE)
        trader.place(order_of(1))
        trader.pass_time(600)
        assert venue.requests["send"] == 1


def test_an_order_the_venue_already_has_under_its_id_is_found_and_not_rejected(tape):
    venue = ScriptedVenue(link=PROVEN)
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.TWICE)
        order = order_of(1)
        trader.place(order)
        assert order.status is S.UNKNOWN
        trader.manager.poll()
        assert order.status is S.ACCEPTED
        assert len(venue.truth.orders) == 1


@pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.THROTTLED, Fault.NOT_AUTHENTICATED])
def test_a_request_that_was_not_taken_is_made_again_under_the_same_id(trader, venue, fault):
    venue.script("send", fault, fault)
    order = order_of(1)
    trader.place(order)
    assert order.status is S.SUBMITTED
    trader.pass_time(20)
    assert (order.status, venue.requests["send"], len(venue.truth.orders)) == (S.ACCEPTED, 3, 1)


def test_a_throttled_request_waits_as_long_as_the_venue_asked(trader, venue):
    venue.script("send", Fault.THROTTLED)
    trader.place(order_of(1))
    trader.pass_time(2.9, 0.1)
    assert venue.requests["send"] == 1
    trader.pass_time(0.3, 0.1)
    assert venue.requests["send"] == 2


def test_an_order_that_could_not_be_sent_in_time_expires_and_is_never_sent(trader, venue):
    venue.script("send", *[Fault.NOT_SENT] * 100)
    order = order_of(1)
    trader.place(order)
    trader.pass_time(70, 1)
    assert order.status is S.EXPIRED
    sent = venue.requests["send"]
    venue.faults.clear()
    trader.pass_time(60)
    assert (venue.requests["send"], len(venue.truth.orders)) == (sent, 0)


def test_setting_the_wall_clock_changes_no_deadline(trader, venue):
    venue.script("send", Fault.NOT_SENT)
    order = order_of(1)
    trader.place(order)
    trader.clock.step(86_400 * 365)
    trader.pass_time(5)
    assert order.status is S.ACCEPTED


def test_a_rejection_is_told_with_its_reason(trader, venue):
    venue.script("send", Fault.REJECTED)
    order = order_of(1)
    trader.place(order)
    assert (order.status, trader.engine.heard[-1].reason) == (S.REJECTED, "no")
    assert not venue.truth.orders


def test_a_rejection_after_the_acceptance_ends_the_order(trader, venue):
    venue.script("send", Fault.REJECTED_LATER)
    order = order_of(1)
    trader.place(order)
    trader.manager.poll()
    assert statuses(trader) == [S.ACCEPTED, S.REJECTED]


def test_an_answer_that_shows_another_order_is_no_answer(trader, venue):
    venue.script("send", Fault.SWAPPED)
    order = order_of(1)
    trader.place(order)
    assert order.status is S.UNKNOWN
    trader.manager.poll()
    assert (order.status, venue.requests["send"]) == (S.ACCEPTED, 1)


def test_a_gateway_that_breaks_leaves_the_order_unknown(trader, venue):
    venue.script("send", Fault.RAISES)
    order = order_of(1)
    trader.place(order)
    assert order.status is S.UNKNOWN
    trader.manager.poll()
    assert order.status is S.ACCEPTED


def test_nothing_opens_beside_an_order_that_may_be_there(trader, venue):
    venue.script("send", Fault.LOST_BEFORE)
    trader.place(order_of(1))
    second, other = order_of(2), order_of(3, symbol="MSFT")
    trader.place(second)
    trader.place(other)
    assert (second.status, other.status) == (S.REJECTED, S.ACCEPTED)
    assert "it is not known whether the venue has S-AAPL-1-buy" in trader.engine.heard[-2].reason


def test_an_order_id_is_used_once(trader):
    trader.place(order_of(1))
    with pytest.raises(BrokerError, match="was used before"):
        trader.place(order_of(1))


def test_a_type_that_is_not_allowed_is_refused_by_name(tape, venue):
    with Trader(tape, venue, OrderPolicy(order_types=frozenset({OrderType.LIMIT}))) as trader:
        trader.start()
        with pytest.raises(UnsupportedOrderTypeError, match="is a market order; allowed are: limit"):
            trader.place(order_of(1, kind=OrderType.MARKET))
        assert trader.manager.capabilities.order_types == {OrderType.LIMIT}


def test_not_more_orders_are_open_than_may_be(tape, venue):
    with Trader(tape, venue, OrderPolicy(most_open=2)) as trader:
        trader.start()
        orders = [order_of(number) for number in range(3)]
        for order in orders:
            trader.place(order)
        assert [order.status for order in orders] == [S.ACCEPTED, S.ACCEPTED, S.REJECTED]
        venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, 100 * MICRO)
        trader.manager.poll()
        trader.place(order_of(7, shares=1))
        stop = order_of(8, SELL, 10, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP)
        trader.place(stop)
        assert stop.status is S.ACCEPTED  # what protects is never too many


def test_256_orders_are_in_flight_at_a_time(trader, venue):
    orders = [order_of(number, shares=1) for number in range(256)]
    for order in orders:
        trader.place(order)
    assert {order.status for order in orders} == {S.ACCEPTED}
    for true in venue.truth.ours():
        venue.truth.fill(true, MICRO, 100 * MICRO)
    trader.manager.poll()
    assert {order.status for order in orders} == {S.FILLED}
    assert trader.manager.books.shares == venue.truth.shares == {"AAPL": 256 * MICRO}


def test_ids_depend_on_account_mode_order_and_leg_and_on_nothing_else():
    ids = {client_id(Desk(account, mode), order, leg) for account in "ab" for mode in ("live", "paper") for order in "xy" for leg in (0, 1)}
    assert len(ids) == 16


def test_the_status_of_an_order_says_where_it_is_and_how_long_it_took(trader, venue):
    order = order_of(1)
    send = venue.send

    def slow(*request):
        trader.clock.advance(0.25)
        return send(*request)

    venue.send = slow
    trader.place(order)
    status = trader.manager.get_status(order.order_id)
    assert (status.venue_order_id, status.status, status.requests, status.latency_seconds) == ("v1", S.ACCEPTED, 1, 0.25)
    assert status.client_id == client_id(DESK, order.order_id, 0)


def test_a_sale_of_more_than_is_held_is_refused(trader):
    order = order_of(1, SELL)
    trader.place(order)
    assert order.status is S.REJECTED


def test_a_request_is_not_made_when_the_process_slept_after_its_claim(trader, venue):
    append = trader.store.append

    def slow(*args):
        done = append(*args)
        trader.clock.advance(3)
        return done

    trader.store.append = slow
    trader.place(order_of(1))
    assert "send" not in venue.requests
    assert kinds(trader)[-1] == events.NOT_SENT


def test_a_request_is_not_made_when_the_lease_ends(tape, venue):
    with Trader(tape, venue, may_trade=lambda: False) as trader:
        trader.start()
        trader.place(order_of(1))
        assert "send" not in venue.requests
