"""The risk figures that sizes and limits rest on, for any history and any holdings: what must hold between them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from framework.rules.risk.covariance import sample_covariance
from framework.rules.risk.ewma import Seed, ewma
from framework.rules.risk.joint import component_shortfall, joint_historical, simple_sum
from framework.rules.risk.parametric import Mean, normal
from framework.rules.risk.portfolio import covariance_risk, covariance_total
from framework.rules.risk.quantiles import historical
from framework.rules.risk.student import student
from tests.properties import estimators, histories
from tests.properties.dice import ODD, Dice
from tests.properties.examples import clause, seeds

levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999])
EPSILON = float(np.finfo(float).eps)


@clause
@given(seeds, st.integers(2, 60), st.integers(1, 10), st.sampled_from([0.55, 0.9, 0.95, 0.99]))
def test_the_components_of_var_and_of_cvar_add_up_to_the_whole(seed, days, symbols, confidence):
    dice = Dice(seed)
    history, values = histories.history(dice, days, symbols), histories.values(dice, symbols)
    found = covariance_risk(values, sample_covariance(history), confidence)
    # Rounding is that of the largest part; a hedge may leave a small sum of large ones.
    exact = 8.0 * EPSILON * symbols * np.abs(found.component).sum()
    assert abs(found.component.sum() - found.total.var) <= exact
    assert abs(found.component_cvar.sum() - found.total.cvar) <= exact * found.total.cvar / max(found.total.var, 1e-300)
    gross = (np.abs(values) * np.abs(history).max(axis=0)).sum()
    own = float(stats.norm.ppf(confidence)) * float((history @ values).std(ddof=1))
    alone = float(stats.norm.ppf(confidence)) * float((np.abs(values) * history.std(axis=0, ddof=1)).sum())
    assert abs(found.total.var - own) <= 1e-9 * own + 2e-6 * alone + 1e-12 * gross
    joint = joint_historical(values, history, confidence)
    parts = component_shortfall(values, history, confidence)
    assert joint.known == np.isfinite(parts).all()
    assert not joint.known or abs(parts.sum() - joint.cvar) <= 1e-12 * days * gross


@clause
@given(seeds, st.sampled_from(sorted(estimators.ALL)), st.integers(1, 130), levels)
def test_cvar_is_never_below_var_of_the_same_estimator(seed, name, length, confidence):
    dice = Dice(seed)
    returns = histories.returns(dice, length, odd=0.1)
    level = dice.one_of((confidence, confidence, dice.between(0.01, 0.999), dice.one_of(ODD)))
    found = estimators.answer(name, returns, level)
    assert found.known or (math.isnan(found.cvar) and found.note)
    assert not found.known or (math.isfinite(found.cvar) and found.cvar >= found.var)
    if not found.known or level is not confidence:
        return
    size = float(np.abs(returns).max())
    # That an estimate is never let below its VaR is not what makes it so.
    if name in estimators.SMOOTH and size < 100.0 * returns.std():
        assert found.cvar > found.var
    if name in estimators.EMPIRICAL:
        mean = estimators.tail_mean(returns, confidence)
        assert abs(found.cvar - (max(mean, found.var) if name.endswith("lower") else mean)) <= 1e-12 * length * size


#: Losses that are a mean and a multiple of one norm of the returns: there the whole is never worse than its parts.
SUBADDITIVE = {
    **{f"normal {mean} mean": lambda r, c, m=mean: normal(r, c, mean=m) for mean in Mean},
    **{f"student {mean} mean": lambda r, c, m=mean: student(r, c, 5.0, mean=m) for mean in Mean},
    **{f"ewma {one}": lambda r, c, s=one: ewma(r, c, 0.9, s) for one in Seed},
}


@clause
@given(seeds, st.integers(2, 60), st.integers(1, 8), st.sampled_from([0.55, 0.9, 0.95, 0.99]), st.sampled_from(sorted(SUBADDITIVE)))
def test_the_sum_of_vars_is_not_below_the_joint_var_where_one_elliptical_model_has_both(seed, days, symbols, confidence, model):
    dice = Dice(seed)
    history, values = histories.history(dice, days, symbols), histories.values(dice, symbols)
    profits = history * values
    rounding = 1e-12 * days * np.abs(profits).max(axis=0).sum()
    whole = SUBADDITIVE[model](profits.sum(axis=1), confidence)
    parts = [SUBADDITIVE[model](column, confidence) for column in profits.T]
    # What stands still has no estimate of its own: all it can bring is its mean.
    still = [-float(column.mean()) if model.endswith("sample mean") else 0.0 for column in profits.T]
    var, cvar = (sum(np.where(np.isnan(each), still, each)) for each in zip(*((one.var, one.cvar) for one in parts), strict=True))
    assert not whole.known or (whole.var <= var + rounding and whole.cvar <= cvar + rounding)
    # The portfolio limit's own sum, against the covariance figure beside it: the mean is zero in both.
    alone = [normal(column, confidence) for column in history.T]
    total = simple_sum(values, np.array([one.var for one in alone]), np.array([one.cvar for one in alone]))
    joint = covariance_total(values, sample_covariance(history), confidence)
    assert not total.known or (joint.var <= total.var * (1.0 + 1e-9) and joint.cvar <= total.cvar * (1.0 + 1e-9))
    # Historical VaR has no such rule, and `test_the_sum_of_historical_vars_was_not_conservative_in_2011` a case against it. Its CVaR has.
    worst = [historical(column, confidence, minimum=1).cvar for column in profits.T]
    assert historical(profits.sum(axis=1), confidence, minimum=1).cvar <= sum(worst) + rounding
