from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from framework.rules.risk.estimate import estimate, no_estimate
from framework.rules.risk.moments import moments, unbiased_excess_kurtosis, unbiased_skewness
from framework.rules.risk.parametric import Mean, cornish_fisher, cornish_fisher_discriminant, cornish_fisher_quantile, normal
from framework.rules.risk.student import fit_student, student, student_fitted
from tests.rules.risk import market
from tests.rules.risk.drawn import confidences, returns, ticks

MODELS = {
    "normal": normal,
    "normal mean": lambda sample, confidence: normal(sample, confidence, mean=Mean.SAMPLE),
    "student": lambda sample, confidence: student(sample, confidence, 5.0),
    "student zero": lambda sample, confidence: student(sample, confidence, 5.0, mean=Mean.ZERO),
}
models = st.sampled_from(sorted(MODELS)).map(MODELS.get)


def year() -> np.ndarray:
    return market.stock("AAPL")[-252:]


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("mean", Mean)
def test_the_normal_model_is_the_integral_of_its_density(confidence, mean):
    sample = year()
    centre = sample.mean() if mean is Mean.SAMPLE else 0.0
    held = stats.norm(centre, sample.std(ddof=1))
    quantile = held.ppf(1 - confidence)
    tail = integrate.quad(lambda x: x * held.pdf(x), -np.inf, quantile, epsabs=1e-14)[0]
    found = normal(sample, confidence, mean=mean)
    assert found.var == pytest.approx(-quantile, rel=1e-9)
    assert found.cvar == pytest.approx(-tail / (1 - confidence), rel=1e-7)


@pytest.mark.parametrize("freedom", [2.5, 3.0, 5.0, 30.0, 200.0])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_the_t_model_has_the_samples_variance_and_its_own_tail(freedom, confidence):
    sample = year()
    held = stats.t(freedom, sample.mean(), sample.std(ddof=1) * math.sqrt((freedom - 2) / freedom))
    assert held.std() == pytest.approx(sample.std(ddof=1))
    mean_quantile = integrate.quad(held.ppf, 0.0, 1 - confidence)[0] / (1 - confidence)
    found = student(sample, confidence, freedom)
    assert found.var == pytest.approx(-held.ppf(1 - confidence), rel=1e-9)
    assert found.cvar == pytest.approx(-mean_quantile, rel=1e-6)


@pytest.mark.parametrize("name", ["AAPL", "IBM", "MSFT", "GOOG"])
@pytest.mark.parametrize("count", [120, 252, 1500])
def test_the_fitted_t_is_at_least_as_likely_as_scipys(name, count):
    sample = market.stock(name)[-count:]
    fit = fit_student(sample)
    here = (fit.freedom, fit.location, fit.scale)
    assert fit.log_likelihood == pytest.approx(stats.t.logpdf(sample, *here).sum(), rel=1e-10)
    assert fit.log_likelihood >= stats.t.logpdf(sample, *stats.t.fit(sample)).sum() - 1e-5
    for place in range(3):
        for step in (-1e-3, 1e-3):
            aside = np.array(here) + np.eye(3)[place] * step * (fit.freedom if place == 0 else fit.scale)
            assert stats.t.logpdf(sample, *aside).sum() < fit.log_likelihood


def test_tails_thinner_than_normal_stop_at_the_most_degrees():
    fit = fit_student(np.linspace(-0.01, 0.01, 400))
    assert fit.freedom == pytest.approx(200.0, rel=1e-6)


def test_tails_too_fat_for_a_variance_stop_at_the_fewest_degrees():
    sample = np.asarray(stats.cauchy.ppf((np.arange(400) + 0.5) / 400)) / 1000
    assert fit_student(sample).freedom == pytest.approx(2.1, rel=1e-6)


def test_a_stale_series_has_no_fit():
    sample = np.zeros(252)
    sample[::10] = 0.01 * np.arange(26)
    assert "are equal" in fit_student(sample).note
    assert "are equal" in student_fitted(sample, 0.95).note


