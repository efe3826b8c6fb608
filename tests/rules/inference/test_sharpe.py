"""The error of a Sharpe ratio against scipy, against simulation, and in its invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from framework.rules.inference.sharpe import (
    SharpeEstimate,
    lo_error,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_error,
    sharpe_estimate,
)
from tests.rules.risk import market
from tests.rules.risk.drawn import odd, odd_numbers, returns

MONTHLY = SharpeEstimate(0.458, 24, -2.448, 10.164)
ratios = st.floats(-3.0, 3.0)


@st.composite
def estimates(draw):
    """Ratios with moments that a distribution can have: kurtosis >= skewness^2 + 1."""
    skewness = draw(st.floats(-3.0, 3.0))
    kurtosis = skewness * skewness + 1.0 + draw(st.floats(0.1, 20.0))
    return SharpeEstimate(draw(ratios), draw(st.integers(2, 10_000)), skewness, kurtosis)


def test_the_estimate_is_what_scipy_measures():
    sample = market.stock("IBM")
    found = sharpe_estimate(sample, 0.0001)
    assert found.ratio == pytest.approx((sample.mean() - 0.0001) / sample.std(ddof=1), rel=1e-12)
    assert found.skewness == pytest.approx(stats.skew(sample), rel=1e-9)
    assert found.kurtosis == pytest.approx(stats.kurtosis(sample, fisher=False), rel=1e-9)
    assert (found.observations, found.note) == (len(sample), "")


@given(returns(4, 60), st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_estimate_does_not_depend_on_the_size_of_the_bets(sample, scale):
    one, other = sharpe_estimate(sample), sharpe_estimate(scale * sample)
    assert other.note == one.note
    assert (other.ratio, other.skewness, other.kurtosis) == pytest.approx((one.ratio, one.skewness, one.kurtosis), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("length", [12, 60, 500])
@pytest.mark.parametrize("ratio", [0.0, 0.5, -2.0])
def test_the_error_of_normal_returns_is_los(ratio, length):
    assert lo_error(ratio, length).value == pytest.approx(math.sqrt((1.0 + ratio**2 / 2.0) / length), rel=1e-12)
    with_moments = sharpe_error(SharpeEstimate(ratio, length + 1)).value
    assert with_moments == pytest.approx(lo_error(ratio, length).value, rel=1e-12)


def test_the_error_of_skewed_returns_is_how_far_their_ratios_scatter():
    """Ratios of 4000 years of daily log-normal losses: the scatter is that of the formula, and far from that of normal returns."""
    generator = np.random.default_rng(5)
    shape = stats.lognorm(0.5)
    drawn = shape.mean() + 0.5 * shape.std() - shape.rvs(size=(4000, 250), random_state=generator)
    measured = (drawn.mean(axis=1) / drawn.std(axis=1, ddof=1)).std()
    skewness, kurtosis = -float(shape.stats("s")), float(shape.stats("k")) + 3.0
    assert measured == pytest.approx(sharpe_error(SharpeEstimate(0.5, 250, skewness, kurtosis)).value, rel=0.06)
    assert measured > 1.2 * lo_error(0.5, 250).value


@given(estimates(), ratios)
def test_the_probability_is_that_of_scipy(estimate, threshold):
    variance = 1.0 - estimate.skewness * estimate.ratio + (estimate.kurtosis - 1.0) / 4.0 * estimate.ratio**2
    expected = stats.norm.cdf((estimate.ratio - threshold) * math.sqrt(estimate.observations - 1) / math.sqrt(variance))
    assert probabilistic_sharpe(estimate, threshold).value == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(estimates(), ratios)
def test_a_ratio_is_above_or_below_with_probability_one(estimate, threshold):
    above = probabilistic_sharpe(estimate, threshold).value
    mirrored = SharpeEstimate(-estimate.ratio, estimate.observations, -estimate.skewness, estimate.kurtosis)
    assert above + probabilistic_sharpe(mirrored, -threshold).value == pytest.approx(1.0)


@given(estimates(), ratios, ratios)
def test_the_probability_falls_with_the_threshold(estimate, one, other):
    low, high = sorted((one, other))
    assert probabilistic_sharpe(estimate, low).value >= probabilistic_sharpe(estimate, high).value


def test_the_published_fund_with_and_without_its_tails():
    """Bailey and Lopez de Prado (2012): 0.982 if monthly returns were normal, 0.913 with the skewness and kurtosis they have."""
    assert probabilistic_sharpe(SharpeEstimate(0.458, 24)).value == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(MONTHLY).value == pytest.approx(0.913, abs=5e-4)


def test_the_published_lengths_of_record():
    """The same paper: an annual ratio of 2 is above 1 after 2.73 years of daily normal, 4.99 years of monthly skewed returns."""
    daily = minimum_track_record(SharpeEstimate(2.0 / math.sqrt(250), 2), 1.0 / math.sqrt(250))
    monthly = minimum_track_record(SharpeEstimate(2.0 / math.sqrt(12), 2, -0.72, 5.78), 1.0 / math.sqrt(12))
    assert (daily.value / 250, monthly.value / 12) == (pytest.approx(2.73, abs=5e-3), pytest.approx(4.99, abs=5e-3))


@given(estimates(), ratios, st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.999]))
def test_after_the_minimum_record_the_probability_is_the_confidence(estimate, threshold, confidence):
    needed = minimum_track_record(estimate, threshold, confidence).value
    assume(2.0 < needed < 1e9)
    reached = SharpeEstimate(estimate.ratio, needed, estimate.skewness, estimate.kurtosis)
    assert probabilistic_sharpe(reached, threshold).value == pytest.approx(confidence, rel=1e-9)


def test_even_odds_need_no_record():
    assert minimum_track_record(MONTHLY, 0.0, 0.5).value == 1.0


BROKEN = {
    "too few": (lambda: sharpe_estimate(np.array([0.1, 0.2, 0.3])), "3 observations; at least 4 are needed"),
    "empty": (lambda: sharpe_estimate(np.array([])), "0 observations; at least 4 are needed"),
    "constant": (lambda: sharpe_estimate(np.full(9, 0.1)), "the returns do not vary"),
    "not a number": (
        lambda: sharpe_estimate(np.array([0.1, 0.2, math.nan, 0.3])),
        "the value at 2 is nan; finite values up to 1e+30 are needed",
    ),
    "riskless": (lambda: sharpe_estimate(market.stock("IBM"), math.nan), "the riskless rate is nan; a finite fraction is needed"),
    "no period": (lambda: lo_error(0.5, 0), "0 observations; at least 1 are needed"),
    "infinite ratio": (lambda: lo_error(math.inf, 9), "the ratio is inf; finite values up to 1e+30 are needed"),
    "one period": (lambda: sharpe_error(SharpeEstimate(0.5, 1)), "1 observations; at least 2 are needed"),
    "no moments": (lambda: sharpe_error(SharpeEstimate(0.5, 9, math.nan)), "skewness nan and kurtosis 3.0 are no moments"),
    "no kurtosis": (lambda: sharpe_error(SharpeEstimate(0.5, 9, 0.0, math.inf)), "skewness 0.0 and kurtosis inf are no moments"),
    "two outcomes": (
        lambda: sharpe_error(SharpeEstimate(2.0, 9, 1.0, 2.0)),
        "with skewness 1 and kurtosis 2 the ratio has no variance",
    ),
    "passed on": (lambda: probabilistic_sharpe(SharpeEstimate(math.nan, 9, note="no returns")), "no returns"),
    "threshold": (lambda: probabilistic_sharpe(MONTHLY, math.nan), "the threshold is nan; finite values up to 1e+30 are needed"),
    "record of none": (lambda: minimum_track_record(SharpeEstimate(math.nan, 9, note="no returns")), "no returns"),
    "record threshold": (lambda: minimum_track_record(MONTHLY, math.inf), "the threshold is inf; finite values up to 1e+30 are needed"),
    "record moments": (lambda: minimum_track_record(SharpeEstimate(0.5, 9, math.nan)), "skewness nan and kurtosis 3.0 are no moments"),
    "record ratio": (lambda: minimum_track_record(SharpeEstimate(math.nan, 9)), "the ratio is nan; finite values up to 1e+30 are needed"),
    "below the threshold": (
        lambda: minimum_track_record(MONTHLY, 0.5),
        "a ratio of 0.458 is not clearly above 0.5: no record is long enough",
    ),
    "at the threshold": (
        lambda: minimum_track_record(MONTHLY, 0.458),
        "a ratio of 0.458 is not clearly above 0.458: no record is long enough",
    ),
    "doubt": (lambda: minimum_track_record(MONTHLY, 0.0, 0.49), "confidence is 0.49; it must lie in [0.5, 1), for example 0.95"),
    "certainty": (lambda: minimum_track_record(MONTHLY, 0.0, 1.0), "confidence is 1.0; it must lie in [0.5, 1), for example 0.95"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_where_there_is_no_answer_the_note_says_why(case):
    ask, note = BROKEN[case]
    found = ask()
    assert found.note == note
    assert math.isnan(found.ratio if isinstance(found, SharpeEstimate) else found.value)


@given(odd(1), odd_numbers, odd_numbers, odd_numbers, odd_numbers, st.integers(-5, 10**40))
def test_nothing_raises_and_an_answer_is_finite(sample, one, other, third, fourth, observations):
    for estimate in (sharpe_estimate(sample, one), SharpeEstimate(one, observations, other, third)):
        for found in (
            lo_error(estimate.ratio, estimate.observations),
            sharpe_error(estimate),
            probabilistic_sharpe(estimate, fourth),
            minimum_track_record(estimate, fourth, other),
        ):
            assert math.isfinite(found.value) != bool(found.note)
