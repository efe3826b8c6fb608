"""The state of a stop through dividends and splits, and states that cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.errors import InvariantError
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

BAR = Seen(102 * D, 98 * D, 100 * D)


def test_a_dividend_moves_the_target_and_leaves_the_trail_as_it_is():
    policy = ExitPolicy(trail_amount=4, target_r=2, lowers_on_dividend=True)
    state, _ = opened(policy, BAR, 100 * D, -1, CENT)
    assert ex_dividend(state, policy, 2 * D) == replace(state, entry=98 * D, initial=102 * D, level=102 * D, best=98 * D, target=90 * D)
    assert ex_dividend(state, policy, 200 * D).entry == 1


def test_a_split_scales_every_price_and_nothing_else():
    state = StopState(1, 100 * D, 90 * D, 96 * D, 120 * D, 10 * D, 0, 4 * D, 7)
    assert split(state, 2, 1) == StopState(1, 50 * D, 45 * D, 48 * D, 60 * D, 5 * D, 0, 2 * D, 7)
    assert split(state, 1, 10) == StopState(1, 1000 * D, 900 * D, 960 * D, 1200 * D, 100 * D, 0, 40 * D, 7)
    assert split(state, 3, 1).level == 32 * D
    assert split(state, 7, 1).entry == 14_285_714
    assert split(replace(state, trail=1), 10, 1).trail == 1


@pytest.mark.parametrize(("new", "old"), [(0, 1), (1, 0), (-2, 1)])
def test_a_split_of_nothing_is_refused(new, old):
    with pytest.raises(InvariantError, match="split"):
        split(StopState(1, 1, 0, 0, 1, 0, 0, 0, 0), new, old)


@pytest.mark.parametrize(
    "bar", [(0, 0, 0), (102 * D, 98 * D, 97 * D), (102 * D, 98 * D, 103 * D), (98 * D, 102 * D, 100 * D), (102 * D, 0, 100 * D)]
)
def test_a_bar_that_is_none_changes_nothing(bar):
    policy = ExitPolicy(trail_percent=5)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    assert advanced(state, policy, Seen(*bar)) == state


@pytest.mark.parametrize(
    "change", [{"direction": 0}, {"entry": 0}, {"best": 0}, {"level": -1}, {"bars": -1}, {"risk": -1}, {"target": -1}, {"trail": -1}]
)
def test_an_impossible_state_cannot_be_made(change):
    good = StopState(1, 100, 90, 90, 100, 10, 0, 0, 0).to_dict()
    with pytest.raises(InvariantError):
        StopState.from_dict(good | change)


@pytest.mark.parametrize("change", [{"level": 1.5}, {"level": None}, {"level": True}, {"more": 1}])
def test_a_stored_state_that_is_not_one_is_refused(change):
    good = StopState(1, 100, 90, 90, 100, 10, 0, 0, 0).to_dict()
    with pytest.raises(InvariantError, match="whole numbers"):
        StopState.from_dict(good | change)
    with pytest.raises(InvariantError, match="whole numbers"):
        StopState.from_dict({"level": 1})
