"""A position is never without its stop, and never has more of it than shares."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.account_event import Split
from tests.properties.worlds import EXITS, changes_of_position, worlds

LEAVING = {"market"}
ENTRIES = st.fixed_dictionaries({"attach": st.just("entries"), "lowers_on_dividend": st.booleans(), "may_loosen": st.booleans(), **EXITS})
TIGHTENING = st.fixed_dictionaries({"attach": st.just("entries"), **EXITS})


def stops_and_leaving(simulation, symbol):
    """(micro-shares of stops, of take-profits, of exits that do not wait for a price) working to close the position."""
    held = simulation.engine.desk.book.quantity(symbol)
    closing = [one for one in simulation.broker.get_open_orders() if one.symbol == symbol and one.side.sign * held < 0]
    stops = sum(one.leaves_micros for one in closing if one.role.value == "stop")
    profits = sum(one.leaves_micros for one in closing if one.role.value == "take_profit")
    leaving = sum(one.leaves_micros for one in closing if not one.role.protects and one.order_type.value in LEAVING)
    return stops, profits, leaving


@given(worlds(stops=ENTRIES))
def test_stops_cover_exactly_the_shares_that_are_not_leaving_after_every_slice(world):
    def check(simulation):
        for symbol in simulation.market.symbols:
            held = abs(simulation.engine.desk.book.quantity(symbol))
            stops, profits, leaving = stops_and_leaving(simulation, symbol)
            assert stops == max(held - leaving, 0)
            assert profits in {0, stops}

    world.play(each=check)


@given(worlds())
def test_nothing_guards_a_position_that_is_not_there(world):
    def check(simulation):
        for order in simulation.broker.get_open_orders():
            if order.role.protects:
                held = simulation.engine.desk.book.quantity(order.symbol)
                assert held * order.side.sign < 0
                assert order.leaves_micros <= abs(held)

    world.play(each=check)


@given(worlds())
def test_protection_only_ever_reduces_a_position(world):
    played = world.play()
    protective = {order.order_id for order in played.orders if order.role.protects}
    for fill, before, after in changes_of_position(played.simulation.journal):
        if fill.order_id in protective:
            assert before * after >= 0
            assert abs(after) < abs(before)


@given(worlds(stops=TIGHTENING))
def test_a_stop_only_moves_towards_the_market_while_a_position_lasts(world):
    last = {}

    def check(simulation):
        for event in simulation.journal.account_events:
            if isinstance(event, Split) and event.timestamp == simulation.market.now:
                # In new shares, on their tick and away from the market.
                for symbol, parent in [key for key in last if key[0] == event.symbol]:
                    level, sign = last[symbol, parent]
                    moved = level * event.old / event.new
                    last[symbol, parent] = (moved + sign * (simulation.broker.capabilities.tick_micros(moved) + 1), sign)
        for order in simulation.broker.get_open_orders():
            if order.role.value == "stop" and order.stop_micros is not None:  # one that was reached sells at market
                key, sign = (order.symbol, order.parent_id), order.side.sign
                assert key not in last or sign * order.stop_micros <= sign * last[key][0]
                last[key] = (order.stop_micros, sign)

    world.play(each=check)
