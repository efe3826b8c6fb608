"""The operator's word: what a command refuses, what it lets pass, what it sends, and that it holds until the operator takes it back."""

from __future__ import annotations

import pytest

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.order import OrderRole
from framework.rules.guards.state import TradingState
from tests.builders import bars, life, play, still

TEN_PERCENT = {"attach": "entries", "method": "percent", "percent": 10}
GUARDS = ({"enabled": False}, {"enabled": True, "max_missed_bars": 0, "max_daily_loss_pct": 1.0, "max_drawdown_pct": 1.0})


def buy(quantity, symbol="A", **terms):
    return lambda ctx: ctx.buy(symbol, quantity, **terms)


def sell(quantity, symbol="A", **terms):
    return lambda ctx: ctx.sell(symbol, quantity, **terms)


def commanded(script, commands, *series, **config):
    """Play ``script``, with a command by decision number given right after that decision; returns the run and what came of them."""
    effects, decisions = {}, iter(range(10_000))

    def each(simulation):
        number = next(decisions)
        if number in commands:
            command = OperatorCommand(CommandKind(commands[number]), "ada", "a test")
            effects[number] = simulation.engine.on_command(simulation.engine.desk.market.now, command)

    return play(script, *series, each=each, **config), effects


def changes(played):
    return [(one.code, played.times.index(one.timestamp), one.before, one.after) for one in played.simulation.journal.transitions]


@pytest.mark.parametrize("guards", GUARDS)
def test_halt_refuses_entries_and_exits_until_resume(guards):
    script = {0: buy(10), 2: buy(1), 3: sell(1), 5: sell(2)}
    played, effects = commanded(script, {1: "halt", 4: "resume"}, bars("A", still(100, 8)), guards=guards)
    assert played.refusals == ["guard_halted", "guard_halted"]
    assert played.fills == [(1, "A", 10.0, 100.0), (6, "A", -2.0, 100.0)]
    assert effects == {1: {"trading": "HALTED"}, 4: {"trading": "ACTIVE"}}
    assert changes(played) == [
        ("operator_halt", 1, TradingState.ACTIVE, TradingState.HALTED),
        ("resumed", 4, TradingState.HALTED, TradingState.ACTIVE),
    ]
    assert "halted by the operator: ada: a test" in played.simulation.journal.refusals[0].detail


@pytest.mark.parametrize("guards", GUARDS)
def test_reduce_refuses_entries_and_lets_exits_pass(guards):
    script = {0: buy(10), 2: buy(1), 3: sell(4)}
    played, _ = commanded(script, {1: "reduce"}, bars("A", still(100, 6)), guards=guards)
    assert played.refusals == ["guard_reducing"]
    assert played.held() == 6.0


@pytest.mark.parametrize("guards", GUARDS)
def test_a_halt_before_the_first_close_holds_through_it_and_is_told_once(guards):
    simulation = play({}, bars("A", still(100, 1)), guards=guards).simulation
    breakers = type(simulation.engine.desk.breakers)(simulation.engine.desk.policies.guards, simulation.journal)
    breakers.on_halt(5, "early")
    breakers.on_close(10, 1, 1_000_000)
    breakers.on_close(20, 2, 1_000_000)
    assert breakers.trading is TradingState.HALTED
    assert [(one.timestamp, one.code) for one in simulation.journal.transitions] == [(5, "operator_halt")]
    breakers.on_resume(30)
    assert breakers.trading is TradingState.ACTIVE


def test_a_second_halt_changes_nothing():
    played, _ = commanded({}, {1: "halt", 2: "halt"}, bars("A", still(100, 5)))
    assert [code for code, *_ in changes(played)] == ["operator_halt"]


def test_a_halt_outlasts_sessions_that_release_other_breakers():
    played, _ = commanded({4: buy(1)}, {1: "halt"}, bars("A", still(100, 7)), guards=GUARDS[1])
    assert played.refusals == ["guard_halted"]


def test_stops_still_protect_while_halted():
    prices = [(100, 100, 100, 100)] * 3 + [(100, 100, 80, 85)] * 2
    played, _ = commanded({0: buy(10)}, {1: "halt"}, bars("A", prices), stops=TEN_PERCENT)
    assert played.held() == 0.0


def test_cancel_all_cancels_what_works_and_leaves_what_protects():
    script = {0: buy(10), 1: buy(5, limit_price=50, order_type="limit", time_in_force="gtc")}
    played, effects = commanded(script, {2: "cancel_all"}, bars("A", still(100, 5)), stops=TEN_PERCENT)
    resting = played.orders[-1]
    assert life(resting)[-1] == "canceled"
    assert effects[2] == {"trading": "ACTIVE", "canceled": [resting.order_id]}
    assert [quantity for quantity, _ in played.stops()] == [10.0]


@pytest.mark.parametrize("guards", GUARDS)
def test_flatten_halts_cancels_and_leaves_every_position(guards):
    script = {
        0: lambda ctx: (ctx.buy("A", 10), ctx.sell("B", 5)),
        1: buy(5, limit_price=50, order_type="limit", time_in_force="gtc"),
        4: buy(1),
    }
    played, effects = commanded(script, {2: "flatten"}, bars("A", still(100, 6)), bars("B", still(50, 6)), guards=guards)
    assert (played.held("A"), played.held("B")) == (0.0, 0.0)
    closing = [order for order in played.orders if order.role is OrderRole.FLATTEN]
    assert [(order.symbol, order.side.sign * float(order.quantity)) for order in closing] == [("A", -10.0), ("B", 5.0)]
    assert effects[2]["closed"] == [order.order_id for order in closing]
    assert len(effects[2]["canceled"]) == 1
    assert (effects[2]["trading"], played.refusals) == ("HALTED", ["guard_halted"])


def test_flatten_makes_way_for_itself_where_a_stop_holds_the_shares():
    played, _ = commanded({0: buy(10)}, {2: "flatten"}, bars("A", still(100, 6)), stops=TEN_PERCENT, broker={"name": "robinhood"})
    assert (played.held(), played.stops()) == (0.0, [])


@pytest.mark.parametrize("kind", ["rotate", "heartbeat"])
def test_what_is_not_the_engines_changes_nothing(kind):
    played, effects = commanded({2: buy(1)}, {1: kind}, bars("A", still(100, 5)))
    assert (effects[1], played.held(), changes(played)) == ({"trading": "ACTIVE"}, 1.0, [])
