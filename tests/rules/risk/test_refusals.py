"""An estimate that is none is a whole record: every number NaN, the method, the observations, and the reason word for word."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from statistics import NormalDist

import numpy as np
import pytest

from framework.rules.risk.covariance import sample_covariance
from framework.rules.risk.ewma import Seed, ewma, ewma_forecasts, ewma_volatility
from framework.rules.risk.garch import GarchModel, filtered_historical, garch, volatility_ahead
from framework.rules.risk.garch_fit import fit_garch
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.joint import joint_historical, simple_sum
from framework.rules.risk.models import RiskModel, RiskPolicy, symbol_risk
from framework.rules.risk.moments import moments
from framework.rules.risk.montecarlo import generator_of, joint_monte_carlo, monte_carlo
from framework.rules.risk.parametric import cornish_fisher, normal
from framework.rules.risk.portfolio import covariance_total, what_if
from framework.rules.risk.quantiles import Quantile, age_weighted, historical
from framework.rules.risk.shortfall import Shortfall, expected_shortfall
from framework.rules.risk.student import fit_student, student, student_fitted
from tests.rules.risk.odd_histories import (
    BELL,
    DOES_NOT_VARY,
    EYE,
    FINITE,
    FITTED,
    FLAT,
    HISTORY,
    NEGATIVE,
    NO_HORIZON,
    ONES,
    PLAIN,
    assert_is,
)

WILD = np.append(np.zeros(60), 1.0)
HELD = "among the held symbols: the value at"
NO_CONFIDENCE = "confidence is 1.0; it must lie between 0 and 1, for example 0.95"
NO_FREEDOM = "2.0 degrees of freedom; above 2.1 and up to 200 are allowed"


ESTIMATES = {
    "historical short": (lambda: historical(PLAIN[:19], 0.95), "historical linear", 19, "19 observations; at least 20 are needed"),
    "historical empty": (lambda: historical(FLAT[:0], 0.95, minimum=0), "historical linear", 0, "0 observations; at least 1 are needed"),
    "historical broken": (lambda: historical(np.append(PLAIN, inf), 0.9), "historical linear", 31, f"the value at 30 is inf; {FINITE}"),
    "age-weighted short": (
        lambda: age_weighted(PLAIN[:9], 0.9), "historical age-weighted 0.995", 9, "9 observations; at least 10 are needed",
    ),
    "age-weighted decay": (
        lambda: age_weighted(PLAIN, 0.9, 1.0),
        "historical age-weighted 1", 30, "the decay is 1.0; it must lie in [0.5, 1), for example 0.995",
    ),
    "normal short": (lambda: normal(PLAIN[:1], 0.95), "normal zero mean 1d", 1, "1 observations; at least 2 are needed"),
    "normal matrix": (lambda: normal(EYE, 0.95), "normal zero mean 1d", 4, "an array of 2 dimensions was given, 1 asked for"),
    "normal flat": (lambda: normal(FLAT, 0.95), "normal zero mean 1d", 30, DOES_NOT_VARY),
    "normal days": (lambda: normal(PLAIN, 0.95, days=0), "normal zero mean 0d", 30, NO_HORIZON),
    "student short": (lambda: student(PLAIN[:1], 0.95, 5.0), "student 5 sample mean", 1, "1 observations; at least 2 are needed"),
    "student freedom": (lambda: student(PLAIN, 0.95, 2.0), "student 2 sample mean", 30, NO_FREEDOM),
    "student flat": (lambda: student(FLAT, 0.95, 5.0), "student 5 sample mean", 30, DOES_NOT_VARY),
    "fitted short": (lambda: student_fitted(PLAIN[:19], 0.95), "student fitted", 19, "19 observations; at least 20 are needed"),
    "fitted flat": (lambda: student_fitted(FLAT, 0.95), "student fitted", 30, DOES_NOT_VARY),
    "expansion short": (lambda: cornish_fisher(PLAIN[:3], 0.95), "cornish-fisher sample mean", 3, "3 observations; at least 4 are needed"),
    "expansion flat": (lambda: cornish_fisher(FLAT, 0.95), "cornish-fisher sample mean", 30, DOES_NOT_VARY),
    "expansion wild": (
        lambda: cornish_fisher(WILD, 0.95),
        "cornish-fisher sample mean", 61, "excess kurtosis 56.02 is outside +-8: the expansion says nothing there",
    ),
    "ewma short": (lambda: ewma(PLAIN[:0], 0.95), "ewma 0.94 first_square", 0, "0 observations; at least 2 are needed"),
    "ewma flat": (lambda: ewma(FLAT, 0.95), "ewma 0.94 first_square", 30, DOES_NOT_VARY),
    "ewma decay": (
        lambda: ewma(PLAIN, 0.95, 1.0), "ewma 1 first_square", 30, "the decay is 1.0; it must lie between 0 and 1, for example 0.94",
    ),
    "draws": (
        lambda: monte_carlo(PLAIN, 0.95, generator_of(1), draws=0),
        "monte carlo normal 0", 30, "0 draws were asked for; 1 to 10000000 are allowed",
    ),
    "draws short": (
        lambda: monte_carlo(PLAIN[:1], 0.95, generator_of(1), draws=9), "monte carlo normal 9", 1, "1 observations; at least 2 are needed",
    ),
    "draws freedom": (lambda: monte_carlo(PLAIN, 0.95, generator_of(1), draws=9, freedom=2.0), "monte carlo t 2 9", 30, NO_FREEDOM),
    "draws flat": (lambda: monte_carlo(FLAT, 0.95, generator_of(1), draws=9), "monte carlo normal 9", 30, DOES_NOT_VARY),
    "joint draws columns": (
        lambda: joint_monte_carlo(np.ones(3), HISTORY, 0.95, generator_of(1), draws=9),
        "joint monte carlo normal 9", 30, "3 values for 2 columns",
    ),
    "joint draws short": (
        lambda: joint_monte_carlo(ONES, HISTORY[:1], 0.95, generator_of(1), draws=9, freedom=5.0),
        "joint monte carlo t 5 9", 1, "1 observations; at least 2 are needed",
    ),
    "joint draws number": (
        lambda: joint_monte_carlo(ONES, np.array(1.0), 0.95, generator_of(1), draws=9),
        "joint monte carlo normal 9", 0, "an array of 0 dimensions was given, 2 asked for",
    ),
    "joint draws flat": (
        lambda: joint_monte_carlo(np.zeros(2), HISTORY, 0.95, generator_of(1), draws=9),
        "joint monte carlo normal 9", 30, "the portfolio's value does not vary",
    ),
    "garch unfitted": (lambda: garch(fit_garch(PLAIN), PLAIN, 0.95), "garch t", 30, "30 observations; at least 500 are needed"),
    "garch short": (lambda: garch(FITTED, PLAIN[:0], 0.95), "garch t", 0, "0 observations; at least 1 are needed"),
    "garch freedom": (
        lambda: garch(replace(FITTED, freedom=2.0), PLAIN, 0.95), "garch t", 30, "shocks with 2 degrees of freedom have no variance",
    ),
    "filtered unfitted": (
        lambda: filtered_historical(fit_garch(PLAIN), PLAIN, 0.95), "garch filtered linear", 30, "30 observations; at least 500 are needed",
    ),
    "filtered short": (
        lambda: filtered_historical(FITTED, PLAIN[:19], 0.95), "garch filtered linear", 19, "19 observations; at least 20 are needed",
    ),
    "filtered dead": (
        lambda: filtered_historical(GarchModel(0.0, 0.0, 0.0, 0.0, 0.0, inf, 1e-4), PLAIN, 0.95),
        "garch filtered linear", 30, "a conditional variance is zero or not a number",
    ),
    "root of time": (lambda: sqrt_time(normal(PLAIN, 0.95), 0), "normal zero mean 1d x sqrt(0)", 30, NO_HORIZON),
    "covariance confidence": (lambda: covariance_total(ONES, EYE, 1.0), "covariance normal", 0, NO_CONFIDENCE),
    "covariance shape": (
        lambda: covariance_total(np.ones(3), EYE, 0.95), "covariance normal", 0, "3 values need a covariance of 3 x 3, not 2 x 2",
    ),
    "covariance not square": (
        lambda: covariance_total(ONES, np.ones((3, 2)), 0.95), "covariance normal", 0, "2 values need a covariance of 2 x 2, not 3 x 2",
    ),
    "covariance value": (
        lambda: covariance_total(np.array([1.0, nan]), EYE, 0.95), "covariance normal", 0, f"the value at 1 is nan; {FINITE}",
    ),
    "covariance broken": (lambda: covariance_total(ONES, EYE * nan, 0.95), "covariance normal", 0, f"the value at (0, 0) is nan; {FINITE}"),
    "covariance negative": (
        lambda: covariance_total(ONES, NEGATIVE, 0.95),
        "covariance normal", 0, "the variance of the portfolio is negative: the covariance matrix needs repair (nearest_psd)",
    ),
    "trades": (lambda: what_if(ONES, np.ones(3), EYE, 0.95).after, "covariance normal", 0, "3 trades for 2 values"),
    "trades broken": (
        lambda: what_if(ONES, np.array([1.0, nan]), EYE, 0.95).after, "covariance normal", 0, f"the value at 1 is nan; {FINITE}",
    ),
    "sum shapes": (lambda: simple_sum(ONES, ONES, np.ones(1)), "simple sum", 0, "(2,) values, (2,) VaRs and (1,) CVaRs do not match"),
    "sum value": (lambda: simple_sum(np.array([1.0, nan]), ONES, ONES), "simple sum", 0, f"the value at 1 is nan; {FINITE}"),
    "sum var": (lambda: simple_sum(ONES, np.array([nan, 1]), ONES), "simple sum", 0, f"{HELD} 0 is nan; {FINITE}"),
    "sum cvar": (lambda: simple_sum(ONES, ONES, np.array([1, nan])), "simple sum", 0, f"{HELD} 1 is nan; {FINITE}"),
    "joint columns": (
        lambda: joint_historical(np.ones(3), HISTORY, 0.95), "joint historical linear", 30, "3 values need a history [T, 3], not [30, 2]",
    ),
    "joint number": (
        lambda: joint_historical(ONES, np.array(1.0), 0.95), "joint historical linear", 0, "2 values need a history [T, 2], not []",
    ),
    "joint short": (
        lambda: joint_historical(ONES, HISTORY[:19], 0.95), "joint historical linear", 19, "19 observations; at least 20 are needed",
    ),
    "joint broken": (
        lambda: joint_historical(ONES, np.where(HISTORY == 0.0, nan, HISTORY), 0.95),
        "joint historical linear", 30, f"among the held columns [0, 1]: the value at (4, 0) is nan; {FINITE}",
    ),
    "policy lookback": (lambda: symbol_risk(PLAIN, RiskPolicy(lookback=0)), RiskModel.HISTORICAL, 30, "the lookback is 0 days"),
    "policy garch": (
        lambda: symbol_risk(PLAIN, RiskPolicy(RiskModel.GARCH)), RiskModel.GARCH, 30, "30 observations; a GARCH fit needs 500",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ESTIMATES)
def test_no_estimate_is_a_whole_record(case):
    ask, method, observations, why = ESTIMATES[case]
    found = ask()
    assert_is(found, nan, nan, method, observations, why)
    assert not found.known


ANSWERS = {
    "garch t": (lambda: garch(FITTED, PLAIN, 0.9), 30),
    "garch normal": (lambda: garch(replace(FITTED, freedom=inf), PLAIN, 0.9), 30),
    "garch filtered linear": (lambda: filtered_historical(FITTED, PLAIN, 0.9), 30),
    "historical linear": (lambda: historical(PLAIN, 0.9), 30),
    "historical age-weighted 0.99": (lambda: age_weighted(PLAIN, 0.9, 0.99), 30),
    "normal zero mean 4d": (lambda: normal(PLAIN, 0.9, days=4), 30),
    "ewma 0.9 zero": (lambda: ewma(PLAIN, 0.9, 0.9, Seed.ZERO), 30),
    "student 5 sample mean": (lambda: student(PLAIN, 0.9, 5.0), 30),
    "student fitted 200": (lambda: student_fitted(PLAIN, 0.9), 30),
    "cornish-fisher sample mean": (lambda: cornish_fisher(BELL, 0.9), 30),
    "monte carlo normal 50": (lambda: monte_carlo(PLAIN, 0.9, generator_of(1), draws=50), 30),
    "monte carlo t 4 50": (lambda: monte_carlo(PLAIN, 0.9, generator_of(1), draws=50, freedom=4.0), 30),
    "joint monte carlo normal 50": (lambda: joint_monte_carlo(ONES, HISTORY, 0.9, generator_of(1), draws=50), 30),
    "joint historical hazen": (lambda: joint_historical(ONES, HISTORY, 0.9, Quantile.HAZEN), 30),
    "normal zero mean 1d x sqrt(10)": (lambda: sqrt_time(normal(PLAIN, 0.9), 10), 30),
    "simple sum": (lambda: simple_sum(ONES, ONES, ONES), 0),
    "covariance normal": (lambda: covariance_total(ONES, EYE, 0.9), 0),
}


@pytest.mark.parametrize("method", ANSWERS)
def test_an_estimate_names_its_method_and_its_observations(method):
    ask, observations = ANSWERS[method]
    found = ask()
    assert (found.method, found.observations, found.note) == (method, observations, "")
    assert found.cvar >= found.var > 0.0


def test_moments_that_do_not_exist_are_a_whole_record():
    np.testing.assert_equal(moments(PLAIN[:3]), (nan, nan, nan, nan, "3 observations; at least 4 are needed"))
    np.testing.assert_equal(moments(FLAT), (nan, nan, nan, nan, DOES_NOT_VARY))
    assert np.isfinite(moments(PLAIN[:4])[:4]).all()


def test_a_tail_without_a_return_says_so():
    figure = expected_shortfall(np.array([0.01, 0.02]), 0.95, Shortfall.HULL)
    assert_is(figure, nan, "no return lies in the tail that hull means")
    assert_is(expected_shortfall(np.zeros(0), 0.95), nan, "0 observations; at least 1 are needed")


def test_a_fit_that_does_not_exist_is_a_whole_record():
    assert_is(fit_student(PLAIN[:19]), nan, nan, nan, nan, "19 observations; at least 20 are needed")
    assert_is(fit_student(FLAT), nan, nan, nan, nan, DOES_NOT_VARY)
    equal = np.append(np.zeros(17), [0.01, -0.02, 0.03, -0.01])
    assert_is(fit_student(equal), nan, nan, nan, nan, "17 of 21 returns are equal: the likelihood has no maximum")


def test_a_forecast_that_cannot_be_made_is_a_whole_record():
    assert_is(volatility_ahead(FITTED, PLAIN[:0]), nan, "0 observations; at least 1 are needed")
    assert_is(volatility_ahead(FITTED, PLAIN, 0), nan, NO_HORIZON)
    assert_is(volatility_ahead(fit_garch(PLAIN), PLAIN), nan, "30 observations; at least 500 are needed")
    assert_is(volatility_ahead(replace(FITTED, omega=1e308), PLAIN, 10), nan, "the variance forecast is not finite")
    assert volatility_ahead(FITTED, PLAIN[:1]).value > 0.0


def test_the_shortest_samples_have_an_answer():
    assert age_weighted(PLAIN, 0.9, 0.5).known
    assert expected_shortfall(np.array([-0.1]), 0.95).value == pytest.approx(0.1)
    assert expected_shortfall(np.array([-0.1]), 0.95, Shortfall.INTEGRATED).value == pytest.approx(0.1)
    for ask in (normal, ewma, lambda sample, confidence: student(sample, confidence, 5.0)):
        assert ask(PLAIN[:2], 0.95).observations == 2
        assert ask(PLAIN[:2], 0.95).known
    assert cornish_fisher(PLAIN[:4], 0.95).note.startswith("skewness")


@pytest.mark.parametrize("seed", Seed)
def test_ewma_risk_stands_on_the_volatility_of_its_seed(seed):
    spread = ewma_volatility(PLAIN, 0.9, seed).value
    assert ewma(PLAIN, 0.95, 0.9, seed).var == pytest.approx(NormalDist().inv_cdf(0.95) * spread)


def test_forecasts_that_cannot_be_made_are_a_column_of_nan():
    for column in (ewma_forecasts(PLAIN, 1.0), ewma_forecasts(np.array([nan, 0.01]))):
        assert column.dtype == np.float64
        assert np.isnan(column).all()
    assert np.isnan(ewma_forecasts(np.array([0.01, nan]))).tolist() == [False, True]


def test_equally_bad_days_of_different_age_keep_their_own_weights():
    sample = np.tile([-0.01, 0.01], 30)
    sample[[3, 59]] = -0.05
    found = age_weighted(sample, 0.9, 0.9)
    assert (found.var, found.cvar) == (0.05, pytest.approx(0.05))


def test_a_model_that_was_not_fitted_is_a_whole_record():
    assert_is(fit_garch(PLAIN), nan, nan, nan, nan, nan, nan, nan, nan, 30, "30 observations; at least 500 are needed")


def test_a_crisis_today_is_all_of_the_tail_that_forgets_at_once():
    sample = np.append(PLAIN, -0.3)
    found = age_weighted(sample, 0.9, 0.5)
    assert (found.var, found.cvar) == (0.3, pytest.approx(0.3))


def test_periods_that_leave_the_range_of_numbers_are_not_known():
    assert np.isnan(compounded(np.full(20, 1e30), 20)).all()
    assert compounded(np.full(20, 0.1), 20)[-1] == pytest.approx(1.1**20 - 1.0)
    assert np.isnan(compounded(np.full(19, 0.1), 20)).all()


def test_an_infinite_return_ends_the_forecasts():
    assert np.isnan(ewma_forecasts(np.array([0.01, inf, 0.01]))).tolist() == [False, True, True]
    assert np.isnan(ewma_forecasts(np.array([0.01, 1e200, 0.01]))).tolist() == [False, True, True]


def test_the_indexed_shortfall_takes_the_days_that_its_index_reaches():
    sample = -np.arange(1.0, 101.0)
    # int(99 * 0.05) + 1 = 5 worst days.
    assert expected_shortfall(sample, 0.95, Shortfall.INDEXED).value == pytest.approx(98.0)
    assert expected_shortfall(sample, 0.95, Shortfall.HULL).value == pytest.approx(98.5)


def test_two_days_have_a_covariance_and_shocks_may_be_almost_without_variance():
    assert sample_covariance(HISTORY[:2]) == pytest.approx(np.cov(HISTORY[:2].T))
    assert garch(replace(FITTED, freedom=2.5), PLAIN, 0.95).known
