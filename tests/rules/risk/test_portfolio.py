from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import optimize, stats

from framework.rules.risk import montecarlo
from framework.rules.risk.covariance import ewma_covariance, factor, ledoit_wolf, nearest_psd, sample_covariance
from framework.rules.risk.joint import component_shortfall, component_worst_days, joint_historical, simple_sum, simple_sums
from framework.rules.risk.montecarlo import generator_of, joint_monte_carlo, monte_carlo
from framework.rules.risk.parametric import Mean, normal
from framework.rules.risk.portfolio import covariance_risk, covariance_total, largest_addition, what_if
from framework.rules.risk.quantiles import historical
from tests.rules.risk import market
from tests.rules.risk.drawn import panels

VALUES = np.array([400_000.0, -300_000.0, 200_000.0, 100_000.0])
dollars = hnp.arrays(np.float64, 4, elements=st.integers(-1000, 1000).map(lambda thousand: 1000.0 * thousand))


def year() -> np.ndarray:
    return market.four_stocks()[-252:]


def covariance() -> np.ndarray:
    return sample_covariance(year())


def var_of(values: np.ndarray, confidence: float = 0.99) -> float:
    """Covariance VaR by another route: the deviation of the portfolio's own returns."""
    return float(stats.norm.ppf(confidence) * (year() @ values).std(ddof=1))


@given(dollars)
def test_the_total_is_that_of_the_portfolios_own_returns(values):
    found = covariance_total(values, covariance(), 0.99)
    assert found.var == pytest.approx(var_of(values), rel=1e-9, abs=1e-6)
    assert found.cvar >= found.var


@given(dollars)
def test_the_parts_add_up_to_the_total(values):
    found = covariance_risk(values, covariance(), 0.95)
    assert found.component.sum() == pytest.approx(found.total.var, rel=1e-9, abs=1e-6)
    assert found.component_cvar.sum() == pytest.approx(found.total.cvar, rel=1e-9, abs=1e-6)


def test_the_marginal_figure_is_the_slope_of_var():
    found = covariance_risk(VALUES, covariance(), 0.99)
    for place in range(4):
        step = np.eye(4)[place] * 10.0
        assert found.marginal[place] == pytest.approx((var_of(VALUES + step) - var_of(VALUES - step)) / 20.0, rel=1e-6)


@given(dollars)
def test_the_incremental_figure_is_the_difference_without_the_position(values):
    found = covariance_risk(values, covariance(), 0.99)
    for place in range(4):
        without = np.where(np.arange(4) == place, 0.0, values)
        assert found.incremental[place] == pytest.approx(var_of(values) - var_of(without), rel=1e-6, abs=1e-2)


def test_what_if_shows_a_hedge_as_a_negative_change():
    hedge = np.array([-200_000.0, 0.0, 0.0, 0.0])
    found = what_if(VALUES, hedge, covariance(), 0.99)
    assert found.after.var == pytest.approx(var_of(VALUES + hedge))
    assert found.change == pytest.approx(var_of(VALUES + hedge) - var_of(VALUES))
    assert found.change < 0.0
    assert "trades" in what_if(VALUES, hedge[:2], covariance(), 0.99).after.note


@given(dollars, st.integers(0, 3), st.sampled_from([1, -1]), st.floats(0.0, 60_000.0))
def test_the_largest_addition_lands_on_the_limit(values, symbol, sign, limit):
    found = largest_addition(values, covariance(), 0.99, symbol, limit, sign)
    after = var_of(values + sign * found.value * np.eye(4)[symbol])
    if found.value > 0.0:
        assert after == pytest.approx(limit, rel=1e-6, abs=1e-2)
        beyond = var_of(values + sign * (found.value + 1_000.0) * np.eye(4)[symbol])
        assert beyond > after - 1e-6
    else:
        assert after >= limit - 1e-2
        far = optimize.minimize_scalar(lambda x: var_of(values + sign * x * np.eye(4)[symbol]), bounds=(0.0, 1e7), method="bounded")
        assert far.fun >= limit - max(1e-2, 1e-6 * limit)


def test_a_symbol_without_variance_cannot_be_limited_by_var():
    matrix = np.diag([1e-4, 0.0])
    assert "does not vary" in largest_addition(np.array([1.0, 1.0]), matrix, 0.99, 1, 100.0).note
    assert "no column" in largest_addition(np.array([1.0, 1.0]), matrix, 0.99, 2, 100.0).note
    assert "more than 0.5" in largest_addition(np.array([1.0, 1.0]), matrix, 0.4, 0, 100.0).note


def test_a_negative_variance_is_no_ground_for_a_limit():
    assert "negative variance" in largest_addition(np.array([1.0, 1.0]), np.diag([1e-4, -1e-4]), 0.99, 1, 100.0).note


