"""Cross-validation of a search against a slow obvious one, on searches whose verdict is known, and in its invariants."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from framework.rules.inference.overfitting import MOST_BLOCKS, backtest_overfitting
from tests.rules.risk import market
from tests.rules.risk.drawn import odd

seeds = st.integers(0, 2**32 - 1)


def noise(seed: int, rows: int, trials: int) -> np.ndarray:
    return 0.01 * np.random.default_rng(seed).standard_normal((rows, trials))


def slowly(returns: np.ndarray, blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits and both ratios of the chosen trial, split by split, from the rows themselves."""
    pieces = np.array_split(returns, blocks)
    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([pieces[block] for block in chosen])
        outside = np.concatenate([pieces[block] for block in range(blocks) if block not in chosen])
        there, here = (half.mean(axis=0) / half.std(axis=0, ddof=1) for half in (inside, outside))
        best = int(np.argmax(there))
        place = stats.rankdata(here)[best] / (returns.shape[1] + 1)
        found.append((stats.logistic.ppf(place), there[best], here[best]))
    return tuple(np.array(found).T)


@given(seeds, st.sampled_from([2, 4, 6]), st.integers(2, 7), st.integers(12, 40))
def test_the_verdict_is_that_of_a_slow_and_obvious_one(seed, blocks, trials, rows):
    returns = noise(seed, rows, trials)
    found = backtest_overfitting(returns, blocks)
    logits, inside, outside = slowly(returns, blocks)
    assert found.logits == pytest.approx(logits, rel=1e-9, abs=1e-12)
    assert found.in_sample == pytest.approx(inside, rel=1e-9)
    assert found.out_of_sample == pytest.approx(outside, rel=1e-9, abs=1e-12)
    assert found.probability == pytest.approx(np.mean(logits < 1e-12))
    assert found.median_logit == pytest.approx(np.median(logits), rel=1e-9, abs=1e-12)
    assert found.loss_probability == np.mean(outside < 0.0)
    assert found.note == ""


def test_more_splits_than_are_held_at_once_are_all_there(monkeypatch):
    returns = noise(3, 50, 4)
    whole = backtest_overfitting(returns, 8)
    monkeypatch.setattr("framework.rules.inference.overfitting._RATIOS_AT_ONCE", 10)
    parts = backtest_overfitting(returns, 8)
    assert len(parts.logits) == math.comb(8, 4)
    assert (parts.logits.tolist(), parts.in_sample.tolist()) == (whole.logits.tolist(), whole.in_sample.tolist())


def test_sixteen_blocks_are_the_usual_ones():
    assert len(backtest_overfitting(noise(1, 64, 3)).logits) == math.comb(16, 8)


def test_a_trial_that_is_better_throughout_is_no_overfitting():
    returns = noise(7, 400, 9)
    returns[:, 4] += 0.02
    found = backtest_overfitting(returns, 8)
    assert (found.probability, found.loss_probability) == (0.0, 0.0)
    assert found.logits == pytest.approx(math.log(9.0))  # ranked 9 of 10


def test_trials_that_give_back_what_they_earned_are_all_overfitting():
    """Every trial ends where it began, with risk of one size: what was best in one half is worst in the other."""
    returns = np.sign(noise(2, 400, 9))
    returns -= returns.mean(axis=0)
    returns /= returns.std(axis=0)
    found = backtest_overfitting(returns, 8)
    assert found.probability > 0.95
    assert found.loss_probability == 1.0
    assert found.degradation == pytest.approx(-1.0, abs=0.1)


def test_among_worthless_trials_the_choice_is_a_throw_of_dice():
    verdicts = [backtest_overfitting(noise(seed, 240, 10), 6).probability for seed in range(200)]
    assert np.mean(verdicts) == pytest.approx(0.5, abs=0.06)


def test_the_slope_is_that_of_scipy():
    found = backtest_overfitting(market.crossovers(), 8)
    assert found.degradation == pytest.approx(stats.linregress(found.in_sample, found.out_of_sample).slope, rel=1e-9)


def test_equal_trials_share_their_rank():
    returns = noise(11, 80, 3)
    doubled = backtest_overfitting(np.repeat(returns, 2, axis=1), 4)
    alone = backtest_overfitting(returns, 4)
    ranks = np.rint(4.0 / (1.0 + np.exp(-alone.logits)))
    assert doubled.logits == pytest.approx(np.log((2 * ranks - 0.5) / (7.0 - (2 * ranks - 0.5))))
    same = backtest_overfitting(np.repeat(returns[:, :1], 5, axis=1), 4)
    assert (same.probability, np.abs(same.logits).max()) == (1.0, 0.0)


