"""Books, pairs and matrices without an answer: every number NaN, and the reason word for word; and the smallest that have one."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from framework.rules.risk.benchmark import downside_beta, information_ratio, kendall, pearson, regress, spearman, tracking_error
from framework.rules.risk.correlation import window_correlation
from framework.rules.risk.covariance import factor, nearest_psd
from framework.rules.risk.exposure import concentration, portfolio_heat, sector_exposure
from framework.rules.risk.joint import component_shortfall, component_worst_days, joint_historical, scenario_values, simple_sum
from framework.rules.risk.portfolio import covariance_risk, covariance_total, largest_addition, what_if
from framework.rules.risk.quantiles import Quantile, historical
from tests.rules.risk.odd_histories import (
    BELL,
    EYE,
    FINITE,
    FLAT,
    HISTORY,
    NEGATIVE,
    ONES,
    PLAIN,
    assert_is,
)


def test_what_could_not_be_traded_leaves_the_risk_before_it():
    for trades in (np.ones(3), np.array([1.0, nan])):
        assert what_if(ONES, trades, EYE, 0.95).before == covariance_total(ONES, EYE, 0.95)
        assert np.isnan(what_if(ONES, trades, EYE, 0.95).change)


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


def test_one_unknown_risk_of_two_leaves_no_sum():
    values, known = np.array([2.0, 0.0, -3.0]), np.array([0.1, nan, 0.2])
    found = simple_sum(values, known, known + 0.05)
    assert (found.var, found.cvar) == (pytest.approx(0.8), pytest.approx(1.05))
    assert simple_sum(values, np.array([-0.1, nan, 0.2]), np.array([-0.05, nan, 0.3])).cvar == pytest.approx(0.9)
    assert_is(simple_sum(np.zeros(0), np.zeros(0), np.zeros(0)), 0.0, 0.0, "simple sum", 0, "")


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


def test_the_broken_one_of_a_pair_is_named_wherever_it_stands():
    broken = np.append(PLAIN[1:], nan)
    for pair in ((PLAIN, broken), (broken, PLAIN)):
        for measure in (regress, downside_beta, tracking_error, information_ratio, pearson, spearman, kendall):
            assert measure(*pair).note == f"the value at 29 is nan; {FINITE}"


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
