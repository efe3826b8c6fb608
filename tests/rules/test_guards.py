"""Circuit breakers: when they trip, what they allow, that they stay so, and that a restart changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.errors import ConfigError, InvariantError
from framework.rules.guards.breakers import (
    is_stale,
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
    permits,
    size_multiplier,
    started,
)
from framework.rules.guards.policy import GuardPolicy
from framework.rules.guards.state import (
    BROKER_ERRORS,
    CONSECUTIVE_LOSSES,
    DAILY_LOSS,
    DRAWDOWN,
    EMERGENCY_SHUTDOWN,
    NEW_SESSION,
    OPERATOR_HALT,
    PROFIT_PROTECTION,
    RESUMED,
    SIZE_CUT,
    SIZE_RESTORED,
    STALE_DATA,
    GuardState,
    RiskViolationType,
    Tally,
    Transition,
)
from tests.rules.guard_days import ACTIVE, HALTED, OFF, REDUCING, START, through, tripped


@pytest.mark.parametrize(
    ("policy", "bars", "codes"),
    [
        ({"max_daily_loss_pct": 0.02}, [(0, 98.001)], []),
        ({"max_daily_loss_pct": 0.02}, [(0, 98)], [DAILY_LOSS]),
        # Two sessions of 1.5 % each are no daily loss of 2 %.
        ({"max_daily_loss_pct": 0.02}, [(0, 98.5), (1, 97.1)], []),
        # The overnight gap counts: the session is measured from the last close.
        ({"max_daily_loss_pct": 0.02}, [(0, 100), (1, 97)], [DAILY_LOSS]),
        # From the session's start, not from its peak.
        ({"max_daily_loss_pct": 0.02}, [(0, 105), (0, 99)], []),
        ({"max_drawdown_pct": 0.1}, [(0, 120), (1, 108.001)], []),
        ({"max_drawdown_pct": 0.1}, [(0, 120), (1, 115), (2, 108)], [DRAWDOWN]),
        ({"profit_goal_pct": 0.02}, [(0, 101.9), (0, 100)], []),
        ({"profit_goal_pct": 0.02}, [(0, 102), (0, 101.001)], []),
        ({"profit_goal_pct": 0.02}, [(0, 102), (0, 101)], [PROFIT_PROTECTION]),
        ({"profit_goal_pct": 0.02, "profit_give_back": 1.0}, [(0, 104), (0, 100.5)], []),
        # The goal belongs to a session.
        ({"profit_goal_pct": 0.02}, [(0, 104), (1, 100)], []),
        ({}, [(0, 1), (1, 0)], []),
    ],
)
def test_breakers_on_equity(policy, bars, codes):
    assert tripped(through(replace(OFF, **policy), *bars)) == codes


@pytest.mark.parametrize("equity", [0, -5])
def test_an_account_without_equity_has_lost_everything(equity):
    policy = replace(OFF, max_daily_loss_pct=1.0, max_drawdown_pct=1.0, profit_goal_pct=0.01)
    state, _ = on_bar(started(0, equity), policy, 1, 0, equity)
    assert tripped(state) == [DAILY_LOSS, DRAWDOWN]


def test_a_daily_breaker_is_released_by_the_next_session_if_the_policy_says_so():
    for resets, state_after in ((True, ACTIVE), (False, REDUCING)):
        policy = replace(OFF, max_daily_loss_pct=0.02, resets_daily=resets)
        state = through(policy, (0, 98), (0, 100))
        assert state.trading is REDUCING
        state, seen = on_bar(state, policy, 9, 1, START)
        assert state.trading is state_after
        assert seen == ((Transition(9, NEW_SESSION, REDUCING, ACTIVE, 1.0, 0.0),) if resets else ())


def test_a_drawdown_stays_until_the_operator_resumes_and_is_then_measured_anew():
    policy = replace(OFF, max_drawdown_pct=0.1)
    state = through(policy, (0, 90), (1, 100), (2, 120), (3, 119))
    assert (tripped(state), state.trading) == ([DRAWDOWN], REDUCING)
    state, seen = on_resume(state, 9)
    assert seen == (Transition(9, RESUMED, REDUCING, ACTIVE, 1.0, 0.0),)
    assert (state.trading, state.peak, state.opening, state.sessions) == (ACTIVE, 119_000 * MICRO, 119_000 * MICRO, 4)
    state, _ = on_bar(state, policy, 10, 3, 108_000 * MICRO)
    assert tripped(state) == []


def test_a_trip_is_recorded_once_with_code_figure_and_limit():
    policy = replace(OFF, max_daily_loss_pct=0.02)
    state, first = on_bar(started(0, START), policy, 5, 0, 97_000 * MICRO)
    state, second = on_bar(state, policy, 6, 0, 96_000 * MICRO)
    assert first == (Transition(5, DAILY_LOSS, ACTIVE, REDUCING, 0.03, 0.02),)
    assert second == ()
    assert state.cause is state.trips[0]
    assert state.trips[0].detail == "equity is 3.00% below the last session's end ([guards] max_daily_loss_pct = 0.02)"


def traded(policy: GuardPolicy, *results: int) -> tuple[GuardState, list[str]]:
    state, codes = started(0, START), []
    for number, pnl in enumerate(results):
        state, seen = on_trade(state, policy, number, pnl)
        codes += [one.code for one in seen]
    return state, codes


@pytest.mark.parametrize(
    ("results", "codes", "multiplier"),
    [
        ([-1, -1], [], 1.0),
        ([-1, -1, -1], [SIZE_CUT], 0.25),
        ([-1, -1, 1, -1], [], 1.0),
        ([1, -1, -1], [], 1.0),
        ([-1, -1, 0, -1], [SIZE_CUT], 0.25),
        ([-1, -1, -1, 1], [SIZE_CUT], 0.25),
        ([-1, -1, -1, 1, -1, 1], [SIZE_CUT], 0.25),
        ([-1, -1, -1, 1, 0, 1], [SIZE_CUT, SIZE_RESTORED], 1.0),
        ([-1, -1, -1, -1], [SIZE_CUT], 0.25),
        ([-1, -1, -1, 1, 1, -1, -1, -1], [SIZE_CUT, SIZE_RESTORED, SIZE_CUT], 0.25),
    ],
)
def test_a_losing_streak_cuts_the_size_to_a_quarter_until_two_wins(results, codes, multiplier):
    policy = replace(OFF, streak_losses=3)
    state, seen = traded(policy, *results)
    assert (seen, size_multiplier(state, policy), state.trading) == (codes, multiplier, ACTIVE)


def test_a_change_of_size_says_after_how_many_trades():
    policy = replace(OFF, streak_losses=2, streak_recovery_wins=1, streak_multiplier=0.5)
    state, cut = on_trade(started(0, START), replace(policy, streak_losses=1), 3, -1)
    assert cut == (Transition(3, SIZE_CUT, ACTIVE, ACTIVE, 1.0, 1.0),)
    assert size_multiplier(state, policy) == 0.5
    _, restored = on_trade(state, policy, 4, 1)
    assert restored == (Transition(4, SIZE_RESTORED, ACTIVE, ACTIVE, 1.0, 1.0),)


def test_a_resume_restores_the_full_size_and_a_new_session_does_not():
    policy = replace(OFF, streak_losses=1)
    state, _ = traded(policy, -1)
    state, _ = on_bar(state, policy, 1, 1, START)
    assert size_multiplier(state, policy) == 0.25
    state, _ = on_resume(state, 2)
    assert (size_multiplier(state, policy), state.losses) == (1.0, 0)


def test_losses_in_a_row_end_the_sessions_entries_and_each_further_one_does_again():
    policy = replace(OFF, max_consecutive_losses=2)
    state, codes = traded(policy, -1, 1, -1, -1)
    assert (codes, state.trading) == ([CONSECUTIVE_LOSSES], REDUCING)
    assert state.trips[0].detail == "2 losing trades in a row ([guards] max_consecutive_losses = 2)"
    state, _ = on_bar(state, policy, 9, 1, START)
    assert state.trading is ACTIVE
    state, _ = on_trade(state, policy, 10, -1)
    assert state.trading is REDUCING


def violated(policy: GuardPolicy, *kinds: RiskViolationType) -> GuardState:
    state = started(0, START)
    for number, kind in enumerate(kinds):
        state, _ = on_violation(state, policy, number, kind)
    return state


def test_there_are_ten_kinds_of_violation():
    assert len(RiskViolationType) == 10


def test_five_violations_of_one_kind_shut_down():
    kind, policy = RiskViolationType.DAILY_LOSS_LIMIT, GuardPolicy()
    assert violated(policy, *[kind] * 4).trading is ACTIVE
    state = violated(policy, *[kind] * 5)
    assert (state.trading, tripped(state)) == (HALTED, [EMERGENCY_SHUTDOWN])
    assert state.trips[0].detail == "5 violations of daily_loss_limit ([guards] max_violations = 5)"


def test_violations_of_different_kinds_are_counted_apart():
    state = violated(GuardPolicy(), *[RiskViolationType.LIQUIDITY, RiskViolationType.CORRELATION] * 4)
    assert state.trading is ACTIVE
    assert state.tallies == (Tally(RiskViolationType.CORRELATION, 4, 1), Tally(RiskViolationType.LIQUIDITY, 4, 1))


def test_a_kind_that_was_not_seen_for_some_sessions_starts_again():
    policy = replace(OFF, max_violations=3, violation_memory_sessions=2)
    for gap, count in ((2, 3), (3, 1)):
        state = violated(policy, *[RiskViolationType.LIQUIDITY] * 2)
        for session in range(1, gap + 1):
            state, _ = on_bar(state, policy, session, session, START)
        state, _ = on_violation(state, policy, 9, RiskViolationType.LIQUIDITY)
        assert state.tallies[0].seen == count


def test_a_daily_loss_is_a_violation_and_five_in_a_row_shut_down():
    policy, equity = replace(OFF, max_daily_loss_pct=0.02, max_violations=5), 100.0
    state, codes = started(0, START), []
    for session in range(5):
        equity *= 0.97
        state, seen = on_bar(state, policy, session, session, round(equity * 1000 * MICRO))
        codes += [one.code for one in seen if one.code != NEW_SESSION]
    assert codes == [DAILY_LOSS] * 5 + [EMERGENCY_SHUTDOWN]
    assert state.trading is HALTED
    # The next session releases the daily breaker, not the shutdown.
    state, seen = on_bar(state, policy, 9, 9, state.equity)
    assert (tripped(state), seen) == ([EMERGENCY_SHUTDOWN], (Transition(9, NEW_SESSION, HALTED, HALTED, 1.0, 0.0),))


@pytest.mark.parametrize(
    ("missed", "detail"),
    [
        (0, None),
        (2, None),
        (3, "IBM missed 3 bars in a row"),
        (40, "IBM missed 40 bars in a row"),
        (-1, "IBM has a bar from the future"),
        (None, "IBM has never had a bar"),
    ],
)
@pytest.mark.parametrize("look", [on_data, on_wanted])
def test_missing_unknown_and_future_data_allow_no_entry(look, missed, detail):
    policy = replace(OFF, max_missed_bars=3)
    assert is_stale(policy, missed) is (detail is not None)
    state, _ = look(started(0, START), policy, 1, "IBM", missed)
    assert state.trading is (ACTIVE if detail is None else REDUCING)
    if detail is not None:
        assert state.trips[0].detail == f"{detail} ([guards] max_missed_bars = 3)"
        state, _ = look(state, policy, 2, "IBM", 0)
        assert state.trading is REDUCING


def test_an_outage_is_one_trip_and_one_violation_however_many_sessions_it_lasts():
    policy = replace(OFF, max_missed_bars=3, max_violations=2)
    state, codes = started(0, START), []
    for session, missed in enumerate((0, 1, 2, 3, 4, 5, 0, 3), start=1):
        state, looked = on_data(state, policy, session, "IBM", missed)
        state, closed = on_bar(state, policy, session, session, START)
        codes += [(session, one.code) for one in looked + closed]
    assert codes == [(4, STALE_DATA), (7, NEW_SESSION), (8, STALE_DATA), (8, EMERGENCY_SHUTDOWN)]


def test_a_symbol_to_be_entered_says_nothing_of_what_is_held():
    policy = replace(OFF, max_missed_bars=3)
    state, _ = on_data(started(0, START), policy, 1, "IBM", 3)
    assert on_wanted(state, policy, 1, "MSFT", 0)[0].data_is_stale
    assert not on_wanted(started(0, START), policy, 1, "MSFT", 3)[0].data_is_stale


def test_data_of_a_symbol_never_seen_have_a_figure_that_can_be_stored():
    _, seen = on_data(started(0, START), GuardPolicy(), 1, "IBM", None)
    assert (seen[0].figure, seen[0].limit) == (-1.0, 3.0)


def test_data_are_not_looked_at_when_their_breaker_is_off():
    assert on_data(started(0, START), OFF, 1, "IBM", None) == (started(0, START), ())
    assert not is_stale(OFF, None)


def test_failures_among_the_last_calls_halt_and_older_ones_are_forgotten():
    policy = replace(OFF, max_broker_errors=3, broker_window=5)
    for calls, state_after in (([1, 1, 0, 0, 0, 1], ACTIVE), ([1, 1, 0, 0, 1], HALTED), ([0, 1, 0, 1, 0, 1], HALTED), ([1, 1], ACTIVE)):
        state = started(0, START)
        for number, failed in enumerate(calls):
            state, _ = on_broker_answer(state, policy, number, bool(failed))
        assert state.trading is state_after
        assert len(state.failures) <= 5
    assert state.failures == (1, 1)


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
def test_failures_are_counted_as_if_the_whole_window_were_kept(answers, window):
    policy = replace(OFF, max_broker_errors=1, broker_window=window)
    state = started(0, START)
    for number, failed in enumerate(answers):
        state, _ = on_broker_answer(state, policy, number, failed)
        kept = answers[max(number + 1 - window, 0) : number + 1]
        assert sum(state.failures) == sum(kept)
        assert state.failures[:1] in {(), (1,)}


def test_the_operator_halts_and_resumes():
    state, seen = on_halt(started(0, START), OFF, 3, "news")
    assert seen == (Transition(3, OPERATOR_HALT, ACTIVE, HALTED, 0.0, 0.0),)
    assert state.trips[0].detail == "halted by the operator: news"
    state, _ = on_bar(state, OFF, 4, 1, START)
    assert state.trading is HALTED
    assert on_resume(state, 5)[0].trading is ACTIVE


def test_the_strictest_breaker_rules_and_is_the_cause():
    policy = replace(OFF, max_daily_loss_pct=0.02, max_broker_errors=1)
    state = through(policy, (0, 90))
    state, seen = on_broker_answer(state, policy, 2, True)
    assert (tripped(state), state.trading) == ([DAILY_LOSS, BROKER_ERRORS], HALTED)
    assert seen[0][2:4] == (REDUCING, HALTED)
    assert state.cause == state.trips[1]
    assert started(0, START).cause is None


@pytest.mark.parametrize(
    ("trading", "reduces", "protects", "allowed"),
    [
        (ACTIVE, False, False, True),
        (REDUCING, False, False, False),
        (REDUCING, True, False, True),
        (REDUCING, False, True, True),
        (HALTED, False, False, False),
        (HALTED, True, False, False),
        (HALTED, True, True, True),
    ],
)
def test_what_each_state_allows(trading, reduces, protects, allowed):
    assert permits(trading, reduces, protects) is allowed


@pytest.mark.parametrize(
    ("amount", "references"), [(100_000, (200_000, 240_000, 240_000)), (-50_000, (50_000, 60_000, 60_000)), (-100_000, (0, 0, 0))]
)
def test_money_paid_in_or_out_is_neither_profit_nor_loss(amount, references):
    state = through(OFF, (0, 120), (0, 100))
    state = on_flow(state, amount * MICRO)
    assert (state.opening, state.day_peak, state.peak) == tuple(value * MICRO for value in references)
    assert state.equity == START + amount * MICRO


@pytest.mark.parametrize("before", [0, -50])
def test_money_paid_into_an_empty_account_begins_anew(before):
    state = on_flow(started(0, before * MICRO), 100 * MICRO)
    assert (state.equity, state.opening, state.day_peak, state.peak) == ((before + 100) * MICRO,) * 4


@pytest.mark.parametrize(("reference", "equity", "figure"), [(100, 98, 0.02), (100, 101, -0.01), (1, 0, 1.0), (0, 0, 1.0), (-5, 10, 1.0)])
def test_a_loss_is_a_fraction_of_its_reference(reference, equity, figure):
    assert loss_fraction(reference, equity) == figure


def test_every_remembered_call_may_have_to_fail():
    assert GuardPolicy(max_broker_errors=20, broker_window=20).max_broker_errors == 20


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ({"max_daily_loss_pct": 0}, "max_daily_loss_pct"),
        ({"max_drawdown_pct": 1.5}, "max_drawdown_pct"),
        ({"profit_give_back": float("nan")}, "profit_give_back"),
        ({"streak_multiplier": 0.0}, "streak_multiplier"),
        ({"profit_goal_pct": float("inf")}, "profit_goal_pct"),
        ({"profit_goal_pct": 0.0}, "profit_goal_pct"),
        ({"max_missed_bars": 0}, "max_missed_bars"),
        ({"max_violations": 0}, "max_violations"),
        ({"streak_losses": 2.5}, "streak_losses"),
        ({"max_broker_errors": 21}, "max_broker_errors"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(rules, key):
    with pytest.raises(ConfigError, match=rf"\[guards\] {key}"):
        GuardPolicy(**rules)


@pytest.mark.parametrize(
    "change",
    [
        {"equity": 1.5},
        {"equity": True},
        {"session": None},
        {"size_is_cut": 1},
        {"data_is_stale": 1},
        {"failures": ["1"]},
        {"failures": None},
        {"tallies": [["no_such_kind", 1, 1]]},
        {"tallies": [["liquidity", 1.0, 1]]},
        {"tallies": [["liquidity", 1]]},
        {"trips": [[1, "no_such_code", 0.0, 0.0, ""]]},
        {"trips": [[1, "drawdown", "much", 0.0, ""]]},
        {"trips": [[1.0, "drawdown", 0.2, 0.1, ""]]},
        {"trips": [[1]]},
        {"more": 1},
    ],
)
def test_a_stored_state_that_is_not_one_is_refused(change):
    with pytest.raises(InvariantError, match="stored state of the guards"):
        GuardState.from_dict(started(0, START).to_dict() | change)