def test_sums_need_a_risk_for_each_value():
    assert "do not match" in simple_sum(np.ones(2), np.ones(3), np.ones(2)).note


def test_a_flat_book_has_no_risk_and_no_slope():
    found = covariance_risk(np.zeros(4), covariance(), 0.99)
    assert found.total.var == 0.0
    assert found.component.tolist() == [0.0] * 4
    assert np.isnan(found.marginal).all()


def test_a_matrix_that_is_no_covariance_is_said_and_can_be_repaired():
    matrix = 1e-4 * np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    values = np.array([1.0, -1.0, 1.0])
    assert "needs repair" in covariance_total(values, matrix, 0.99).note
    repaired = nearest_psd(matrix)
    assert np.linalg.eigvalsh(repaired).min() >= -1e-18
    assert covariance_total(values, repaired, 0.99).known


@given(hnp.arrays(np.float64, (4, 4), elements=st.floats(-1.0, 1.0)))
def test_the_repair_is_the_nearest_matrix_without_negative_eigenvalues(matrix):
    repaired, symmetric = nearest_psd(matrix), 0.5 * (matrix + matrix.T)
    negative = np.minimum(np.linalg.eigvalsh(symmetric), 0.0)
    assert np.linalg.norm(repaired - symmetric) == pytest.approx(math.sqrt(float(negative @ negative)), abs=1e-9)
    assert factor(matrix) @ factor(matrix).T == pytest.approx(repaired)


# Sums of stand-alone risk


@given(panels(60, 3), hnp.arrays(np.float64, 3, elements=st.floats(-1e6, 1e6)))
def test_the_sum_of_normal_vars_is_never_below_the_covariance_var(history, values):
    alone = [normal(column, 0.99) for column in history.T]
    assume(all(one.known for one in alone))
    total = simple_sum(values, np.array([one.var for one in alone]), np.array([one.cvar for one in alone]))
    joint = covariance_total(values, sample_covariance(history), 0.99)
    assert total.var >= joint.var * (1.0 - 1e-9) - 1e-9
    assert total.cvar >= joint.cvar * (1.0 - 1e-9) - 1e-9


@given(panels(60, 3), hnp.arrays(np.float64, 3, elements=st.floats(0.0, 1e6)))
def test_the_sum_of_historical_cvars_is_never_below_the_joint_cvar(history, values):
    alone = [historical(column, 0.95) for column in history.T]
    total = float(sum(value * one.cvar for value, one in zip(values, alone, strict=True)))
    assert joint_historical(values, history, 0.95).cvar <= total + 1e-6


def test_the_sum_of_historical_vars_was_not_conservative_in_2011():
    days = market.four_stock_days()
    history = market.four_stocks()[days.index("2010-08-12") : days.index("2011-08-10") + 1, [0, 2]]
    values = np.array([0.5, 0.5])
    alone = [historical(column, 0.99) for column in history.T]
    total = simple_sum(values, np.array([one.var for one in alone]), np.array([one.cvar for one in alone]))
    joint = joint_historical(values, history, 0.99)
    assert len(history) == 252
    assert round(joint.var, 5) == 0.03865
    assert round(total.var, 5) == 0.03631
    assert joint.var > total.var
    assert joint.cvar < total.cvar


def test_a_risk_that_is_not_known_leaves_no_sum_unless_nothing_is_held():
    risk = np.array([0.02, math.nan])
    assert "among the held symbols" in simple_sum(np.array([1.0, 1.0]), risk, risk).note
    assert simple_sum(np.array([100.0, 0.0]), risk, risk).var == 2.0
    assert simple_sum(np.array([-100.0, 0.0]), risk, risk).var == 2.0


# Joint history


def test_the_joint_history_is_that_of_the_held_portfolio():
    history = year().copy()
    history[3, 2] = np.nan
    values = np.array([5e5, -2e5, 0.0, 1e5])
    expected = historical(history[:, [0, 1, 3]] @ values[[0, 1, 3]], 0.99)
    found = joint_historical(values, history, 0.99)
    assert (found.var, found.cvar) == pytest.approx((expected.var, expected.cvar))
    assert "among the held columns" in joint_historical(np.ones(4), history, 0.99).note


@given(panels(60, 3), hnp.arrays(np.float64, 3, elements=st.floats(-1e6, 1e6)), st.sampled_from([0.9, 0.95, 0.975]))
def test_the_parts_of_joint_cvar_add_up(history, values, confidence):
    parts, total = component_shortfall(values, history, confidence), joint_historical(values, history, confidence).cvar
    profits = (history * values).sum(axis=1)
    if historical(profits, confidence).cvar > historical(profits, confidence).var:
        assert parts.sum() == pytest.approx(total, rel=1e-9, abs=1e-6)


