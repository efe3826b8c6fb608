"""Faults of the fault table (docs/reliability.md) that no other test of the order manager stands for, one test for a row."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from framework.domain.order import OrderStatus
from framework.domain.values import MICRO
from framework.domain.venue_order import Dedupe, LinkCapabilities
from framework.errors import LeaseLostError, TapeError
from tests.kills.checker import violations
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import Trader, order_of

S = OrderStatus
PRICE = 100 * MICRO
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@pytest.fixture
def tape():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder) / "tape.db"


@pytest.fixture
def venue():
    return ScriptedVenue()


def trade(trader):
    """Something of everything that is written."""
    trader.start()
    first = order_of(1)
    trader.place(first)
    trader.venue.truth.fill(next(trader.venue.truth.ours()), 4 * MICRO, PRICE, 1)
    trader.manager.poll()
    trader.manager.cancel_order(first.order_id)
    trader.manager.poll()


def test_a15_g1_a_tape_that_fails_at_any_write_leaves_no_request_without_its_claim(tape):
    writes = 0
    while True:
        writes += 1
        venue, place = ScriptedVenue(), tape.with_name(f"{writes}.db")
        with Trader(place, venue) as trader:
            left = iter(range(writes))
            append = trader.store.append

            def failing(*args, append=append, left=left):
                if next(left, None) is None:
                    raise TapeError("the disk is full")
                return append(*args)

            trader.store.append = failing
            try:
                trade(trader)
                ended = True
            except TapeError:
                ended = False
        with Trader(place, venue) as trader:
            trader.start()
            trader.pass_time(20)
        for one in list(venue.truth.open.values()):
            venue.truth.fill(one, one.left, PRICE)
        with Trader(place, venue) as trader:
            trader.start()
        assert violations(place, venue.truth) == []
        if ended:
            break
    assert writes > 5


@pytest.mark.parametrize("lag", [5, 60, 300])
def test_b18_a_listing_that_lags_settles_nothing_until_it_shows_the_order(tape, venue, lag):
    venue.lag = lag
    venue.link = replace(venue.link, listing_lag_seconds=float(lag))
    with Trader(tape, venue, session_end=lambda timestamp: timestamp) as trader:
        trader.start()
        venue.script("send", Fault.LOST_AFTER)
        order = order_of(1)
        trader.place(order)
        trader.pass_time(lag - 1, 1)
        assert (order.status, trader.codes()) == (S.UNKNOWN, [])
        trader.pass_time(2, 1)
        assert order.status is S.ACCEPTED


@pytest.mark.parametrize("changed", [{"quantity_micros": 12 * MICRO}, {"limit_micros": 101 * MICRO}])
def test_c9_an_order_the_venue_changed_for_the_worse_is_taken_back(tape, venue, changed):
    with Trader(tape, venue) as trader:
        trader.start()
        order = order_of(1)
        trader.place(order)
        one = next(venue.truth.ours())
        one.history.append(replace(one.now, **changed, updated_at=venue.truth.time + 1))
        venue.truth._note(one)
        trader.manager.poll()
        trader.manager.poll()
        assert (order.status, trader.codes()) == (S.CANCELED, ["changed_terms"])


def test_c9_a_better_limit_is_left_alone(tape, venue):
    with Trader(tape, venue) as trader:
        trader.start()
        order = order_of(1)
        trader.place(order)
        one = next(venue.truth.ours())
        one.history.append(replace(one.now, limit_micros=99 * MICRO, updated_at=venue.truth.time + 1))
        venue.truth._note(one)
        trader.manager.poll()
        assert (order.status, trader.codes()) == (S.ACCEPTED, [])


def test_b13_orders_of_a_batch_whose_session_ended_wait_and_are_sent_once(tape, venue):
    with Trader(tape, venue) as trader:
        trader.start()
        venue.script("send", Fault.NONE, *[Fault.NOT_AUTHENTICATED] * 3)
        orders = [order_of(number) for number in range(4)]
        for order in orders:
            trader.place(order)
        assert [order.status for order in orders] == [S.ACCEPTED, S.SUBMITTED, S.SUBMITTED, S.SUBMITTED]
        trader.pass_time(5)
        assert {order.status for order in orders} == {S.ACCEPTED}
        assert set(venue.truth.arrivals.values()) == {1}


def test_h3_two_machines_with_tapes_of_their_own_make_one_order(tape):
    venue = ScriptedVenue(link=LinkCapabilities(Dedupe.PROVEN, 3_600.0, echoes_client_id=True, listing_lag_seconds=1.0))
    with Trader(tape, venue) as one, Trader(tape.with_name("other.db"), venue) as other:
        one.start()
        other.start()
        first, second = order_of(1), order_of(1)
        one.place(first)
        other.place(second)
        other.manager.poll()
        assert len(venue.truth.orders) == 1
        assert (first.status, second.status) == (S.ACCEPTED, S.ACCEPTED)


def test_h3_an_order_of_a_machine_that_decided_otherwise_halts(tape):
    venue = ScriptedVenue(link=LinkCapabilities(Dedupe.PROVEN, 3_600.0, echoes_client_id=True, listing_lag_seconds=1.0))
    with Trader(tape, venue) as one, Trader(tape.with_name("other.db"), venue) as other:
        one.start()
        other.start()
        one.place(order_of(1))
        other_way = replace(order_of(1), symbol="MSFT")
        other.place(other_way)
        other.manager.poll()
        assert "ambiguous_match" in other.codes()
        after = order_of(2)
        other.place(after)
        assert after.status is S.REJECTED


def test_h7_nothing_of_a_batch_is_sent_after_the_halt(tape, venue):
    with Trader(tape, venue) as trader:
        trader.start()
        orders = [order_of(number, shares=1) for number in range(100)]
        for number, order in enumerate(orders):
            if number == 50:
                venue.truth.fill(next(venue.truth.ours()), 3 * MICRO, PRICE)  # more than was asked for
                trader.manager.poll()
            trader.place(order)
        assert trader.codes() == ["over_filled"]
        assert (venue.requests["send"], len(venue.truth.orders)) == (50, 50)
        assert {order.status for order in orders[50:]} == {S.REJECTED}


def test_h2_a_process_whose_lease_was_taken_sends_nothing(tape, venue):
    with Trader(tape, venue) as first:
        lease = first.store.acquire("a", "first", 60.0)
        held = Trader(tape, venue, lease=lease)
        held.start()
        held.place(order_of(1))
        first.store.release(lease)
        with Trader(tape, venue) as second:
            newer = second.store.acquire("a", "second", 60.0)
            with pytest.raises(LeaseLostError):
                held.place(order_of(2, symbol="MSFT"))
            held.close()
            assert venue.requests["send"] == 1
            with Trader(tape, venue, lease=newer) as third:
                third.start()
                third.place(order_of(3, symbol="MSFT"))
                assert [event.epoch for event in third.store.events()][-1] == newer.epoch == lease.epoch + 1