@given(seeds, st.permutations(range(5)))
def test_the_order_and_the_size_of_the_trials_do_not_matter(seed, order):
    returns = noise(seed, 40, 5)
    one, other = backtest_overfitting(returns, 4), backtest_overfitting(returns[:, list(order)] * np.array([1.0, 2.0, 3.0, 1e6, 1e-6]), 4)
    assert other.probability == one.probability
    assert other.in_sample == pytest.approx(one.in_sample, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e25])
def test_tiny_and_huge_returns_are_judged_alike(scale):
    returns = noise(8, 40, 4)
    assert backtest_overfitting(scale * returns, 4).in_sample == pytest.approx(backtest_overfitting(returns, 4).in_sample, rel=1e-9)


@given(seeds)
def test_time_may_run_backwards(seed):
    returns = noise(seed, 48, 4)
    one, other = backtest_overfitting(returns, 6), backtest_overfitting(returns[::-1], 6)
    assert sorted(other.logits) == pytest.approx(sorted(one.logits), abs=1e-12)


def test_a_trial_that_did_not_trade_in_a_half_has_a_ratio_of_zero_there():
    """Both lose, the second less, and it sits the first half out: it is chosen in both halves, the first time for standing still."""
    losing = noise(4, 40, 2) - np.array([0.2, 0.1])
    losing[:20, 1] = 0.0
    found = backtest_overfitting(losing, 2)
    assert (found.in_sample[0], found.out_of_sample[1]) == (0.0, 0.0)
    assert found.loss_probability == 0.5
    assert found.out_of_sample[0] == found.in_sample[1] == pytest.approx(losing[20:, 1].mean() / losing[20:, 1].std(ddof=1))
    assert not found.note


ODD = "an even number from 2 to 20 is needed"
FLAT = np.column_stack([noise(6, 40, 1)[:, 0], np.where(np.arange(40) < 20, 0.001, noise(7, 40, 1)[:, 0])])
BROKEN = {
    "odd blocks": (noise(1, 40, 3), 7, f"7 blocks; {ODD}"),
    "no blocks": (noise(1, 40, 3), 0, f"0 blocks; {ODD}"),
    "negative blocks": (noise(1, 40, 3), -2, f"-2 blocks; {ODD}"),
    "many blocks": (noise(1, 100, 3), MOST_BLOCKS + 2, f"22 blocks; {ODD}"),
    "short": (noise(1, 31, 3), 16, "31 observations; at least 32 are needed"),
    "empty": (np.empty((0, 3)), 2, "0 observations; at least 4 are needed"),
    "one trial": (noise(1, 40, 1), 4, "1 trials; at least 2 are needed to choose from"),
    "no trial": (noise(1, 40, 0), 4, "0 trials; at least 2 are needed to choose from"),
    "one column": (noise(1, 40, 1)[:, 0], 4, "an array of 1 dimensions was given, 2 asked for"),
    "not a number": (np.where(np.arange(120).reshape(40, 3) == 31, np.nan, 0.1), 4, "the value at (10, 1) is nan"),
    "riskless": (FLAT, 2, "trial 1 earns the same amount in every row of a half: no Sharpe ratio there"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_where_there_is_no_verdict_the_note_says_why(case):
    returns, blocks, note = BROKEN[case]
    found = backtest_overfitting(returns, blocks)
    assert found.note.startswith(note)
    assert all(math.isnan(value) for value in (found.probability, found.median_logit, found.loss_probability, found.degradation))
    assert found.logits.size == found.in_sample.size == found.out_of_sample.size == 0


def test_the_fewest_rows_there_may_be():
    assert not backtest_overfitting(noise(1, 32, 3), 16).note
    assert not backtest_overfitting(noise(1, 4, 2), 2).note


@given(odd(2, 12), st.sampled_from([2, 4]))
def test_nothing_raises_and_a_verdict_is_a_probability(returns, blocks):
    found = backtest_overfitting(returns, blocks)
    assert (0.0 <= found.probability <= 1.0) != bool(found.note)
    assert np.isfinite(found.logits).all()