def test_the_worst_days_are_shared_out():
    history = np.array([[-0.10, 0.01], [-0.02, -0.03], [0.05, 0.01], [0.01, -0.30]])
    assert component_worst_days(np.array([100.0, 10.0]), history, 2) == pytest.approx([(10.0 + 2.0) / 2, (-0.1 + 0.3) / 2])
    assert np.isnan(component_worst_days(np.array([100.0, 10.0]), history, 5)).all()


# Covariances


def test_the_sample_covariance_is_that_of_numpy():
    assert covariance() == pytest.approx(np.cov(year().T), rel=1e-10)


def test_the_ewma_covariance_is_the_weighted_sum_of_outer_products():
    total, weight = np.zeros((4, 4)), 0.0
    for age, row in enumerate(year()[::-1]):
        total += 0.94**age * np.outer(row, row)
        weight += 0.94**age
    assert ewma_covariance(year()) == pytest.approx(total / weight, rel=1e-10)


@pytest.mark.parametrize("days", [10, 60, 252])
def test_ledoit_wolf_follows_the_paper_row_by_row(days):
    """m, d^2, b-bar^2 and b^2 of section 3.3, with the norm ||A||^2 = tr(A A') / p."""
    history = market.four_stocks()[-days:]
    centred = history - history.mean(axis=0)
    sample = centred.T @ centred / days
    level = np.trace(sample) / 4
    distance = np.sum((sample - level * np.eye(4)) ** 2) / 4
    noise = min(sum(np.sum((np.outer(row, row) - sample) ** 2) / 4 for row in centred) / days**2, distance)
    found, intensity = ledoit_wolf(history)
    assert intensity == pytest.approx(noise / distance, rel=1e-9)
    assert found == pytest.approx(noise / distance * level * np.eye(4) + (1 - noise / distance) * sample, rel=1e-9)
    assert np.linalg.eigvalsh(found).min() > 0.0


# Monte Carlo


def test_the_same_seed_gives_the_same_draws():
    one, other, third = (monte_carlo(market.stock("IBM"), 0.99, generator_of(seed), draws=2000) for seed in (4, 4, 5))
    assert one == other
    assert one != third


@pytest.mark.parametrize("freedom", [math.inf, 4.0])
def test_simulated_risk_is_the_closed_form_within_its_error(freedom):
    sample = market.stock("IBM")[-252:]
    held = stats.norm() if math.isinf(freedom) else stats.t(freedom, scale=math.sqrt((freedom - 2) / freedom))
    exact = -(sample.mean() + sample.std(ddof=1) * held.ppf(0.01))
    error = sample.std(ddof=1) * math.sqrt(0.01 * 0.99 / 200_000) / held.pdf(held.ppf(0.01))
    found = monte_carlo(sample, 0.99, generator_of(8), draws=200_000, freedom=freedom)
    assert abs(found.var - exact) < 4.0 * error


@pytest.mark.parametrize("freedom", [math.inf, 4.0])
def test_joint_draws_have_the_portfolios_distribution(freedom):
    held = stats.norm() if math.isinf(freedom) else stats.t(freedom, scale=math.sqrt((freedom - 2) / freedom))
    deviation = (year() @ VALUES).std(ddof=1)
    error = deviation * math.sqrt(0.01 * 0.99 / 200_000) / held.pdf(held.ppf(0.01))
    found = joint_monte_carlo(VALUES, year(), 0.99, generator_of(8), draws=200_000, freedom=freedom)
    assert abs(found.var + deviation * held.ppf(0.01)) < 4.0 * error


def test_draws_are_counted_and_bounded():
    assert "draws" in monte_carlo(market.stock("IBM"), 0.99, generator_of(1), draws=0).note
    assert "draws" in joint_monte_carlo(VALUES, year(), 0.99, generator_of(1), draws=10_000_001).note
    assert "does not vary" in joint_monte_carlo(np.zeros(4), year(), 0.99, generator_of(1)).note
    assert "2 values for 4 columns" in joint_monte_carlo(np.ones(2), year(), 0.99, generator_of(1)).note


@pytest.mark.parametrize("mean", Mean)
def test_simulated_risk_is_that_of_the_draws_themselves(mean):
    draws = generator_of(7).standard_normal(1000) * year()[:, 0].std(ddof=1) + (year()[:, 0].mean() if mean is Mean.SAMPLE else 0.0)
    found = monte_carlo(year()[:, 0], 0.95, generator_of(7), draws=1000, mean=mean)
    assert found.var == pytest.approx(-np.quantile(draws, 0.05), rel=1e-12)
    assert found.cvar == pytest.approx(-np.sort(draws)[:50].mean(), rel=1e-12)


