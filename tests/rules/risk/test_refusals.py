"""An answer that is none is a whole record: every number NaN, the method, the observations, and the reason word for word."""

from __future__ import annotations

from dataclasses import astuple, replace
from math import inf, nan
from statistics import NormalDist

import numpy as np
import pytest

from framework.rules.risk.backtests import LikelihoodRatio, christoffersen, christoffersen_independence, kupiec, kupiec_region, violations
from framework.rules.risk.benchmark import downside_beta, information_ratio, kendall, pearson, regress, spearman, tracking_error
from framework.rules.risk.correlation import window_correlation
from framework.rules.risk.covariance import factor, nearest_psd, sample_covariance
from framework.rules.risk.ewma import Seed, ewma, ewma_forecasts, ewma_volatility
from framework.rules.risk.exposure import concentration, portfolio_heat, sector_exposure
from framework.rules.risk.garch import GarchModel, filtered_historical, garch, volatility_ahead
from framework.rules.risk.garch_fit import fit_garch
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.joint import component_shortfall, component_worst_days, joint_historical, scenario_values, simple_sum
from framework.rules.risk.models import RiskModel, RiskPolicy, symbol_risk
from framework.rules.risk.moments import moments
from framework.rules.risk.montecarlo import generator_of, joint_monte_carlo, monte_carlo
from framework.rules.risk.parametric import cornish_fisher, normal
from framework.rules.risk.portfolio import covariance_risk, covariance_total, largest_addition, what_if
from framework.rules.risk.quantiles import Quantile, age_weighted, historical
from framework.rules.risk.shortfall import Shortfall, expected_shortfall
from framework.rules.risk.shortfall_backtests import NullDistribution, acerbi_szekely_z1, acerbi_szekely_z2
from framework.rules.risk.student import fit_student, student, student_fitted
from framework.rules.risk.traffic_light import Zone, traffic_light

PLAIN = np.array([0.01, -0.02, 0.015, -0.005, 0.0] * 6)
FLAT = np.zeros(30)
BELL = 0.01 * np.log(np.arange(0.5, 30.0) / np.arange(29.5, 0.0, -1.0))
WILD = np.append(np.zeros(60), 1.0)
FITTED = GarchModel(mu=0.0, omega=2e-6, alpha=0.08, gamma=0.02, beta=0.9, freedom=6.0, backcast=1e-4)
EYE, ONES = np.eye(2), np.ones(2)
NEGATIVE = np.array([[1.0, -3.0], [-3.0, 1.0]])
HELD = "among the held symbols: the value at"
HISTORY = np.column_stack([PLAIN, PLAIN])
FINITE = "finite values up to 1e+30 are needed"
NO_CONFIDENCE = "confidence is 1.0; it must lie between 0 and 1, for example 0.95"
NO_FREEDOM = "2.0 degrees of freedom; above 2.1 and up to 200 are allowed"
NO_HORIZON = "the horizon is 0 days; 1 to 10000 are allowed"
DOES_NOT_VARY = "the returns do not vary"

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


def assert_is(found: object, *expected: object) -> None:
    """NaN equals NaN here, and nothing else does."""
    np.testing.assert_equal(astuple(found), expected)


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


def test_what_could_not_be_traded_leaves_the_risk_before_it():
    for trades in (np.ones(3), np.array([1.0, nan])):
        assert what_if(ONES, trades, EYE, 0.95).before == covariance_total(ONES, EYE, 0.95)
        assert np.isnan(what_if(ONES, trades, EYE, 0.95).change)


def test_moments_that_do_not_exist_are_a_whole_record():
    np.testing.assert_equal(moments(PLAIN[:3]), (nan, nan, nan, nan, "3 observations; at least 4 are needed"))
    np.testing.assert_equal(moments(FLAT), (nan, nan, nan, nan, DOES_NOT_VARY))
    assert np.isfinite(moments(PLAIN[:4])[:4]).all()


@pytest.mark.parametrize(
    ("hits", "pairs", "broken", "why"),
    [
        ([False] * 250, 249, 0, "no violation has a next day"),
        ([False] * 249 + [True], 249, 1, "no violation has a next day"),
        ([False] * 2, 1, 0, "no violation has a next day"),
        ([True] * 250, 249, 249, "every forecast was broken"),
        ([True], 0, 0, "it takes two forecasts to make a pair"),
    ],
)
def test_a_test_without_a_verdict_is_a_whole_record(hits, pairs, broken, why):
    array, why = np.array(hits, dtype=np.bool_), f"not computable: {why}"
    assert_is(christoffersen_independence(array), nan, nan, 1, pairs, broken, why)
    assert_is(christoffersen(array, 0.05), nan, nan, 2, len(hits), sum(hits), why)