def test_returns_equal_to_within_rounding_have_no_fit():
    sample = np.concatenate([1e-15 * np.arange(250), [0.05, -0.05]])
    assert "likelihood has no maximum" in fit_student(sample).note


def test_a_figure_that_is_not_finite_is_no_estimate():
    assert estimate(math.inf, 1.0, "any", 3) == no_estimate("any", 3, "the result is not finite")


@pytest.mark.parametrize("freedom", [2.1, 2.0, 1.0, 0.0, -5.0, 201.0, math.inf, math.nan])
def test_degrees_without_a_variance_are_refused(freedom):
    assert "degrees of freedom" in student(year(), 0.95, freedom).note


# Cornish-Fisher


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("mean", Mean)
def test_the_modified_cvar_is_the_integral_of_the_modified_quantile(confidence, mean):
    sample = year()
    skewness, kurtosis = stats.skew(sample), stats.kurtosis(sample)
    total = integrate.quad(lambda u: cornish_fisher_quantile(special.ndtri(u), skewness, kurtosis), 0.0, 1 - confidence, limit=200)[0]
    centre = sample.mean() if mean is Mean.SAMPLE else 0.0
    expected = -(centre + sample.std(ddof=1) * total / (1 - confidence))
    assert cornish_fisher(sample, confidence, mean=mean).cvar == pytest.approx(expected, rel=1e-6)


@given(st.floats(-3, 3), st.floats(-2, 12))
def test_the_discriminant_says_whether_the_expansion_turns_back(skewness, kurtosis):
    discriminant = cornish_fisher_discriminant(skewness, kurtosis)
    assume(abs(discriminant) > 1e-3)
    places = np.array([-2.0, -1.0, 1.0, 2.0])
    cubic = np.polynomial.Polynomial.fit(places, cornish_fisher_quantile(places, skewness, kurtosis), 3).convert()
    slope = cubic.deriv()
    assume(abs(slope.coef[-1]) > 1e-3)
    turns = bool((np.abs(slope.roots().imag) < 1e-12).any())
    assert turns == (discriminant > 0.0)


def test_outside_its_domain_the_expansion_is_refused():
    sample = np.concatenate([np.tile([0.01, -0.011, 0.004, -0.002], 20), [-0.09] * 3])
    assert "excess kurtosis" in cornish_fisher(sample, 0.99).note
    lean = np.concatenate([np.linspace(0.0, 0.01, 60), np.full(12, -0.03)])
    assert abs(moments(lean).excess_kurtosis) < 8.0
    assert "outside the domain" in cornish_fisher(lean, 0.99).note
    assert "excess kurtosis" in cornish_fisher(market.stock("AAPL"), 0.99).note


def test_the_moments_are_those_of_scipy():
    sample = year()
    found = moments(sample)
    assert found[:4] == pytest.approx((sample.mean(), sample.std(ddof=1), stats.skew(sample), stats.kurtosis(sample)), rel=1e-10)
    assert unbiased_skewness(found.skewness, 252) == pytest.approx(stats.skew(sample, bias=False))
    assert unbiased_excess_kurtosis(found.excess_kurtosis, 252) == pytest.approx(stats.kurtosis(sample, bias=False))
    assert math.isnan(unbiased_skewness(0.1, 2))
    assert math.isnan(unbiased_excess_kurtosis(0.1, 3))


# Properties


@given(returns(), confidences, models)
def test_cvar_is_never_below_var(sample, confidence, model):
    found = model(sample, confidence)
    assume(found.known)
    assert found.cvar >= found.var


@given(returns(), confidences, models, st.sampled_from([0.25, 2.0, 1024.0]))
def test_twice_the_position_has_twice_the_risk(sample, confidence, model, factor):
    once, scaled = model(sample, confidence), model(factor * sample, confidence)
    assume(once.known)
    assert (scaled.var, scaled.cvar) == pytest.approx((factor * once.var, factor * once.cvar), rel=1e-12, abs=1e-15)


