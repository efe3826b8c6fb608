from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from framework.rules.risk.ewma import ewma
from framework.rules.risk.garch import filtered_historical, garch
from framework.rules.risk.garch_fit import Shocks, fit_garch
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.models import Horizon, RiskModel, RiskPolicy, symbol_risk
from framework.rules.risk.montecarlo import generator_of, monte_carlo
from framework.rules.risk.parametric import Mean, cornish_fisher, normal
from framework.rules.risk.quantiles import Quantile, age_weighted, historical
from framework.rules.risk.student import student, student_fitted
from tests.rules.risk import market

IBM = market.stock("IBM")
YEAR = IBM[-252:]
DIRECT = {
    RiskModel.HISTORICAL: lambda: historical(YEAR, 0.95, Quantile.WEIBULL),
    RiskModel.AGE_WEIGHTED: lambda: age_weighted(YEAR, 0.95),
    RiskModel.NORMAL: lambda: normal(YEAR, 0.95),
    RiskModel.STUDENT: lambda: student(YEAR, 0.95, 4.0, mean=Mean.ZERO),
    RiskModel.STUDENT_FITTED: lambda: student_fitted(YEAR, 0.95),
    RiskModel.CORNISH_FISHER: lambda: cornish_fisher(YEAR, 0.95, mean=Mean.ZERO),
    RiskModel.EWMA: lambda: ewma(YEAR, 0.95, 0.97),
    RiskModel.MONTE_CARLO: lambda: monte_carlo(YEAR, 0.95, generator_of(3), mean=Mean.ZERO),
}


@pytest.mark.parametrize("model", DIRECT)
def test_a_policy_names_a_model_and_its_settings(model):
    policy = RiskPolicy(model, quantile=Quantile.WEIBULL, freedom=4.0, decay=0.97, seed=3)
    assert symbol_risk(IBM, policy) == DIRECT[model]()


def test_the_garch_models_are_fitted_to_the_lookback():
    window = IBM[-1000:]
    symmetric, fat = fit_garch(window), fit_garch(window, Shocks.STUDENT)
    expected = {
        RiskModel.GARCH: garch(symmetric, window, 0.95),
        RiskModel.GARCH_STUDENT: garch(fat, window, 0.95),
        RiskModel.FILTERED_HISTORICAL: filtered_historical(symmetric, window, 0.95),
    }
    assert {model: symbol_risk(IBM, RiskPolicy(model, lookback=1000)) for model in expected} == expected
    assert "needs 500" in symbol_risk(IBM, RiskPolicy(RiskModel.GARCH)).note


def test_a_longer_horizon_is_real_or_says_that_it_is_scaled():
    real = symbol_risk(IBM, RiskPolicy(days=10))
    assert (real.var, real.observations) == (historical(compounded(YEAR, 10)[9:], 0.95).var, 243)
    scaled = symbol_risk(IBM, RiskPolicy(days=10, horizon=Horizon.SQRT_TIME))
    assert scaled == sqrt_time(historical(YEAR, 0.95), 10)


@pytest.mark.parametrize("model", [RiskModel.HISTORICAL, RiskModel.AGE_WEIGHTED])
def test_a_window_short_of_the_tail_is_answered_by_the_normal_model_and_says_so(model):
    found = symbol_risk(IBM[-60:], RiskPolicy(model, confidence=0.99))
    assert (found.var, found.cvar) == (normal(IBM[-60:], 0.99).var, normal(IBM[-60:], 0.99).cvar)
    assert found.note == f"60 observations do not reach the tail: normal instead of {model}"
    assert "do not vary" in symbol_risk(np.zeros(60), RiskPolicy(model, confidence=0.99)).note


@pytest.mark.parametrize(
    ("returns", "policy", "why"),
    [
        (IBM[:29], RiskPolicy(), "29 observations; at least 30"),
        (IBM, RiskPolicy(confidence=1.0), "confidence"),
        (IBM, RiskPolicy(days=0), "horizon"),
        (IBM, RiskPolicy(lookback=0), "lookback"),
        (IBM, RiskPolicy(lookback=-5), "lookback"),
        (np.append(IBM, np.nan), RiskPolicy(), "the value at 251 is nan"),
    ],
)
def test_what_cannot_be_answered_has_a_reason(returns, policy, why):
    found = symbol_risk(returns, policy)
    assert math.isnan(found.var)
    assert why in found.note


def test_the_centre_of_a_policy_reaches_every_parametric_model():
    policy = RiskPolicy(mean=Mean.SAMPLE, seed=3)
    assert symbol_risk(IBM, replace(policy, model=RiskModel.NORMAL)) == normal(YEAR, 0.95, mean=Mean.SAMPLE)
    drawn = monte_carlo(YEAR, 0.95, generator_of(3), mean=Mean.SAMPLE)
    assert symbol_risk(IBM, replace(policy, model=RiskModel.MONTE_CARLO)) == drawn
    short = symbol_risk(IBM[-60:], replace(policy, confidence=0.99))
    assert (short.var, short.cvar) == (normal(IBM[-60:], 0.99, mean=Mean.SAMPLE).var, normal(IBM[-60:], 0.99, mean=Mean.SAMPLE).cvar)


def test_a_window_that_just_reaches_the_tail_is_answered_by_the_model_itself():
    assert symbol_risk(IBM[-100:], RiskPolicy(confidence=0.99)) == historical(IBM[-100:], 0.99)
    assert symbol_risk(IBM[-100:], RiskPolicy(RiskModel.AGE_WEIGHTED, confidence=0.99)) == age_weighted(IBM[-100:], 0.99)


def test_a_garch_model_is_fitted_to_the_fewest_returns_it_takes_and_keeps_the_quantile():
    window = IBM[-500:]
    policy = RiskPolicy(RiskModel.FILTERED_HISTORICAL, lookback=500, quantile=Quantile.LOWER)
    assert symbol_risk(window, policy) == filtered_historical(fit_garch(window), window, 0.95, Quantile.LOWER)
    assert not symbol_risk(window[1:], policy).known
