"""Rules of stops on tables: the level at the entry and after some bars, the target, and why a position must be left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.errors import ConfigError
from framework.rules.stops.policy import ExitPolicy
from framework.rules.stops.state import (
    BEYOND_MARKET,
    FALLBACK,
    STOP,
    TAKE_PROFIT,
    TIME_STOP,
    Seen,
    added,
    advanced,
    breakeven_level,
    exit_due,
    nearer,
    opened,
)
from tests.rules.dollars import CENT, D, micros

BAR = Seen(102 * D, 98 * D, 100 * D)
LEVELS = [
    # policy, what was seen, direction, level at an entry of 100 dollars, code
    ({"percent": 5}, BAR, 1, 95 * D, ""),
    ({"percent": 5}, BAR, -1, 105 * D, ""),
    ({"atr_multiple": 2.5}, BAR._replace(atr=2 * D), 1, 95 * D, ""),
    ({"atr_multiple": 2.5}, BAR._replace(atr=2 * D), -1, 105 * D, ""),
    ({"atr_multiple": 2.5}, BAR, 1, 95 * D, FALLBACK),
    ({"atr_multiple": 2.5, "fallback_percent": 7}, BAR, -1, 107 * D, FALLBACK),
    ({"atr_multiple": 99}, BAR._replace(atr=2 * D), 1, 1, ""),
    ({"trail_percent": 10}, BAR, 1, 90 * D, ""),
    ({"trail_percent": 10}, BAR, -1, 110 * D, ""),
    ({"trail_amount": 1.5}, BAR, 1, 98_500_000, ""),
    ({"trail_amount": 1.5}, BAR, -1, 101_500_000, ""),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=93 * D), 1, 93 * D, ""),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=107 * D), -1, 107 * D, ""),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=99 * D), -1, 100 * D + CENT, BEYOND_MARKET),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=100 * D), 1, 100 * D - CENT, BEYOND_MARKET),
    ({"pullback_bars": 5}, BAR._replace(pullback=97 * D), 1, 97 * D, ""),
    ({"percent": 5, "pullback_bars": 5}, BAR._replace(pullback=97 * D), 1, 97 * D, ""),
    ({"percent": 2, "pullback_bars": 5}, BAR._replace(pullback=97 * D), 1, 98 * D, ""),
    ({"percent": 2, "trail_amount": 1}, BAR, -1, 101 * D, ""),
    ({}, BAR, 1, 0, ""),
    # Half a percent and half an ATR are rules too.
    ({"percent": 0.5}, BAR, 1, 99_500_000, ""),
    ({"trail_percent": 0.5}, BAR, -1, 100_500_000, ""),
    ({"atr_multiple": 0.5}, BAR._replace(atr=2 * D), 1, 99 * D, ""),
    # Exactly a tick behind the market is behind it.
    ({"trail_amount": 0.01}, BAR, 1, 99_990_000, ""),
    ({"trail_amount": 0.009}, BAR, 1, 99_990_000, BEYOND_MARKET),
]


@pytest.mark.parametrize(("rules", "seen", "direction", "level", "code"), LEVELS)
def test_the_level_at_the_entry(rules, seen, direction, level, code):
    state, said = opened(ExitPolicy(**rules), seen, 100 * D, direction, CENT)
    assert (state.level, state.initial, said) == (level, level, code)
    assert state.risk == (abs(100 * D - level) if level else 0)
    assert (state.best, state.bars, state.entry) == (100 * D, 0, 100 * D)


FOLLOWED = [
    # policy, direction, bars, level afterwards at an entry of 100 dollars
    ({"percent": 5}, 1, [(120, 99, 119)], 95),
    ({"trail_percent": 5}, 1, [(120, 99, 119), (118, 115, 116)], 114),
    ({"trail_percent": 5}, -1, [(101, 80, 81), (83, 81, 82)], 84),
    ({"trail_amount": 4}, 1, [(110, 99, 109)], 106),
    ({"trail_amount": 4}, -1, [(101, 90, 91)], 94),
    ({"percent": 5, "breakeven_r": 2}, 1, [(109.99, 99, 109)], 95),
    ({"percent": 5, "breakeven_r": 2}, 1, [(110, 99, 109)], 100),
    ({"percent": 5, "breakeven_r": 2, "breakeven_cost_bps": 25}, 1, [(110, 99, 109)], 100.25),
    ({"percent": 5, "breakeven_r": 2, "breakeven_cost_bps": 25}, -1, [(101, 90, 91)], 99.75),
    # Reached within the bar, but the close is back below the entry: it waits until the close stands above.
    ({"percent": 5, "breakeven_r": 2}, 1, [(110, 96, 100)], 95),
    ({"percent": 5, "breakeven_r": 2}, 1, [(110, 96, 100), (101, 97, 100.5)], 100),
    ({"percent": 5, "breakeven_r": 2}, -1, [(104, 90, 100), (100, 99, 99.5)], 100),
    ({"percent": 5, "breakeven_r": 0.5}, 1, [(102.5, 100, 100.000001)], 100),
    ({"percent": 5, "breakeven_r": 0.5}, 1, [(102.499999, 100, 101)], 95),
    # A bar in which nothing moved is a bar.
    ({"trail_amount": 4}, 1, [(100, 100, 100), (103, 103, 103)], 99),
    ({"trail_amount": 4}, 1, [(103, 101, 103), (105, 104, 104)], 101),
]


@pytest.mark.parametrize(("rules", "direction", "bars", "level"), FOLLOWED)
def test_the_level_after_some_bars(rules, direction, bars, level):
    policy = ExitPolicy(**rules)
    state, _ = opened(policy, BAR, 100 * D, direction, CENT)
    for bar in bars:
        state = advanced(state, policy, Seen(*map(micros, bar)))
    assert state.level == micros(level)
    assert state.bars == len(bars)


def test_a_chandelier_that_falls_leaves_the_level_where_it_was_unless_it_may_loosen():
    rising, falling = BAR._replace(chandelier=97 * D), BAR._replace(chandelier=91 * D)
    far = BAR._replace(chandelier=80 * D)
    for may_loosen, levels in ((False, [97 * D, 97 * D, 97 * D]), (True, [97 * D, 91 * D, 90 * D])):
        policy = ExitPolicy(percent=10, chandelier_multiple=3, may_loosen=may_loosen)
        state, _ = opened(policy, BAR, 100 * D, 1, CENT)
        seen = []
        for bar in (rising, falling, far):
            state = advanced(state, policy, bar)
            seen.append(state.level)
        assert seen == levels


@pytest.mark.parametrize(
    ("rules", "direction", "target"),
    [
        ({"percent": 5, "target_r": 3}, 1, 115),
        ({"percent": 5, "target_r": 3}, -1, 85),
        ({"target_percent": 8}, 1, 108),
        ({"target_percent": 8}, -1, 92),
        ({"percent": 50, "target_r": 3}, -1, 0.000001),
        ({"percent": 5, "target_r": 0.5}, 1, 102.5),
        ({"target_percent": 0.5}, 1, 100.5),
        ({"percent": 5}, 1, 0),
    ],
)
def test_the_profit_target(rules, direction, target):
    state, _ = opened(ExitPolicy(**rules), BAR, 100 * D, direction, CENT)
    assert state.target == micros(target)


@pytest.mark.parametrize(
    ("direction", "close", "bars", "why"),
    [
        (1, 95.000001, 0, ""),
        (1, 95, 0, STOP),
        (1, 80, 9, STOP),
        (1, 109.999999, 2, ""),
        (1, 110, 2, TAKE_PROFIT),
        (1, 111, 3, TAKE_PROFIT),
        (1, 100, 3, TIME_STOP),
        (1, 100, 4, TIME_STOP),
        (-1, 105, 0, STOP),
        (-1, 104.999999, 0, ""),
        (-1, 90, 0, TAKE_PROFIT),
        (-1, 90.01, 0, ""),
    ],
)
def test_why_a_position_must_be_left(direction, close, bars, why):
    policy = ExitPolicy(percent=5, target_percent=10, time_bars=3)
    state, _ = opened(policy, BAR, 100 * D, direction, CENT)
    assert exit_due(replace(state, bars=bars), policy, micros(close)) == why


def test_a_time_stop_of_one_bar_leaves_at_its_close():
    policy = ExitPolicy(time_bars=1)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    assert exit_due(state, policy, 100 * D) == ""
    assert exit_due(advanced(state, policy, BAR), policy, 100 * D) == TIME_STOP


def test_at_the_lowest_price_there_is_r_is_still_above_zero():
    state, code = opened(ExitPolicy(percent=5), BAR, 1, 1, CENT)
    assert (state.level, state.risk, code) == (1, 1, "")


def test_without_rules_a_position_is_counted_and_kept():
    policy = ExitPolicy()
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    state = advanced(state, policy, BAR)
    assert (state.level, state.best, state.bars) == (0, 102 * D, 1)
    assert exit_due(state, policy, 1) == ""


def test_shares_bought_lower_keep_the_tighter_level_and_move_the_target():
    policy = ExitPolicy(percent=10, target_r=2)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    state, code = added(state, policy, BAR, 96 * D, 92 * D, CENT)
    assert (state.entry, state.level, state.initial, state.risk, state.target, code) == (96 * D, 90 * D, 90 * D, 10 * D, 116 * D, "")


def test_shares_bought_higher_tighten_the_level():
    policy = ExitPolicy(percent=10)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    state, _ = added(state, policy, BAR, 110 * D, 120 * D, CENT)
    assert (state.level, state.initial, state.risk, state.bars) == (99 * D, 99 * D, 10 * D, 0)


def test_a_level_of_the_new_average_beyond_the_market_is_clamped():
    policy = ExitPolicy(percent=2)
    state, _ = opened(policy, BAR, 100 * D, -1, CENT)
    state, code = added(state, policy, BAR, 105 * D, 110 * D, CENT)
    assert (state.level, code) == (102 * D, BEYOND_MARKET)


@pytest.mark.parametrize(
    "rules",
    [
        {"percent": -1},
        {"percent": 100},
        {"trail_percent": float("nan")},
        {"atr_multiple": float("inf")},
        {"trail_amount": 1e10},
        {"target_percent": 100},
        {"pullback_bars": 2.5},
        {"atr_period": 0},
        {"chandelier_bars": 0},
        {"fallback_percent": 0},
        {"percent": 5, "target_r": 1, "target_percent": 1},
        {"target_r": 1},
        {"breakeven_r": 1, "time_bars": 3},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(rules):
    with pytest.raises(ConfigError, match=r"\[stops\]"):
        ExitPolicy(**rules)


def test_levels_neither_loosen_nor_follow_dividends_unless_asked():
    policy = ExitPolicy()
    assert (policy.may_loosen, policy.lowers_on_dividend, policy.has_stop) == (False, False, False)


@pytest.mark.parametrize(("first", "second", "long", "short"), [(0, 0, 0, 0), (0, 5, 5, 5), (5, 0, 5, 5), (3, 5, 5, 3)])
def test_the_nearer_level_is_that_towards_the_market(first, second, long, short):
    assert (nearer(1, first, second), nearer(-1, first, second)) == (long, short)


@pytest.mark.parametrize(("direction", "level"), [(1, 1_000_002), (-1, 999_998)])
def test_breakeven_pays_the_costs_to_the_last_micro_dollar(direction, level):
    assert breakeven_level(direction, D, 2) == level
    # Half a micro-dollar of costs counts as one.
    assert breakeven_level(direction, D // 2, 1) == D // 2 + direction
