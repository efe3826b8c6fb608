"""The stationary bootstrap: parts of the history there was, in blocks of the length that was asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.inference.bootstrap import MOST_PATHS, block_places, bootstrap_paths
from framework.rules.risk.montecarlo import generator_of


def test_blocks_run_on_and_are_as_long_as_asked_for():
    places = block_places(500, 25.0, 200, generator_of(1))
    assert places.shape == (200, 500)
    assert (places.min(), places.max()) == (0, 499)
    joined = (places[:, 1:] - places[:, :-1]) % 500 == 1
    assert 1.0 / (1.0 - joined.mean()) == pytest.approx(25.0, rel=0.05)
    counts = np.bincount(places.ravel(), minlength=500)
    assert counts.min() > 100  # every day has its turn, the ends too: 200 on average


def test_blocks_of_one_are_drawn_alone():
    places = block_places(50, 1.0, 400, generator_of(2))
    joined = (places[:, 1:] - places[:, :-1]) % 50 == 1
    assert joined.mean() == pytest.approx(0.02, abs=0.005)


@given(
    returns=st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=30),
    seed=st.integers(0, 99),
    compound=st.booleans(),
)
def test_the_figures_of_a_path_are_those_of_its_days(returns, seed, compound):
    history = np.array(returns)
    found = bootstrap_paths(history, 2.0, 3, generator_of(seed), compound=compound)
    places = block_places(len(history), 2.0, 3, generator_of(seed))
    for path in range(3):
        wealth, highest, deepest = 1.0, 1.0, 0.0
        for move in history[places[path]].tolist():
            wealth = wealth * (1.0 + move) if compound else wealth + move
            highest = max(highest, wealth)
            deepest = min(deepest, wealth / highest - 1.0)
        assert found.growth[path] == pytest.approx(wealth - 1.0)
        assert found.drawdown[path] == pytest.approx(deepest)


def test_paths_are_centred_on_the_history_and_repeat_with_their_seed():
    history = np.sin(np.arange(250)) / 100.0 + 0.001
    first, again, other = (bootstrap_paths(history, 10.0, 2_000, generator_of(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.growth, again.growth)
    assert not np.array_equal(first.growth, other.growth)
    assert np.log1p(first.growth).mean() == pytest.approx(np.log1p(history).sum(), rel=0.02)
    assert first.loss_probability < 0.02
    assert first.sharpe.mean() > 0.0


def test_many_paths_are_the_same_whether_drawn_in_parts_or_not():
    history = np.sin(np.arange(1_000)) / 100.0
    found = bootstrap_paths(history, 10.0, 2_500, generator_of(5))  # more numbers than are held at once
    assert len(found.growth) == len(found.sharpe) == len(found.drawdown) == 2_500
    assert len(np.unique(found.growth)) == 2_500


@pytest.mark.parametrize(
    ("returns", "block", "paths", "note"),
    [
        ([0.1], 1.0, 10, "1 observation"),
        ([0.1, math.nan], 1.0, 10, "finite"),
        ([0.1, 0.2], 3.0, 10, "blocks of 3; 1 to 2"),
        ([0.1, 0.2], 0.5, 10, "blocks of 0.5"),
        ([0.1, 0.2], 1.0, 0, "0 paths; 1 to 100,000"),
        ([0.1, 0.2], 1.0, MOST_PATHS + 1, "100001 paths"),
    ],
)
def test_what_has_no_answer_says_why(returns, block, paths, note):
    found = bootstrap_paths(np.array(returns), block, paths, generator_of(0))
    assert found.growth.size == 0
    assert note in found.note
    assert math.isnan(found.loss_probability)


def test_a_path_without_risk_has_a_ratio_of_nothing():
    found = bootstrap_paths(np.array([0.01, 0.01]), 1.0, 5, generator_of(0))
    assert found.sharpe.tolist() == [0.0] * 5