def test_a_short_sample_and_a_single_draw_are_enough_for_a_simulation():
    assert monte_carlo(np.array([0.01, -0.01]), 0.95, generator_of(7), draws=20).known
    assert math.isnan(monte_carlo(np.array([0.01, -0.01]), 0.95, generator_of(7), draws=1).var)
    assert "1 observations" in monte_carlo(np.array([0.01, -0.01]), 0.95, generator_of(7), draws=1).note


@pytest.mark.parametrize("days", [1, 252])
def test_the_worst_day_and_all_days_can_be_shared_out(days):
    values = np.array([5000.0, -2000.0, 1000.0, 3000.0])
    worst = np.argsort(year() @ values)[:days]
    assert component_worst_days(values, year(), days) == pytest.approx(-(year()[worst] * values).mean(axis=0), rel=1e-9)
    assert np.isnan(component_worst_days(values, year(), 253)).all()
    assert np.isnan(component_worst_days(values, year(), 0)).all()


def test_equally_bad_days_count_oldest_first():
    history = np.zeros((100, 2))
    history[::3] = [-0.02, 0.01]
    history[1::3] = [0.01, -0.02]
    assert component_worst_days(np.ones(2), history, 1).tolist() == [0.02, -0.01]
    assert component_worst_days(np.ones(2), history, 2) == pytest.approx([0.005, 0.005])
    assert component_shortfall(np.ones(2), history, 0.99) == pytest.approx([0.02, -0.01])


def test_the_shortest_histories_have_a_covariance():
    assert ewma_covariance(np.array([[0.1, -0.2]])) == pytest.approx(np.array([[0.01, -0.02], [-0.02, 0.04]]))
    matrix, intensity = ledoit_wolf(np.array([[0.1, -0.2], [0.3, 0.2]]))
    assert np.isfinite(matrix).all()
    assert 0.0 <= intensity <= 1.0
    assert ledoit_wolf(np.zeros((5, 2)))[1] == 0.0


@pytest.mark.parametrize("history", [np.zeros((5, 0)), np.full((5, 3), np.nan), np.zeros(4)])
def test_a_history_without_a_covariance_keeps_its_shape(history):
    columns = history.shape[1] if history.ndim == 2 else 1
    for matrix in (sample_covariance(history[:1]), ewma_covariance(np.full_like(history, np.nan)), ledoit_wolf(history[:1])[0]):
        assert matrix.shape == (columns, columns)
        assert np.isnan(matrix).all()


def test_the_block_of_a_simulation_bounds_its_memory_and_not_its_result(monkeypatch):
    whole = joint_monte_carlo(VALUES, year(), 0.95, generator_of(7), draws=101)
    monkeypatch.setattr(montecarlo, "_BLOCK", 40)
    assert joint_monte_carlo(VALUES, year(), 0.95, generator_of(7), draws=101) == whole


def test_a_position_of_cents_has_a_limit_too_and_a_purchase_is_meant_unless_a_sale_is_said():
    correlated = np.array([[1.0, 0.9], [0.9, 1.0]])
    bought = largest_addition(np.array([0.0, 0.5]), correlated, 0.95, 0, 1.0)
    assert bought == largest_addition(np.array([0.0, 0.5]), correlated, 0.95, 0, 1.0, sign=1)
    assert covariance_total(np.array([bought.value, 0.5]), correlated, 0.95).var == pytest.approx(1.0)
    sold = largest_addition(np.array([0.0, 0.5]), correlated, 0.95, 0, 1.0, sign=-1)
    assert covariance_total(np.array([-sold.value, 0.5]), correlated, 0.95).var == pytest.approx(1.0)
    assert sold.value > largest_addition(np.array([0.0, 0.5]), correlated, 0.95, 0, 1.0).value


amounts = st.sampled_from([0.0, 0.0, 1.0, -2.5, 1e31, math.nan]) | st.floats(-1e6, 1e6)
risks_of_a_dollar = st.sampled_from([math.nan, math.inf, 0.0, -0.01]) | st.floats(0.0, 0.5)


@given(st.data(), st.integers(1, 6), st.integers(1, 20))
def test_simple_sums_of_many_times_are_those_of_each(data, times, symbols):
    def table(numbers):
        return np.array(data.draw(st.lists(numbers, min_size=times * symbols, max_size=times * symbols))).reshape(times, symbols)

    values, var, cvar = table(amounts), table(risks_of_a_dollar), table(risks_of_a_dollar)
    alone = [simple_sum(*rows) for rows in zip(values, var, cvar, strict=True)]
    many = simple_sums(values, var, cvar)
    np.testing.assert_array_equal(many[0], [one.var for one in alone])
    np.testing.assert_array_equal(many[1], [one.cvar for one in alone])
