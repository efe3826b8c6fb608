"""A person cancels a protective order in the app: the position is guarded again, but not for ever and not blindly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.order import OrderRole, OrderSide, OrderStatus, TimeInForce
from framework.domain.values import MICRO
from framework.engine.again import MOST_AGAIN
from framework.runtime.orders.incidents import Code
from tests.runtime.orders.test_engine import Live, agree
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import SELL, Trader, order_of

ENTERED = {0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90)}
RESUME = OperatorCommand(CommandKind.RESUME, "ada", "I have looked")


@pytest.fixture
def one(tape):
    """Ten shares, and their stop at the venue."""
    made = Live(tape, ScriptedVenue(), ENTERED | {3: lambda ctx: ctx.buy("AAPL", 1)}, [100] * 6)
    made.bar(0)
    made.bar(1)
    yield made
    made.close()


def canceled_in_the_app(live):
    """Somebody cancels what rests there, and we look."""
    (stop,) = live.venue.truth.open.values()
    live.venue.truth.set_status(stop, OrderStatus.CANCELED)
    live.look(1)


def resting(live):
    return [(true.now.stop_micros, true.now.quantity_micros) for true in live.venue.truth.open.values()]


def codes(live):
    return {code for code, _ in live.manager.books.incidents}


def test_a_stop_that_somebody_cancels_rests_there_again_and_the_symbol_is_not_entered(one):
    canceled_in_the_app(one)
    assert resting(one) == [(90 * MICRO, 10 * MICRO)]
    assert codes(one) == {Code.CANCELED_ELSEWHERE}
    assert "it is placed again" in one.incidents[-1].detail
    one.bar(2)
    one.bar(3)
    assert one.working(OrderRole.EXPLICIT) == []
    refused = [event for event in one.store.events(kinds={"venue_report"}) if "somebody else touched AAPL" in event.payload["reason"]]
    assert len(refused) == 1
    agree(one)


def test_a_stop_that_is_canceled_again_and_again_is_left_to_the_person_until_they_resume(one):
    for _ in range(MOST_AGAIN):
        canceled_in_the_app(one)
        assert len(resting(one)) == 1
    canceled_in_the_app(one)
    assert resting(one) == []
    one.look(4)
    assert codes(one) == {Code.CANCELED_ELSEWHERE, Code.UNPROTECTED}
    one.engine.on_command(one.times[1], RESUME)
    one.look(2)
    assert resting(one) == [(90 * MICRO, 10 * MICRO)]
    assert Code.UNPROTECTED not in codes(one)
    agree(one)


def test_a_stop_is_not_placed_again_for_shares_that_were_sold_by_hand(one):
    one.venue.truth.shares["AAPL"] = 0
    canceled_in_the_app(one)
    assert resting(one) == []
    assert "not placed again" in one.incidents[-1].detail
    one.look(4)
    assert Code.UNPROTECTED in codes(one)


def test_a_stop_is_not_placed_again_at_a_price_of_before_a_split(one):
    one.venue.truth.shares["AAPL"] = 40 * MICRO
    canceled_in_the_app(one)
    assert resting(one) == []


def test_a_stop_is_placed_again_where_the_venue_does_not_say_what_it_holds(one):
    one.venue.script("positions", Fault.FAILED)
    canceled_in_the_app(one)
    assert len(resting(one)) == 1


def test_a_stop_that_sold_a_part_before_it_was_canceled_is_placed_again_for_the_rest(one):
    (stop,) = one.venue.truth.open.values()
    one.venue.truth.fill(stop, 4 * MICRO, 89 * MICRO)
    one.venue.truth.set_status(stop, OrderStatus.CANCELED)
    one.look(1)
    assert resting(one) == [(90 * MICRO, 6 * MICRO)]
    agree(one)


def test_what_we_cancel_ourselves_is_not_placed_again(one):
    stop = one.working(OrderRole.STOP)[0]
    one.engine.desk.give_up(stop)
    one.look(3)
    assert resting(one) == []
    assert Code.CANCELED_ELSEWHERE not in codes(one)
    one.engine.on_command(one.times[1], RESUME)
    one.look(1)
    assert resting(one) == []


@pytest.mark.parametrize(("force", "is_told"), [(TimeInForce.GTC, True), (TimeInForce.DAY, False)])
def test_an_order_for_the_day_that_a_venue_ends_at_the_close_is_nobodys_doing(tape, venue, force, is_told):
    with Trader(tape, venue) as trader:
        trader.start()
        entry = order_of(1)
        trader.place(entry)
        venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
        trader.manager.poll()
        stop = order_of(2, SELL, price=90.0, role=OrderRole.STOP, force=force)
        trader.place(stop)
        venue.truth.set_status(next(iter(venue.truth.open.values())), OrderStatus.CANCELED)
        trader.manager.poll()
        assert trader.engine.heard[-1].unsolicited
        assert (Code.CANCELED_ELSEWHERE in trader.codes()) is is_told
        assert stop.side is OrderSide.SELL


def test_a_stop_that_was_refused_is_placed_when_a_person_says_that_trading_goes_on(tape):
    live = Live(tape, ScriptedVenue(), ENTERED, [100] * 3)
    live.bar(0)
    live.venue.script("send", Fault.FORBIDDEN)
    live.bar(1)
    live.look(3)
    assert resting(live) == []
    assert codes(live) == {Code.RESTRICTED, Code.UNPROTECTED}
    live.manager.acknowledge(Code.RESTRICTED, "account", "ada", "they have lifted it")
    live.engine.on_command(live.times[1], RESUME)
    live.look(2)
    assert resting(live) == [(90 * MICRO, 10 * MICRO)]
    assert codes(live) == set()
    live.close()


def test_a_resume_after_a_split_sells_nothing_at_a_price_of_before_it(one):
    one.venue.truth.shares["AAPL"], one.venue.prices["AAPL"] = 40 * MICRO, 25.0
    canceled_in_the_app(one)
    one.reconciled()
    one.reconciled()
    for code, subject in list(one.manager.books.incidents):
        one.manager.acknowledge(Code(code), subject, "ada", "it has split")
    one.engine.on_command(one.times[1], RESUME)
    one.look(4)
    assert resting(one) == []
    assert one.venue.truth.shares["AAPL"] == 40 * MICRO


TRAILING = {"stops": {"attach": "entries", "method": "trailing", "trail_percent": 10.0}}


@pytest.fixture
def trailing(tape):
    """Ten shares bought at 100, and a trailing stop at the venue that has followed the price to 120."""
    made = Live(tape, ScriptedVenue(), {0: lambda ctx: ctx.buy("AAPL", 10)}, [100] * 6, **TRAILING)
    made.bar(0)
    made.bar(1)
    (stop,) = made.venue.truth.open.values()
    assert (stop.now.stop_micros, stop.now.quantity_micros) == (90 * MICRO, 10 * MICRO)
    follows(made.venue, stop, 108 * MICRO)
    yield made
    made.close()


def follows(venue, stop, level):
    """The venue's trail has reached ``level``."""
    stop.history.append(replace(stop.now, stop_micros=level, updated_at=venue.truth.time + 1))
    venue.truth._note(stop)


def test_a_trailing_stop_is_placed_again_where_the_venue_s_has_come_to(trailing):
    canceled_in_the_app(trailing)
    assert resting(trailing) == [(108 * MICRO, 10 * MICRO)]
    agree(trailing)


def test_a_trailing_stop_that_is_made_smaller_does_not_fall_back(trailing):
    trailing.look(1)
    (stop,) = trailing.venue.truth.open.values()
    trailing.venue.truth.fill(stop, 4 * MICRO, 108 * MICRO)
    trailing.venue.truth.set_status(stop, OrderStatus.CANCELED)
    trailing.look(1)
    assert resting(trailing) == [(108 * MICRO, 6 * MICRO)]


def test_a_level_that_falls_back_is_not_believed(trailing):
    trailing.look(1)
    (stop,) = trailing.venue.truth.open.values()
    follows(trailing.venue, stop, 95 * MICRO)
    canceled_in_the_app(trailing)
    assert resting(trailing) == [(108 * MICRO, 10 * MICRO)]