@given(returns(), confidences, ticks)
def test_a_certain_gain_lowers_risk_by_itself_when_the_mean_counts(sample, confidence, gain):
    before, after = (normal(one, confidence, mean=Mean.SAMPLE) for one in (sample, sample + gain))
    assume(before.known and after.known)
    assert after.var == pytest.approx(before.var - gain, abs=1e-12)
    assert after.cvar == pytest.approx(before.cvar - gain, abs=1e-12)


@given(returns(), models)
def test_more_confidence_means_more_risk(sample, model):
    low, high = model(sample, 0.95), model(sample, 0.99)
    assume(low.known)
    assert high.var > low.var
    assert high.cvar > low.cvar


@given(st.floats(-0.1, 0.1), st.floats(0.0, 0.05))
def test_more_confidence_means_more_modified_var_inside_the_domain(lean, weight):
    normal_scores = special.ndtri((np.arange(300) + 0.5) / 300)
    sample = 0.01 * (normal_scores + lean * normal_scores**2 + weight * normal_scores**3)
    low, high = cornish_fisher(sample, 0.95), cornish_fisher(sample, 0.99)
    assume(low.known)
    assert high.var >= low.var
    assert low.cvar >= low.var
    assert high.cvar >= high.var


@pytest.mark.parametrize("value", [0.0, 0.1, -0.01, 1e-300])
def test_returns_that_do_not_vary_are_no_model_of_risk(value):
    sample = np.full(100, value)
    for model in (*MODELS.values(), cornish_fisher, student_fitted):
        assert "do not vary" in model(sample, 0.95).note


@pytest.mark.parametrize("days", [0, -1, 10_001, 10**400])
def test_a_horizon_out_of_range_is_refused(days):
    assert "horizon" in normal(year(), 0.95, days=days).note


@given(st.floats(-3, 3), st.floats(-2, 8))
def test_the_discriminant_is_that_of_the_expansions_slope(skewness, kurtosis):
    nodes = np.array([-2.0, -1.0, 1.0, 2.0])
    values = [cornish_fisher_quantile(node, skewness, kurtosis) for node in nodes]
    constant, linear, square = np.polynomial.Polynomial.fit(nodes, values, 3, domain=(-1, 1)).deriv().coef
    expected = linear * linear - 4.0 * square * constant
    assert cornish_fisher_discriminant(skewness, kurtosis) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_moments_of_tiny_and_of_huge_returns_are_those_of_plain_ones():
    plain = moments(year())
    for factor in (1e-120, 1e28):
        found = moments(year() * factor)
        assert (found.skewness, found.excess_kurtosis) == pytest.approx((plain.skewness, plain.excess_kurtosis), rel=1e-9)


def test_the_small_sample_corrections_begin_where_they_are_defined():
    assert unbiased_skewness(0.5, 3) == pytest.approx(0.5 * math.sqrt(6.0))
    assert math.isnan(unbiased_skewness(0.5, 2))
    assert unbiased_excess_kurtosis(0.5, 4) == pytest.approx(3.0 * (5.0 * 0.5 + 6.0) / 2.0)
    assert math.isnan(unbiased_excess_kurtosis(0.5, 3))


@pytest.mark.parametrize("mean", Mean)
def test_ten_days_have_ten_means_and_the_root_of_ten_deviations(mean):
    sample = year()
    centre = float(sample.mean()) if mean is Mean.SAMPLE else 0.0
    spread, z = float(sample.std(ddof=1)) * math.sqrt(10.0), stats.norm.ppf(0.99)
    found = normal(sample, 0.99, mean=mean, days=10)
    assert found.var == pytest.approx(z * spread - 10.0 * centre)
    assert found.cvar == pytest.approx(spread * stats.norm.pdf(z) / 0.01 - 10.0 * centre)


@pytest.mark.parametrize("mean", Mean)
def test_the_centre_of_the_t_is_the_one_asked_for(mean):
    sample = year()
    centre = float(sample.mean()) if mean is Mean.SAMPLE else 0.0
    scale = float(sample.std(ddof=1)) * math.sqrt(3.0 / 5.0)
    assert student(sample, 0.99, 5.0, mean=mean).var == pytest.approx(-stats.t(5, centre, scale).ppf(0.01))
