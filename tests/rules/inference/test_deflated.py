"""The luck of a search against exact integrals and simulation, and the deflated ratio against published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from framework.rules.inference.deflated import DeflatedSharpe, deflated_sharpe, expected_maximum_sharpe, independent_trials
from framework.rules.inference.sharpe import SharpeEstimate, probabilistic_sharpe
from tests.rules.risk.drawn import odd, odd_numbers

CHOSEN = SharpeEstimate(0.12, 1000, -0.5, 6.0)
RATIOS = np.array([0.12, 0.05, -0.02, 0.03, 0.08])
counts = st.integers(1, 100_000)
spreads = st.floats(0.0, 1.0)


def largest_of(trials: int) -> float:
    """Mean of the largest of ``trials`` standard normal numbers, by its density."""
    density = lambda x: x * trials * stats.norm.pdf(x) * stats.norm.cdf(x) ** (trials - 1)  # noqa: E731
    return integrate.quad(density, -10.0, 10.0, limit=200)[0]


@pytest.mark.parametrize(("trials", "off"), [(2, 0.08), (5, 0.03), (10, 0.025), (100, 0.01), (10_000, 0.01)])
def test_the_best_of_worthless_trials_is_as_good_as_the_largest_of_normal_numbers(trials, off):
    assert expected_maximum_sharpe(trials, 1.0).value == pytest.approx(largest_of(trials), rel=off)


def test_the_formula_at_a_count_where_it_is_simple():
    """At N = 2 the first quantile is the median, 0: what is left is g z(1 - 1 / (2 e))."""
    assert expected_maximum_sharpe(2, 1.0).value == pytest.approx(np.euler_gamma * stats.norm.ppf(1.0 - 0.5 / math.e), rel=1e-12)


@given(counts, counts, spreads)
def test_more_trials_are_more_luck(one, other, spread):
    fewer, more = sorted((one, other))
    assert 0.0 <= expected_maximum_sharpe(fewer, spread).value <= expected_maximum_sharpe(more, spread).value


@given(counts, spreads)
def test_luck_is_proportional_to_the_spread(trials, spread):
    assert expected_maximum_sharpe(trials, spread).value == pytest.approx(spread * expected_maximum_sharpe(trials, 1.0).value)


@pytest.mark.parametrize("trials", [1, 1.0, 1.0 + 1e-15, 1.2])
def test_one_trial_has_no_luck_and_a_little_more_than_one_none_below_zero(trials):
    assert expected_maximum_sharpe(trials, 0.5).value == 0.0


def test_a_count_beyond_what_one_less_its_inverse_can_show_still_has_a_quantile():
    assert expected_maximum_sharpe(1e20, 1.0).value == pytest.approx(9.46, abs=0.2)


@pytest.mark.parametrize(("trials", "threshold", "probability"), [(100, 0.1132, 0.9004), (46, None, 0.9505)])
def test_the_published_example(trials, threshold, probability):
    """Bailey and Lopez de Prado (2014): annual ratio 2.5, five years of 250 days, variance 1/2, skewness -3, kurtosis 10."""
    luck = expected_maximum_sharpe(trials, math.sqrt(0.5 / 250)).value
    assert threshold is None or luck == pytest.approx(threshold, abs=5e-5)
    chosen = SharpeEstimate(2.5 / math.sqrt(250), 1250, -3.0, 10.0)
    assert probabilistic_sharpe(chosen, luck).value == pytest.approx(probability, abs=5e-5)


def test_the_deflated_ratio_is_the_probability_of_beating_luck():
    found = deflated_sharpe(CHOSEN, RATIOS)
    luck = expected_maximum_sharpe(5, float(np.std(RATIOS, ddof=1))).value
    assert found == DeflatedSharpe(probabilistic_sharpe(CHOSEN, luck).value, luck, 5.0, pytest.approx(np.std(RATIOS, ddof=1), rel=1e-12))


def test_trials_that_were_not_kept_count():
    kept, all_of_them = deflated_sharpe(CHOSEN, RATIOS), deflated_sharpe(CHOSEN, RATIOS, 500)
    assert all_of_them.threshold > kept.threshold
    assert all_of_them.probability < kept.probability
    assert (all_of_them.trials, all_of_them.spread) == (500, kept.spread)


@pytest.mark.parametrize("ratios", [np.array([0.12]), np.full(7, 0.12)], ids=["one trial", "equal trials"])
def test_where_there_was_nothing_to_choose_nothing_is_deflated(ratios):
    found = deflated_sharpe(CHOSEN, ratios)
    assert (found.probability, found.threshold, found.spread) == (probabilistic_sharpe(CHOSEN).value, 0.0, 0.0)
    assert found.trials == len(ratios)


@pytest.mark.parametrize(
    ("trials", "correlation", "independent"), [(100, 0.0, 100.0), (100, 1.0, 1.0), (100, 0.5, 50.5), (100, -0.3, 100.0), (1, 0.4, 1.0)]
)
def test_correlated_trials_are_worth_fewer(trials, correlation, independent):
    assert independent_trials(trials, correlation).value == pytest.approx(independent)


NO_TRIALS = "0 trials; 1 or more are needed"
BROKEN = {
    "no trials": (lambda: expected_maximum_sharpe(0, 0.1), NO_TRIALS),
    "unknown trials": (lambda: expected_maximum_sharpe(math.nan, 0.1), "nan trials; 1 or more are needed"),
    "negative spread": (lambda: expected_maximum_sharpe(5, -0.1), "the spread of the ratios is -0.1; it must be finite and not below 0"),
    "unknown spread": (lambda: expected_maximum_sharpe(5, math.nan), "the spread of the ratios is nan; it must be finite and not below 0"),
    "worth of none": (lambda: independent_trials(0, 0.1), NO_TRIALS),
    "correlation": (lambda: independent_trials(5, 1.1), "the mean correlation is 1.1; it must lie between -1 and 1"),
    "unknown correlation": (lambda: independent_trials(5, math.nan), "the mean correlation is nan; it must lie between -1 and 1"),
    "no chosen": (lambda: deflated_sharpe(SharpeEstimate(math.nan, 9, note="no returns"), RATIOS), "no returns"),
    "no ratios": (lambda: deflated_sharpe(CHOSEN, np.empty(0)), "0 observations; at least 1 are needed"),
    "a trial without a ratio": (
        lambda: deflated_sharpe(CHOSEN, np.array([0.1, math.nan])),
        "the value at 1 is nan; finite values up to 1e+30 are needed",
    ),
    "count": (lambda: deflated_sharpe(CHOSEN, RATIOS, 0), NO_TRIALS),
    "one ratio of many": (
        lambda: deflated_sharpe(CHOSEN, RATIOS[:1], 40),
        "one ratio has no spread; the ratios of all 40 trials are needed",
    ),
    "short record": (lambda: deflated_sharpe(SharpeEstimate(0.1, 1), RATIOS), "1 observations; at least 2 are needed"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_where_there_is_no_answer_the_note_says_why(case):
    ask, note = BROKEN[case]
    found = ask()
    assert found.note == note
    assert math.isnan(found.probability if isinstance(found, DeflatedSharpe) else found.value)
    assert not isinstance(found, DeflatedSharpe) or math.isnan(found.threshold)


@given(odd(1), odd_numbers, odd_numbers)
def test_nothing_raises_and_an_answer_is_finite(ratios, one, other):
    assert math.isfinite(expected_maximum_sharpe(one, other).value) != bool(expected_maximum_sharpe(one, other).note)
    assert math.isfinite(independent_trials(one, other).value) != bool(independent_trials(one, other).note)
    for trials in (None, one):
        found = deflated_sharpe(CHOSEN, ratios, trials)
        assert math.isfinite(found.probability) == math.isfinite(found.threshold) != bool(found.note)
