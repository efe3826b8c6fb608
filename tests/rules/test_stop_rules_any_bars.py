"""Stops over any bars: what always holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import ConfigError, InvariantError
from framework.rules.stops.policy import ExitPolicy
from framework.rules.stops.state import (
    Seen,
    StopState,
    advanced,
    ex_dividend,
    opened,
    split,
)
from tests.rules.dollars import CENT, D

dollars = st.integers(2, 500).map(lambda price: price * 12 * D)


@st.composite
def bars_seen(draw):
    low, close, high = sorted(draw(st.lists(dollars, min_size=3, max_size=3)))
    atr, chandelier, pullback = (draw(st.one_of(st.just(0), dollars)) for _ in range(3))
    return Seen(high, low, close, atr, chandelier, pullback)


on_or_off = st.sampled_from([0, 1, 3])
amounts = st.builds(
    ExitPolicy,
    trail_amount=st.sampled_from([0.0, 12.0, 60.0]),
    atr_multiple=on_or_off,
    chandelier_multiple=on_or_off,
    pullback_bars=st.just(5),
    breakeven_r=on_or_off,
    target_r=on_or_off,
    time_bars=st.sampled_from([0, 5]),
    may_loosen=st.booleans(),
)
policies = st.one_of(
    amounts,
    st.builds(
        ExitPolicy,
        percent=st.floats(0.01, 99.0),
        trail_percent=st.sampled_from([0.0, 0.5, 5.0, 50.0]),
        breakeven_r=st.floats(0.0, 5.0),
        breakeven_cost_bps=st.floats(0.0, 100.0),
        target_percent=st.floats(0.0, 99.0),
        may_loosen=st.booleans(),
    ),
)
directions = st.sampled_from([1, -1])
histories = st.lists(bars_seen(), max_size=12)


def folded(state: StopState, policy: ExitPolicy, history: list[Seen]) -> StopState:
    for seen in history:
        state = advanced(state, policy, seen)
    return state


@given(policies, bars_seen(), dollars, directions, histories)
def test_a_stop_only_tightens_or_never_passes_its_initial_level(policy, seen, entry, direction, history):
    state, _ = opened(policy, seen, entry, direction, CENT)
    assert direction * (entry - state.level) >= CENT
    for bar in history:
        later = advanced(state, policy, bar)
        floor = state.initial if policy.may_loosen else state.level
        assert direction * (later.level - floor) >= 0
        assert direction * (later.best - state.best) >= 0
        state = later


@given(policies, bars_seen(), dollars, directions, histories, histories)
def test_a_restart_changes_nothing(policy, seen, entry, direction, before, after):
    state, _ = opened(policy, seen, entry, direction, CENT)
    stored = json.dumps(folded(state, policy, before).to_dict())
    assert folded(StopState.from_dict(json.loads(stored)), policy, after) == folded(state, policy, before + after)


@given(amounts, bars_seen(), dollars, directions, histories, histories, st.sampled_from([(2, 1), (3, 1), (3, 2), (1, 4), (1, 1)]))
def test_a_split_between_two_bars_changes_only_the_unit(policy, seen, entry, direction, before, after, ratio):
    new, old = ratio
    state, _ = opened(policy, seen, entry, direction, CENT)
    scaled = [Seen(*(price * old // new for price in bar)) for bar in after]
    then_split = split(folded(state, policy, before + after), new, old)
    assert folded(split(folded(state, policy, before), new, old), policy, scaled) == then_split


@given(amounts, bars_seen(), dollars, histories)
def test_a_short_in_a_mirror_is_a_long(policy, seen, entry, history):
    top = 20_000 * D
    # A percentage has no mirror image, so the fallback must not be needed.
    seen = seen._replace(pullback=seen.pullback or 12 * D)

    def mirrored(bar: Seen) -> Seen:
        levels = (top - level if level else 0 for level in (bar.chandelier, bar.pullback))
        return Seen(top - bar.low, top - bar.high, top - bar.close, bar.atr, *levels)

    long, code = opened(policy, seen, entry, 1, CENT)
    short, same = opened(policy, mirrored(seen), top - entry, -1, CENT)
    states = (folded(long, policy, history), folded(short, policy, [mirrored(bar) for bar in history]))
    if min(states[0].level, states[0].initial, long.level) == 1:
        return  # a level at the bottom of the scale has no mirror image
    assert (states[1].level, states[1].best, states[1].risk, code) == (top - states[0].level, top - states[0].best, states[0].risk, same)


@given(policies, bars_seen(), dollars, directions, st.integers(0, 10 * D))
def test_a_dividend_keeps_every_distance(policy, seen, entry, direction, amount):
    policy = replace(policy, lowers_on_dividend=True)
    state, _ = opened(policy, seen, entry, direction, CENT)
    lower = ex_dividend(state, policy, amount)
    assert lower.entry == entry - amount
    assert lower.risk == state.risk
    if min(level for level in (state.level, state.target or state.level)) > amount:
        assert lower.entry - lower.level == state.entry - state.level
        assert not state.target or lower.target - lower.entry == state.target - state.entry


def test_a_split_scales_every_price_and_no_distance_in_r():
    state = StopState(1, 100 * D, 90 * D, 95 * D, 120 * D, 10 * D, 130 * D, 4 * D, 7)
    assert split(state, 2, 1) == StopState(1, 50 * D, 45 * D, 47_500_000, 60 * D, 5 * D, 65 * D, 2 * D, 7)


def test_a_stop_that_cannot_be_says_what_it_needs():
    with pytest.raises(InvariantError, match="a stop needs direction \\+1 or -1, an entry and a best price above 0 and nothing negative"):
        StopState(0, 100 * D, 90 * D, 90 * D, 100 * D, 10 * D, 0, 0, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"percent": 5.0, "atr_period": 0}, "[stops] atr_period, chandelier_bars and fallback_percent must be above 0"),
        ({"percent": 5.0, "target_r": 2.0, "target_percent": 9.0}, "[stops] target_r and target_percent are both set; keep one"),
        ({"target_r": 2.0}, "[stops] target_r and breakeven_r need a stop that defines R; set percent, for example"),
    ],
)
def test_rules_that_exclude_one_another_are_named(fields, message):
    with pytest.raises(ConfigError) as refused:
        ExitPolicy(**fields)
    assert str(refused.value) == message
