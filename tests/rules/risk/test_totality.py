"""Whatever comes in: no exception, no warning, and NaN exactly where a note says why."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.risk import backtests, benchmark, covariance, exposure, portfolio, shortfall_backtests
from framework.rules.risk.correlation import window_correlation
from framework.rules.risk.ewma import Seed, ewma, ewma_forecasts, ewma_volatility
from framework.rules.risk.features import FEATURES, risk_feature
from framework.rules.risk.garch import GarchModel, filtered_historical, garch, volatility_ahead
from framework.rules.risk.garch_fit import fit_garch
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.joint import component_shortfall, component_worst_days, joint_historical, simple_sum
from framework.rules.risk.models import Horizon, RiskModel, RiskPolicy, symbol_risk
from framework.rules.risk.montecarlo import generator_of, joint_monte_carlo, monte_carlo
from framework.rules.risk.panel import historical_row, rolling_historical
from framework.rules.risk.parametric import cornish_fisher, normal
from framework.rules.risk.quantiles import Quantile, age_weighted, historical
from framework.rules.risk.shortfall import Shortfall, expected_shortfall
from framework.rules.risk.student import fit_student, student, student_fitted
from framework.rules.risk.traffic_light import binomial_cumulative, traffic_light
from tests.rules.risk.drawn import odd, odd_confidences, odd_numbers

ESTIMATORS = {
    **{f"historical {one}": lambda r, c, q=one: historical(r, c, q, minimum=1) for one in Quantile},
    "age weighted": age_weighted,
    "normal": normal,
    "normal 10 days": lambda r, c: normal(r, c, days=10),
    "student": lambda r, c: student(r, c, 4.0),
    "student fitted": student_fitted,
    "cornish fisher": cornish_fisher,
    **{f"ewma {one}": lambda r, c, s=one: ewma(r, c, 0.94, s) for one in Seed},
    "monte carlo": lambda r, c: monte_carlo(r, c, generator_of(1), draws=50),
    "garch": lambda r, c: garch(MODEL, r, c),
    "filtered": lambda r, c: filtered_historical(MODEL, r, c),
    "unfitted": lambda r, c: garch(fit_garch(r), r, c),
    "sqrt time": lambda r, c: sqrt_time(historical(r, c), 10),
    **{str(one): lambda r, c, m=one: symbol_risk(r, RiskPolicy(m, confidence=c, minimum=2)) for one in RiskModel if one != "monte_carlo"},
    "ten days": lambda r, c: symbol_risk(r, RiskPolicy(confidence=c, days=10, minimum=2, horizon=Horizon.OVERLAPPING)),
}
MODEL = GarchModel(mu=0.0, omega=2e-6, alpha=0.08, gamma=0.02, beta=0.9, freedom=6.0, backcast=1e-4)


def is_answered(found):
    """Numbers without NaN, CVaR not below VaR; or NaN with a reason."""
    if math.isnan(found.var):
        return math.isnan(found.cvar) and bool(found.note)
    return math.isfinite(found.cvar) and found.cvar >= found.var


@pytest.mark.parametrize("name", ESTIMATORS)
@given(sample=st.one_of(odd(), odd(2, 5), odd(0)), confidence=odd_confidences)
def test_every_estimator_answers_any_array(name, sample, confidence):
    assert is_answered(ESTIMATORS[name](sample, confidence))


@given(odd(), odd_confidences, st.sampled_from(Shortfall))
def test_every_shortfall_definition_answers_any_array(sample, confidence, definition):
    found = expected_shortfall(sample, confidence, definition)
    assert math.isnan(found.value) == bool(found.note)


@given(odd(), odd_numbers)
def test_fits_and_forecasts_answer_any_array(sample, number):
    assert math.isnan(fit_student(sample).location) == bool(fit_student(sample).note)
    assert math.isnan(ewma_volatility(sample, number).value) == bool(ewma_volatility(sample, number).note)
    assert ewma_forecasts(sample).shape == sample.shape
    ahead = volatility_ahead(MODEL, sample, 10)
    assert math.isnan(ahead.value) == bool(ahead.note)


@given(st.one_of(odd(), odd(2, 12)), st.integers(-3, 45), odd_confidences)
def test_panels_answer_any_array(sample, window, confidence):
    var, cvar = rolling_historical(sample, window, confidence)
    assert var.shape == cvar.shape == sample.shape
    assert not (cvar < var).any()
    assert compounded(sample, window).shape == sample.shape
    assert len(historical_row(sample, confidence)) == 2
    for name in FEATURES:
        assert risk_feature(name, sample, window).shape == sample.shape


@given(odd(1, 4), odd(2, 6), odd_confidences, odd_numbers)
def test_portfolio_functions_answer_any_array(values, history, confidence, number):
    for matrix in (covariance.sample_covariance(history), covariance.ewma_covariance(history), covariance.ledoit_wolf(history)[0], history):
        found = portfolio.covariance_risk(values, matrix, confidence)
        assert is_answered(found.total)
        assert found.component.shape == found.marginal.shape == (values.size,)
        added = portfolio.largest_addition(values, matrix, confidence, 0, number)
        assert added.value >= 0.0 or added.note
        changed = portfolio.what_if(values, values[::-1], matrix, confidence)
        assert is_answered(changed.after)
        covariance.nearest_psd(matrix)
    assert is_answered(joint_historical(values, history, confidence))
    assert is_answered(simple_sum(values, values, values))
    assert is_answered(joint_monte_carlo(values, history, confidence, generator_of(1), draws=20))
    assert component_shortfall(values, history, confidence).shape == (values.size,)
    assert component_worst_days(values, history, 2).shape == (values.size,)
    window_correlation(history)


@given(odd(1, 8), odd(1, 8))
def test_comparisons_answer_any_pair(one, other):
    assert math.isnan(benchmark.regress(one, other).beta) == bool(benchmark.regress(one, other).note)
    assert math.isnan(benchmark.downside_beta(one, other).beta) == bool(benchmark.downside_beta(one, other).note)
    for measure in (benchmark.tracking_error, benchmark.information_ratio, benchmark.pearson, benchmark.spearman, benchmark.kendall):
        found = measure(one, other)
        assert math.isnan(found.value) == bool(found.note)


@given(odd(1, 6), odd(1, 6), odd(1, 6), odd_numbers, odd_numbers)
def test_exposures_answer_any_array(quantity, price, stop, equity, gap):
    heat = exposure.portfolio_heat(quantity, price, stop, equity, gap)
    assert math.isnan(heat.fraction) == bool(heat.note)
    assert heat.dollars.shape == quantity.shape
    found = exposure.concentration(quantity)
    assert math.isnan(found.hhi) == bool(found.note)
    assert exposure.sector_exposure(quantity, ["A", "B"], {"A": "x"}, equity) is not None


@given(odd(1, 12), odd(1, 12), odd(1, 12), odd_confidences)
def test_backtests_answer_any_array(returns, var, shortfall, confidence):
    hits = backtests.violations(returns, var)
    test = backtests.christoffersen(hits, confidence)
    assert math.isnan(test.statistic) == bool(test.note)
    for statistic in (
        shortfall_backtests.acerbi_szekely_z1(returns, var, shortfall),
        shortfall_backtests.acerbi_szekely_z2(returns, var, shortfall, confidence),
    ):
        assert math.isnan(statistic.value) == bool(statistic.note)


@given(st.integers(-5, 300), st.integers(-5, 300), odd_numbers)
def test_counts_answer_any_number(count, observations, probability):
    test = backtests.kupiec(count, observations, probability)
    assert math.isnan(test.statistic) == bool(test.note)
    light = traffic_light(count, observations, probability)
    assert math.isnan(light.cumulative) == bool(light.note)
    assert math.isnan(binomial_cumulative(count, observations, probability)) == bool(light.note)
    assert len(backtests.kupiec_region(min(observations, 60), probability)) == 2
    null = shortfall_backtests.simulate_null(observations, probability, generator_of(1), histories=count)
    assert bool(null.note) == (len(null.z2) == 0)
    assert np.isnan(null.critical_z2(0.05)) == bool(null.note)