def test_counts_that_cannot_be_are_no_test():
    assert_is(kupiec(3, 2, 0.05), nan, nan, 1, 2, 3, "not computable: 3 violations of 2 forecasts")
    assert_is(kupiec(0, 0, 0.05), nan, nan, 1, 0, 0, "not computable: 0 forecasts; 1 to 10000000 are needed")
    probability = "the expected share of violations is 1.0; it must lie between 0 and 1"
    assert_is(kupiec(1, 2, 1.0), nan, nan, 1, 2, 1, f"not computable: {probability}")
    assert kupiec_region(250, 1.0) == kupiec_region(0, 0.01) == (-1, -1)
    assert_is(traffic_light(3, 2), Zone.NONE, nan, nan, "not computable: 3 violations of 2 forecasts")


def test_a_verdict_carries_its_degrees_and_counts():
    hits = np.zeros(100, dtype=np.bool_)
    hits[[10, 11, 50]] = True
    assert astuple(christoffersen_independence(hits))[2:] == (1, 99, 3, "")
    assert astuple(christoffersen(hits, 0.05))[2:] == (2, 100, 3, "")
    assert astuple(kupiec(3, 100, 0.05))[2:] == (1, 100, 3, "")


def test_a_model_is_rejected_below_the_significance_and_not_at_it():
    at = LikelihoodRatio(3.84, 0.05, 1, 100, 9)
    assert not at.rejected()
    assert at.rejected(0.051)
    assert LikelihoodRatio(3.9, 0.049, 1, 100, 9).rejected()
    assert not LikelihoodRatio(nan, nan, 1, 100, 9).rejected(1.0)


def test_heat_that_is_not_known_is_a_whole_record():
    price, stop = np.array([10.0, 10.0, 10.0]), np.array([9.0, nan, nan])
    bare = "has no stop: its risk has no bound"
    assert_is(portfolio_heat(np.array([1.0, 1.0, -1.0]), price, stop, 1e4), np.full(3, nan), nan, f"the short in row 2 {bare}")
    assert_is(portfolio_heat(np.array([0.0, -1.0, -1.0]), price, stop, 1e4), np.full(3, nan), nan, f"the short in row 1 {bare}")
    unpriced = f"among the held symbols: the value at 0 is nan; {FINITE}"
    assert_is(portfolio_heat(np.ones(1), np.array([nan]), np.ones(1), 1e4), np.full(1, nan), nan, unpriced)
    assert_is(portfolio_heat(ONES, ONES, ONES, 1e4, np.array([nan, 0.0])), np.full(2, nan), nan, unpriced)
    shapes = "(3,) quantities, (3,) prices, (3,) stops and (1,) gaps do not match"
    assert_is(portfolio_heat(np.ones(3), price, stop, 1e4, np.zeros(1)), np.full(3, nan), nan, shapes)
    assert_is(portfolio_heat(np.array([inf]), ONES[:1], ONES[:1], 1e4), np.full(1, nan), nan, f"the value at 0 is inf; {FINITE}")


def test_an_empty_book_has_no_heat_and_no_concentration():
    empty = np.zeros(0)
    assert_is(portfolio_heat(empty, empty, empty, 1e4), empty, 0.0, "")
    assert_is(concentration(empty), nan, nan, nan, "there is no position")
    assert_is(concentration(np.array([1.0, nan])), nan, nan, nan, f"the value at 1 is nan; {FINITE}")


def test_what_is_not_held_adds_no_heat_whatever_is_known_of_it():
    quantity, price, stop = np.array([0.0, 10.0, 0.0]), np.array([nan, 50.0, 20.0]), np.array([nan, 45.0, 25.0])
    assert_is(portfolio_heat(quantity, price, stop, 1e4, np.array([nan, 0.1, nan])), np.array([0.0, 100.0, 0.0]), 0.01, "")


def test_sectors_that_cannot_be_measured_are_not_numbers():
    values, symbols = np.array([10.0, 0.0, 1.0, inf]), ["A", "B", "C", "D"]
    sectors = {"A": "x", "B": "none", "C": "x", "D": "y"}
    found = sector_exposure(values, symbols, sectors, 100.0)
    assert list(found) == ["x", "y"]
    assert_is(found["x"], 0.11, 0.11)
    assert_is(found["y"], nan, nan)
    assert_is(sector_exposure(values, symbols, sectors, 0.0)["x"], nan, nan)
    assert_is(sector_exposure(np.ones(2), ["A"], {}, 1e5)["unknown"], nan, nan)


