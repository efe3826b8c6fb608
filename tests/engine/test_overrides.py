"""What an operator sets otherwise holds for its time, and then the config does again."""

from __future__ import annotations

import pytest

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.fill import Refusal
from framework.engine.overrides import NAMES, checked
from framework.errors import ConfigError
from framework.rules.guards.state import DAILY_LOSS, OVERRIDDEN, TradingState, Transition
from tests.builders import Scripted, assembled, bars, play


def command(name, value, seconds=3_600):
    return OperatorCommand(CommandKind.OVERRIDE, "ada", "a reason", 1, {"name": name, "value": value, "seconds": seconds})


def day(price):
    return (price, price, price, price)


def played(script, prices, said, **config):
    """A run in which commands are given after decisions: ``said`` has them by number; and what each told."""
    told = {}

    def each(simulation):
        number = len(told)
        now = simulation.market.now
        told[number] = [simulation.engine.on_command(now, one) for one in said.get(number, ())]

    return play(script, bars("AAPL", [day(price) for price in prices]), each=each, **config), told


@pytest.fixture
def engine():
    """An engine with its breakers."""
    return assembled(Scripted({}), [bars("AAPL", [day(100)])], guards={"enabled": True}).engine


def test_a_limit_is_another_one_until_its_time_is_over():
    said = {0: [command("limits.max_order_value_dollars", 50, 26 * 3_600)]}
    run, told = played(lambda ctx: ctx.buy("AAPL", 1), [100] * 4, said, limits={"profile": "venue"})
    until = run.times[0] + 26 * 3_600 * 10**9
    assert told[0] == [{"trading": "ACTIVE", "override": "limits.max_order_value_dollars", "value": 50.0, "until": until}]
    refused = [event.timestamp for event in run.simulation.journal.events if isinstance(event, Refusal)]
    assert refused == [run.times[1]]
    assert run.simulation.engine.desk.policies.limits.max_order_value_dollars is None


def test_two_overrides_end_each_at_its_time():
    said = {0: [command("limits.max_positions", 3, 3_600), command("sizing.max_position_pct", 0.02, 86_400)]}
    seen = []

    def look(ctx):
        policies = ctx._desk.policies
        seen.append((policies.limits.max_positions, policies.sizing.max_position_pct))

    played(look, [100] * 3, said)
    assert seen == [(None, 0.1), (None, 0.1), (None, 0.1)]
    said = {0: [command("limits.max_positions", 3, 3_600), command("sizing.max_position_pct", 0.02, 86_400 + 1)]}
    seen.clear()
    played(look, [100] * 3, said)
    assert seen == [(None, 0.1), (None, 0.02), (None, 0.1)]


def test_a_breaker_that_has_tripped_is_released_and_trips_again_by_its_new_limit():
    states = []

    def act(ctx):
        if ctx.position("AAPL").quantity == 0 and not states:
            ctx.buy("AAPL", 900)
        states.append(ctx._desk.breakers.trading)

    said = {2: [command("guards.max_daily_loss_pct", 0.10)], 3: [command("guards.max_daily_loss_pct", 0.10)]}
    run, told = played(act, [100, 100, 97, 96.5, 80, 80], said, guards={"enabled": True, "resets_daily": False})
    assert states == [TradingState(state) for state in (0, 0, 1, 0, 1, 1)]
    assert [one["trading"] for one in told[2]] == ["ACTIVE"]
    codes = [event.code for event in run.simulation.journal.events if isinstance(event, Transition)]
    assert codes == [DAILY_LOSS, OVERRIDDEN, DAILY_LOSS]


MINUTE = 60 * 10**9
#: A Tuesday's minutes from the open on.
MINUTES = [1_325_601_060 * 10**9 + number * MINUTE for number in range(8)]


def test_when_an_override_is_over_nothing_is_entered_that_the_config_forbids_though_nothing_has_moved():
    states = []

    def act(ctx):
        states.append(ctx._desk.breakers.trading)
        if len(states) == 1:
            ctx.buy("AAPL", 900)
        if len(states) == 2:
            ctx.close("AAPL")
        if len(states) == 7:
            ctx.buy("AAPL", 1)

    told = []

    def each(simulation):
        told.append(simulation.market.now)
        if len(told) == 4:
            simulation.engine.on_command(told[-1], command("guards.max_daily_loss_pct", 0.1, 120))

    series = bars("AAPL", [day(price) for price in (100, 100, 97, 97, 97, 97, 97, 97)], MINUTES)
    run = play(act, series, each=each, guards={"enabled": True}, data={"resolution": "1m"})
    assert states == [TradingState(state) for state in (0, 0, 1, 1, 0, 1, 1, 1)]
    refused = [event.code for event in run.simulation.journal.events if isinstance(event, Refusal)]
    assert refused == ["guard_reducing"]


def test_what_was_counted_trips_again_when_the_override_is_over_and_the_end_of_one_never_releases(engine):
    breakers = engine.desk.breakers
    breakers.on_close(1, 1, 100_000)
    for _ in range(6):
        breakers.on_trade(1, -1)
    assert breakers.trading is TradingState.REDUCING
    engine.on_command(1, command("guards.max_consecutive_losses", 8, 60))
    assert breakers.trading is TradingState.ACTIVE
    engine._overrides.expire(1 + 60 * 10**9)
    assert breakers.trading is TradingState.REDUCING
    engine.on_command(1, command("guards.max_consecutive_losses", 5, 60))
    assert breakers.trading is TradingState.REDUCING
    engine._overrides.expire(1 + 60 * 10**9)
    assert breakers.trading is TradingState.REDUCING


@pytest.mark.parametrize(
    ("name", "value", "seconds", "said"),
    [
        ("limits.refuse_duplicates", 0, 60, "cannot be overridden"),
        ("max_positions", 3, 60, "limits.max_positions"),
        ("limits.max_positions", "3", 60, "must be a number"),
        ("limits.max_positions", float("nan"), 60, "must be a number"),
        ("limits.max_positions", True, 60, "must be a number"),
        ("limits.max_positions", 3, 0, "at most a week"),
        ("limits.max_positions", 3, 604_801, "at most a week"),
        ("guards.max_daily_loss_pct", 2, 60, "it is a fraction"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(engine, name, value, seconds, said):
    before = engine.desk.policies
    effect = engine.on_command(1, command(name, value, seconds))
    assert said in effect["refused"]
    assert engine.desk.policies is before


def test_breakers_that_are_off_cannot_be_overridden():
    engine = assembled(Scripted({}), [bars("AAPL", [day(100)])]).engine
    assert "switched off" in engine.on_command(1, command("guards.max_daily_loss_pct", 0.1))["refused"]


def test_every_name_that_is_offered_can_be_overridden(engine):
    for name in NAMES:
        assert engine.on_command(1, command(name, 1))["override"] == name
    with pytest.raises(ConfigError, match=r"sizing\.max_position_pct"):
        checked("sizing.kelly_cap", 1, 60)
