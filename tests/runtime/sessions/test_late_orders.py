"""A process that dies in the middle of a decision and comes back much later: what it had not asked for is no entry of today."""

from __future__ import annotations

import pytest

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.order import OrderStatus
from framework.errors import TapeError
from framework.runtime.control.sending import send_command
from tests.runtime.sessions.test_coming_back import Process, tape
from tests.venue.scripted import ScriptedVenue

__all__ = ["tape"]
S = OrderStatus
PRICES = [100.0] * 8


def enters_twice(ctx):
    if not ctx.state.get("entered"):
        ctx.state["entered"] = True
        ctx.buy("AAPL", 5, order_type="limit", limit_price=90.0, time_in_force="gtc")
        ctx.buy("AAPL", 7, order_type="limit", limit_price=91.0, time_in_force="gtc")


def dead_between_two_orders(tape, venue):
    """A process that died when the venue had the first of two orders, and had not been asked for the second."""
    for writes in range(1, 60):
        try:
            Process(tape, venue, enters_twice, PRICES, writes=writes).play()
        except TapeError:
            if len(list(venue.truth.ours())) == 1:
                return
    raise AssertionError("it did not die there")


@pytest.mark.parametrize(("seconds", "sent"), [(20, 2), (7_200, 1)])
def test_an_entry_of_a_decision_of_long_ago_is_not_sent(tape, venue_, seconds, sent):
    dead_between_two_orders(tape, venue_)
    venue_.truth.clock.advance(seconds)
    back = Process(tape, venue_, enters_twice, PRICES)
    back.play()
    assert len(list(venue_.truth.ours())) == sent
    assert len(back.engine.desk.blotter.orders) == sent
    again = Process(tape, venue_, enters_twice, PRICES)
    again.play()
    assert again.known() == back.known()


def test_what_others_write_while_no_process_runs_does_not_hide_when_it_died(tape, venue_):
    dead_between_two_orders(tape, venue_)
    for _ in range(250):
        send_command(tape, OperatorCommand(CommandKind.HEARTBEAT, "cron", "every five minutes"), None)
    venue_.truth.clock.advance(72_000)
    Process(tape, venue_, enters_twice, PRICES).play()
    assert len(list(venue_.truth.ours())) == 1


@pytest.fixture(name="venue_")
def a_venue():
    return ScriptedVenue()