def test_a_pair_that_cannot_be_compared_is_a_whole_record():
    short, apart = "2 observations; at least 3 are needed", "30 and 29 observations do not pair"
    still, one = "the difference to the benchmark does not vary", "one of the two series does not vary"
    assert_is(regress(PLAIN[:2], PLAIN[:2]), nan, nan, nan, 2, short)
    assert_is(downside_beta(PLAIN[:2], PLAIN[:2]), nan, nan, nan, 2, short)
    assert_is(regress(PLAIN, FLAT), nan, nan, nan, 30, "the benchmark does not vary")
    assert_is(downside_beta(PLAIN, PLAIN[1:]), nan, nan, nan, 30, apart)
    assert_is(tracking_error(PLAIN, PLAIN[1:]), nan, apart)
    assert_is(information_ratio(PLAIN, PLAIN[1:]), nan, apart)
    assert_is(information_ratio(PLAIN, PLAIN), nan, still)
    for measure in (pearson, spearman, kendall):
        assert_is(measure(PLAIN, FLAT), nan, one)
        assert_is(measure(FLAT, PLAIN), nan, one)


def test_the_smallest_samples_that_can_be_compared_are():
    one, other = np.array([0.01, -0.01, 0.03]), np.array([0.02, -0.03, 0.01])
    assert np.isfinite(regress(one, other).beta_error)
    assert downside_beta(np.array([0.01, -0.01, 0.0]), np.array([-0.02, -0.03, -0.01])).observations == 3
    assert tracking_error(one[:2], other[:2]).value == pytest.approx(np.std([-0.01, 0.02], ddof=1) * np.sqrt(252))
    assert information_ratio(one[:2], other[:2]).value == pytest.approx(0.005 / np.std([-0.01, 0.02], ddof=1) * np.sqrt(252))


def test_a_shortfall_that_cannot_be_judged_is_a_whole_record():
    shapes = "(2,) returns, (2,) VaRs and (1,) shortfalls do not match"
    level = np.full(3, 0.02)
    assert_is(acerbi_szekely_z1(ONES, ONES, np.ones(1)), nan, shapes)
    assert_is(acerbi_szekely_z2(ONES, ONES, np.ones(1), 0.9), nan, shapes)
    assert_is(acerbi_szekely_z1(level[:1], level[:1], level[:1]), nan, "there is no forecast with a return after it")
    assert_is(acerbi_szekely_z1(level, level, level), nan, "there is no violation")
    assert_is(acerbi_szekely_z2(level, level, level, 1.0), nan, "confidence is 1.0; it must lie between 0 and 1")


def test_a_loss_of_exactly_the_var_is_no_violation():
    returns, var, shortfall = np.array([0.0, -0.02, -0.06, -0.01]), np.full(4, 0.02), np.full(4, 0.04)
    assert acerbi_szekely_z1(returns, var, shortfall).value == pytest.approx(1.0 - 1.5)
    assert acerbi_szekely_z2(returns, var, shortfall, 0.9).value == pytest.approx(1.0 - 1.5 / (3 * 0.1))


def test_a_tail_without_a_return_says_so():
    figure = expected_shortfall(np.array([0.01, 0.02]), 0.95, Shortfall.HULL)
    assert_is(figure, nan, "no return lies in the tail that hull means")
    assert_is(expected_shortfall(np.zeros(0), 0.95), nan, "0 observations; at least 1 are needed")


def test_a_fit_that_does_not_exist_is_a_whole_record():
    assert_is(fit_student(PLAIN[:19]), nan, nan, nan, nan, "19 observations; at least 20 are needed")
    assert_is(fit_student(FLAT), nan, nan, nan, nan, DOES_NOT_VARY)
    equal = np.append(np.zeros(17), [0.01, -0.02, 0.03, -0.01])
    assert_is(fit_student(equal), nan, nan, nan, nan, "17 of 21 returns are equal: the likelihood has no maximum")


