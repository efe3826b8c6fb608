"""Circuit breakers over any day: what always holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.errors import InvariantError
from framework.rules.guards.breakers import (
    calm_above,
    given_back,
    is_calm,
    loss_fraction,
    on_bar,
    on_broker_answer,
    on_data,
    on_flow,
    on_halt,
    on_resume,
    on_trade,
    on_violation,
    on_wanted,
    started,
)
from framework.rules.guards.policy import GuardPolicy
from framework.rules.guards.state import (
    BREAKERS,
    BROKER_ERRORS,
    CONSECUTIVE_LOSSES,
    DAILY_LOSS,
    DRAWDOWN,
    EMERGENCY_SHUTDOWN,
    NEW_SESSION,
    OPERATOR_HALT,
    OPERATOR_REDUCE,
    PROFIT_PROTECTION,
    STALE_DATA,
    GuardState,
    RiskViolationType,
    Tally,
    Transition,
)
from tests.rules.guard_days import ACTIVE, HALTED, OFF, REDUCING, START, through, tripped


def test_a_stored_state_without_a_field_is_refused():
    stored = started(0, START).to_dict()
    del stored["trips"]
    with pytest.raises(InvariantError, match="trips"):
        GuardState.from_dict(stored)


POLICIES = st.sampled_from(
    [
        GuardPolicy(),
        GuardPolicy(resets_daily=False, max_consecutive_losses=2, streak_losses=1, max_violations=2),
        GuardPolicy(max_broker_errors=2, broker_window=3, violation_memory_sessions=1),
    ]
)
EVENTS = st.one_of(
    st.tuples(st.just("bar"), st.integers(0, 3), st.integers(-10, 200)),
    st.tuples(st.just("trade"), st.integers(-1, 1)),
    st.tuples(st.just("violation"), st.sampled_from(sorted(RiskViolationType))),
    st.tuples(st.sampled_from(["data", "wanted"]), st.one_of(st.none(), st.integers(-1, 5))),
    st.tuples(st.just("call"), st.booleans()),
    st.tuples(st.just("halt"), st.text(max_size=3)),
    st.tuples(st.just("flow"), st.integers(-50, 50)),
)


def after(state: GuardState, policy: GuardPolicy, event: tuple, timestamp: int) -> tuple[GuardState, tuple[Transition, ...]]:
    kind, *given_values = event
    if kind == "bar":
        session, thousands = given_values
        return on_bar(state, policy, timestamp, session, thousands * 1000 * MICRO)
    if kind == "flow":
        return on_flow(state, given_values[0] * 1000 * MICRO), ()
    if kind in {"data", "wanted"}:
        return {"data": on_data, "wanted": on_wanted}[kind](state, policy, timestamp, "IBM", given_values[0])
    step = {"trade": on_trade, "violation": on_violation, "call": on_broker_answer, "halt": on_halt}[kind]
    return step(state, policy, timestamp, given_values[0])


@given(POLICIES, st.lists(EVENTS, max_size=40))
def test_nothing_loosens_but_a_new_session_its_own_breakers(policy, events):
    state = started(0, START)
    for timestamp, event in enumerate(events):
        later, seen = after(state, policy, event, timestamp)
        gone = [trip.code for trip in state.trips if trip not in later.trips]
        if event[0] == "bar" and event[1] != state.session and policy.resets_daily:
            assert all(BREAKERS[code].daily for code in gone)
        else:
            assert gone == []
            assert later.trading >= state.trading
        assert len(set(tripped(later))) == len(later.trips)
        new = [one.code for one in seen if one.code in BREAKERS]
        assert new == [trip.code for trip in later.trips if trip not in state.trips]
        # The record tells the whole story: it starts where the state was and ends where it is.
        path = [state.trading, *(one.after for one in seen)]
        assert [one.before for one in seen] == path[:-1]
        assert path[-1] is later.trading
        state = later


@given(POLICIES, st.lists(EVENTS, max_size=20), st.lists(EVENTS, max_size=20))
def test_a_restart_changes_nothing(policy, before, behind):
    state = started(0, START)
    for timestamp, event in enumerate(before):
        state, _ = after(state, policy, event, timestamp)
    restored = GuardState.from_dict(json.loads(json.dumps(state.to_dict(), allow_nan=False)))
    assert restored == state
    for timestamp, event in enumerate(behind, len(before)):
        (state, told), (restored, again) = after(state, policy, event, timestamp), after(restored, policy, event, timestamp)
        assert (state, told) == (restored, again)
    assert restored.trading is state.trading


@given(POLICIES, st.lists(EVENTS, max_size=20))
def test_a_resume_closes_every_breaker_and_no_reference_is_left(policy, events):
    state = started(0, START)
    for timestamp, event in enumerate(events):
        state, _ = after(state, policy, event, timestamp)
    fresh, _ = on_resume(state, 99)
    assert (fresh.trading, fresh.trips, fresh.tallies, fresh.failures) == (ACTIVE, (), (), ())
    assert fresh.equity == fresh.opening == fresh.peak == fresh.day_peak == state.equity
    again, _ = on_bar(fresh, policy, 100, fresh.session, state.equity)
    assert again.trading is (ACTIVE if state.equity > 0 else REDUCING)


@given(st.integers(10**9, 10**13), st.integers(100, 1000), st.integers(100, 1000), st.integers(-900, 5000))
def test_a_flow_leaves_every_fraction_as_it_was(peak, opening, equity, amount):
    state = GuardState(0, peak * equity // 1000, peak * opening // 1000, peak, peak)
    later = on_flow(state, state.equity * amount // 1000)
    for reference in ("opening", "day_peak", "peak"):
        before, after = (loss_fraction(getattr(one, reference), one.equity) for one in (state, later))
        # References are whole micro-dollars, hence the tolerance.
        assert after == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize(
    ("opening", "peak", "equity", "goal", "figure"),
    [(100, 110, 105, 0.1, 0.5), (100, 110, 105, 0.11, 0.0), (100, 100, 90, 0.0, 0.0), (0, 10, 5, 0.1, 0.0), (100, 110, 90, 0.1, 2.0)],
)
def test_what_was_given_back_is_a_fraction_of_the_best_profit(opening, peak, equity, goal, figure):
    assert given_back(opening, peak, equity, goal) == figure


def test_where_each_breaker_leads_and_which_ones_a_session_releases():
    assert {code: (breaker.state, breaker.daily) for code, breaker in BREAKERS.items()} == {
        DAILY_LOSS: (REDUCING, True),
        DRAWDOWN: (REDUCING, False),
        CONSECUTIVE_LOSSES: (REDUCING, True),
        PROFIT_PROTECTION: (REDUCING, True),
        STALE_DATA: (REDUCING, True),
        BROKER_ERRORS: (HALTED, False),
        EMERGENCY_SHUTDOWN: (HALTED, False),
        OPERATOR_HALT: (HALTED, False),
        OPERATOR_REDUCE: (REDUCING, False),
    }


def test_the_defaults_are_those_of_the_guide():
    assert GuardPolicy() == GuardPolicy(0.02, 0.20, 6, 3, 0.25, 2, 0.02, 0.5, 5, 5, 3, 10, 20, True)


def test_every_change_carries_the_time_of_its_event():
    policy = replace(
        OFF, max_daily_loss_pct=0.02, max_consecutive_losses=1, streak_losses=1, streak_recovery_wins=1, max_violations=1,
        max_missed_bars=1, max_broker_errors=1,
    )  # fmt: skip
    state = started(0, START)
    steps = [
        on_bar(state, policy, 11, 0, START // 2),
        on_trade(state, policy, 12, -1),
        on_data(state, policy, 13, "IBM", None),
        on_broker_answer(state, policy, 14, True),
        on_halt(state, policy, 15, "lunch"),
        on_violation(state, policy, 16, RiskViolationType.STALE_DATA),
    ]
    for timestamp, (after, changes) in enumerate(steps, start=11):
        assert {change.timestamp for change in changes} == {timestamp}
        assert {trip.timestamp for trip in after.trips} == {timestamp}


def test_a_session_begins_with_its_number_and_the_equity_before_it():
    policy = replace(OFF, max_daily_loss_pct=0.02)
    state, changes = on_bar(through(policy, (0, 120), (0, 97)), policy, 9, 5, 90_000 * MICRO)
    assert (state.session, state.sessions, state.opening, state.day_peak) == (5, 2, 97_000 * MICRO, 97_000 * MICRO)
    assert [change.code for change in changes] == [NEW_SESSION, DAILY_LOSS]


def test_a_resumed_account_stays_in_its_session():
    state, _ = on_resume(through(OFF, (3, 90), (4, 80)), 9)
    assert (state.session, state.sessions, state.opening, state.peak) == (4, 3, 80_000 * MICRO, 80_000 * MICRO)


def test_a_cut_size_that_is_restored_can_be_stored():
    policy = replace(OFF, streak_losses=1, streak_recovery_wins=1)
    state = started(0, START)
    for pnl in (-1, 1):
        state, _ = on_trade(state, policy, 1, pnl)
    assert state.size_is_cut is False
    assert GuardState.from_dict(json.loads(json.dumps(state.to_dict()))) == state


def test_the_smallest_gain_is_a_win_and_no_loss():
    assert on_trade(started(0, START), OFF, 1, 1)[0].wins == 1
    assert on_trade(started(0, START), OFF, 1, 1)[0].losses == 0


def test_a_violation_is_counted_under_its_kind():
    state, _ = on_violation(started(0, START), OFF, 1, RiskViolationType.STALE_DATA)
    assert state.tallies == (Tally(RiskViolationType.STALE_DATA, 1, 1),)


fractions = st.none() | st.floats(0.001, 1.0)


@given(fractions, fractions, fractions, st.floats(0.01, 1.0), st.lists(st.integers(-START, 3 * START), min_size=1, max_size=20))
def test_a_calm_close_trips_nothing_and_only_a_calm_one(daily_loss, drawdown, goal, give_back, closes):
    policy = replace(OFF, max_daily_loss_pct=daily_loss, max_drawdown_pct=drawdown, profit_goal_pct=goal, profit_give_back=give_back)
    state = started(0, START)
    for number, equity in enumerate(closes):
        day_peak, peak = max(state.day_peak, equity), max(state.peak, equity)
        calm = is_calm(policy, state.opening, day_peak, peak, equity)
        known = len(state.trips)
        state, transitions = on_bar(replace(state, trips=()), policy, number, 0, equity)
        assert calm == (not transitions), known
        assert (state.equity, state.day_peak, state.peak) == (equity, day_peak, peak)


@given(fractions, fractions, fractions, st.floats(0.01, 1.0), st.integers(1, 10**15), st.data())
def test_every_equity_between_the_calm_floor_and_the_peak_is_calm(daily_loss, drawdown, goal, give_back, opening, data):
    policy = replace(OFF, max_daily_loss_pct=daily_loss, max_drawdown_pct=drawdown, profit_goal_pct=goal, profit_give_back=give_back)
    day_peak = opening + data.draw(st.integers(0, opening))
    peak = day_peak + data.draw(st.integers(0, opening))
    floor = calm_above(policy, opening, day_peak, peak)
    if floor < day_peak:
        for equity in (floor + 1, day_peak, data.draw(st.integers(floor + 1, day_peak))):
            assert is_calm(policy, opening, day_peak, peak, equity)
