"""The same promises through the whole path: strategy, sizing, door, venue, fills and stops."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from framework.domain.order import OrderStatus, OrderType
from tests.properties import filled, keeping
from tests.properties.dice import Dice
from tests.properties.examples import clause, seeds
from tests.properties.still_markets import assert_correlations_hold, booked, losses_at_stops, pictured, still_market


@clause
@given(seeds, st.integers(1, 4), st.integers(0, 4))
@example(b"x\xf6)\xcc\xa5\x86\x7f\xd9", 2, 4)  # a stop sold what a reversal and an older entry were to close
@example(b"n\xde\xda\xcf\xcdK\xceK", 3, 3)  # of two partners the cheaper one requires more margin
@example(b"'\xe3\x82\xf5\x89\xea\xa0\x92", 1, 3)  # an order equal to one of two partners
@example(b"\x06\x1f\xb8*.\xed\x8bF", 3, 3)  # of two partners on both sides only one was seen beside another entry
@example(b"O\x80C\n\x18\xb2\xf0\xc7", 2, 1)  # the average of two prices lies between two micro-dollars
@example(b"}(Y\xf3\xd5\x95k\x16", 3, 2)  # correlations are of returns, not of their logarithms
def test_no_limit_is_exceeded_by_what_the_engine_sends_and_the_venue_fills(seed, symbols, wishes):
    dice = Dice(seed)
    market = still_market(dice, symbols, wishes)
    seen, losses, books = [], [], []

    def before(desk):
        losses.append(losses_at_stops(desk))
        books.extend(booked(desk, world) for world, _ in seen[1:])

    def after(number, simulation):
        if number >= len(market.program):
            return
        world, decision = pictured(simulation)
        seen.append((world, decision))
        keeping.assert_each_order_keeps_to_itself(world, decision)
        keeping.assert_entries_are_paid(world, decision)
        assert_correlations_hold(simulation, decision)
        if number == 0 and all(wish[0] == "target" for wish in market.program[0]):
            keeping.assert_sizes_hold(world, decision)
        sent = decision.working + decision.sent
        for fills in (filled.one_of_each(dice, sent), filled.some_fills(dice, sent)):
            keeping.assert_limits_hold(world, decision, filled.filled(world, fills))
        assert not [order for order in simulation.journal.orders if order.role.protects and order.status is OrderStatus.DENIED]

    played = market.play(before, after)
    # What was sent from flat has its stops at the next decision; what was sent then has met every price at the one after that.
    keeping.assert_losses_are_bounded(*seen[0], played.simulation.engine.desk.policies.limits, *losses[1])
    world, decision = seen[1]
    if OrderType.TRAILING_STOP not in {one.order.order_type for one in (*decision.working, *decision.sent)}:  # it follows the market first
        keeping.assert_limits_hold(world, decision, books[0])


@clause
@given(seeds, st.integers(1, 4), st.integers(0, 3))
def test_decisions_do_not_depend_on_the_order_in_which_symbols_and_signals_come(seed, symbols, wishes):
    dice = Dice(seed)
    market = still_market(dice, symbols, wishes)
    mixed = replace(market, series=tuple(dice.shuffled(market.series)), program=tuple(_mixed(dice, each) for each in market.program))
    first, second = market.play().simulation.journal, mixed.play().simulation.journal
    assert first.decisions_hash == second.decisions_hash
    assert first.fills == second.fills


def _mixed(dice, wishes):
    """Signals in another order, and elsewhere among the orders, which stay in theirs: what came first has the first claim."""
    turns = dice.shuffled([wish[0] == "target" for wish in wishes])
    signals = iter(dice.shuffled([wish for wish in wishes if wish[0] == "target"]))
    orders = iter([wish for wish in wishes if wish[0] != "target"])
    return tuple(next(signals if is_signal else orders) for is_signal in turns)