def test_a_book_without_an_answer_has_no_parts():
    found = covariance_risk(np.ones(3), EYE, 0.95)
    for part in (found.marginal, found.component, found.incremental, found.component_cvar):
        np.testing.assert_equal(part, np.full(3, nan))


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ({"symbol": 2}, "there is no column 2 among 2"),
        ({"symbol": -1}, "there is no column -1 among 2"),
        ({"confidence": 0.5}, "confidence is 0.5; a limit needs more than 0.5"),
        ({"limit": -1.0}, "the limit is -1.0; 0 to 1e+30 dollars are allowed"),
        ({"limit": inf}, "the limit is inf; 0 to 1e+30 dollars are allowed"),
        ({"covariance": NEGATIVE}, "the covariance matrix has a negative variance: repair it (nearest_psd)"),
        ({"covariance": np.zeros((2, 2))}, "column 0 does not vary: VaR cannot limit it"),
    ],
)
def test_a_limit_that_cannot_be_computed_says_why(question, why):
    asked = {"values": ONES, "covariance": EYE, "confidence": 0.95, "symbol": 0, "limit": 100.0} | question
    assert_is(largest_addition(**asked), nan, why)


def test_a_var_above_the_limit_that_nothing_mends_leaves_no_room():
    found = largest_addition(np.array([0.0, 100.0]), EYE, 0.95, 0, 1.0)
    assert_is(found, 0.0, "VaR is above the limit, and this symbol cannot mend it")


def test_a_forecast_that_cannot_be_made_is_a_whole_record():
    assert_is(volatility_ahead(FITTED, PLAIN[:0]), nan, "0 observations; at least 1 are needed")
    assert_is(volatility_ahead(FITTED, PLAIN, 0), nan, NO_HORIZON)
    assert_is(volatility_ahead(fit_garch(PLAIN), PLAIN), nan, "30 observations; at least 500 are needed")
    assert_is(volatility_ahead(replace(FITTED, omega=1e308), PLAIN, 10), nan, "the variance forecast is not finite")
    assert volatility_ahead(FITTED, PLAIN[:1]).value > 0.0


def test_parts_of_what_is_not_known_are_not_numbers_either():
    for parts in (component_shortfall(ONES, HISTORY[:19], 0.95), component_worst_days(ONES, HISTORY, 31)):
        assert parts.dtype == np.float64
        np.testing.assert_equal(parts, np.full(2, nan))


def test_what_is_not_held_has_no_part_whatever_its_history():
    history = HISTORY.copy()
    history[:, 0] = nan
    assert component_worst_days(np.array([0.0, 1.0]), history, 1) == pytest.approx([0.0, 0.02])
    assert component_shortfall(np.array([0.0, 1.0]), history, 0.9) == pytest.approx([0.0, 0.02])
    assert joint_historical(np.array([0.0, 1.0]), history, 0.9).known


def test_two_observations_have_every_correlation():
    one, other = np.array([0.1, 0.2]), np.array([0.3, -0.4])
    for measure in (pearson, spearman, kendall):
        assert measure(one, other).value == pytest.approx(-1.0)
        assert measure(one, one).value == pytest.approx(1.0)


def test_a_matrix_of_one_can_be_repaired_and_one_that_is_not_square_cannot():
    assert nearest_psd(np.array([[4.0]])) == pytest.approx(np.array([[4.0]]))
    assert nearest_psd(np.array([[-4.0]])) == pytest.approx(np.array([[0.0]]))
    assert factor(np.ones((2, 3))).dtype == np.float64
    np.testing.assert_equal(factor(np.ones((2, 3))), np.full((2, 3), nan))


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


def test_the_broken_one_of_a_pair_is_named_wherever_it_stands():
    broken = np.append(PLAIN[1:], nan)
    for pair in ((PLAIN, broken), (broken, PLAIN)):
        for measure in (regress, downside_beta, tracking_error, information_ratio, pearson, spearman, kendall):
            assert measure(*pair).note == f"the value at 29 is nan; {FINITE}"


def test_one_unknown_risk_of_two_leaves_no_sum():
    values, known = np.array([2.0, 0.0, -3.0]), np.array([0.1, nan, 0.2])
    found = simple_sum(values, known, known + 0.05)
    assert (found.var, found.cvar) == (pytest.approx(0.8), pytest.approx(1.05))
    assert simple_sum(values, np.array([-0.1, nan, 0.2]), np.array([-0.05, nan, 0.3])).cvar == pytest.approx(0.9)
    assert_is(simple_sum(np.zeros(0), np.zeros(0), np.zeros(0)), 0.0, 0.0, "simple sum", 0, "")


def test_a_crisis_today_is_all_of_the_tail_that_forgets_at_once():
    sample = np.append(PLAIN, -0.3)
    found = age_weighted(sample, 0.9, 0.5)
    assert (found.var, found.cvar) == (0.3, pytest.approx(0.3))


def test_periods_that_leave_the_range_of_numbers_are_not_known():
    assert np.isnan(compounded(np.full(20, 1e30), 20)).all()
    assert compounded(np.full(20, 0.1), 20)[-1] == pytest.approx(1.1**20 - 1.0)
    assert np.isnan(compounded(np.full(19, 0.1), 20)).all()


def test_the_ends_of_a_null_distribution_are_its_smallest_and_largest():
    null = NullDistribution(np.array([nan, -3.0, 1.0, 0.0]), np.array([-2.0, 0.5, -1.0, 0.0]))
    assert (null.critical_z1(0.0), null.critical_z1(0.5), null.critical_z1(1.0)) == (-3.0, 0.0, 1.0)
    assert (null.critical_z2(0.0), null.critical_z2(0.5), null.critical_z2(1.0)) == (-2.0, -0.5, 0.5)
    assert np.isnan([null.critical_z1(-0.1), null.critical_z2(1.1)]).all()


def test_a_book_that_does_not_vary_has_no_risk_and_a_note():
    for count in (0, 2):
        found = covariance_total(np.zeros(count), np.eye(count), 0.95)
        assert_is(found, 0.0, 0.0, "covariance normal", 0, "the portfolio's value does not vary")
    assert covariance_total(np.array([1e-6, 0.0]), EYE, 0.95).note == ""


def test_one_day_of_history_is_a_scenario():
    profits, fault = scenario_values(np.array([2.0, 3.0]), np.array([[0.1, -0.2]]))
    assert (profits, fault) == (pytest.approx([-0.4]), "")
    for values, history in ((np.array([nan]), HISTORY), (ONES, FLAT), (ONES, HISTORY[:0])):
        profits, fault = scenario_values(values, history)
        assert len(profits) == 0
        assert fault


@pytest.mark.parametrize("quantile", Quantile)
def test_the_convention_reaches_the_joint_history(quantile):
    found = joint_historical(np.array([1.0, 2.0]), np.column_stack([BELL, BELL]), 0.93, quantile)
    alone = historical(3.0 * BELL, 0.93, quantile)
    assert (found.var, found.cvar) == (pytest.approx(alone.var), pytest.approx(alone.cvar))


@pytest.mark.parametrize("history", [np.zeros((1, 3)), np.zeros((513, 3)), np.zeros((5, 0)), np.zeros(5)])
def test_a_history_without_a_correlation_keeps_its_columns(history):
    columns = history.shape[1] if history.ndim == 2 else 1
    found = window_correlation(history)
    assert (found.shape, found.dtype) == ((columns, columns), np.float64)
    assert np.isnan(found).all()


def test_two_days_and_one_symbol_have_a_correlation():
    assert window_correlation(np.array([[0.1], [-0.1]])).tolist() == [[1.0]]
    assert window_correlation(np.array([[0.1, -0.2], [-0.1, 0.3]])) == pytest.approx(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert np.isfinite(window_correlation(np.column_stack([PLAIN, -PLAIN]).repeat(18, axis=0)[:512])).all()


def test_one_forecast_can_be_counted_and_what_was_promised_is_no_evidence():
    assert kupiec(0, 1, 0.05).computable
    assert kupiec(5, 100, 0.05).statistic == pytest.approx(0.0, abs=1e-9)
    assert sample_covariance(HISTORY[:2]) == pytest.approx(np.cov(HISTORY[:2].T))
    assert garch(replace(FITTED, freedom=2.5), PLAIN, 0.95).known


def test_an_infinite_return_ends_the_forecasts():
    assert np.isnan(ewma_forecasts(np.array([0.01, inf, 0.01]))).tolist() == [False, True, True]
    assert np.isnan(ewma_forecasts(np.array([0.01, 1e200, 0.01]))).tolist() == [False, True, True]


def test_the_indexed_shortfall_takes_the_days_that_its_index_reaches():
    sample = -np.arange(1.0, 101.0)
    # int(99 * 0.05) + 1 = 5 worst days.
    assert expected_shortfall(sample, 0.95, Shortfall.INDEXED).value == pytest.approx(98.0)
    assert expected_shortfall(sample, 0.95, Shortfall.HULL).value == pytest.approx(98.5)


def test_an_empty_history_has_no_violations_of_its_own_kind():
    assert violations(PLAIN, PLAIN[1:]).dtype == np.bool_
