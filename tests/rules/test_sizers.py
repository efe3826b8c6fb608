"""Sizers: each method against its formula, every fallback, the order of allocation, and properties for any input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framework.domain.values import MICRO, to_micros
from framework.errors import ConfigError
from framework.rules.sizing.lots import shares_for
from framework.rules.sizing.policy import (
    BELOW_LOT,
    CAPPED,
    DEGENERATE,
    EXPOSURE,
    FULL,
    NO_EDGE,
    NO_HISTORY,
    NO_PRICE,
    NO_SIGNAL,
    REFUSALS,
    TOO_SMALL,
    UNCHANGED,
    UNKNOWN,
    VAR_BUDGET,
    WEAK,
    FixedUnit,
    SizingMethod,
    SizingPolicy,
)
from framework.rules.sizing.sizers import charged_var, worst_case
from tests.rules.sizing_cases import INF, NAN, only, sized

# --- each method, by its formula


def test_the_reference_position_of_apple():
    """floor(min(100000 * 0.005 / VaR, 10000) / 430.47), VaR = 5 % quantile of the last 252 returns of AAPL, linear."""
    var = 0.03154556812350413
    assert only(sized({"measure": var, "var": var}, max_position_pct=1.0)) == (pytest.approx(15850.087024663777, rel=1e-9), FULL)
    capped, code = only(sized({"measure": var, "var": var, "price": 430.47}))
    assert (capped, code) == (10_000.0, CAPPED)
    assert shares_for(capped, to_micros(430.47), MICRO) == 23 * MICRO


@pytest.mark.parametrize(
    ("method", "measure", "policy", "value"),
    [
        ("var", 0.06, {}, 500.0 / 0.06),
        ("cvar", 0.08, {}, 500.0 / 0.08),
        ("atr", 0.0625, {"risk_per_trade_pct": 0.01, "atr_multiple": 2.0}, 1000.0 / (2.0 * 0.0625)),
        ("volatility", 0.40, {"target_volatility_pct": 0.10}, 10_000.0 / 5 / 0.40),
        ("kelly", 0.12, {"kelly_fraction": 0.25}, 3_000.0),
        ("kelly", 0.36, {"kelly_fraction": 0.25, "kelly_cap": 0.08}, 8_000.0),
        ("equal", NAN, {"max_total_exposure_pct": 0.45}, 9_000.0),
        ("fixed", NAN, {"fixed_amount": 2_500.0}, 2_500.0),
        ("fixed", 50.0, {"fixed_amount": 30.0, "fixed_unit": FixedUnit.SHARES}, 1_500.0),
    ],
)
@pytest.mark.parametrize("strength", [1.0, 0.5, -0.25])
def test_a_method_sizes_by_its_formula_times_the_strength(method, measure, policy, value, strength):
    found = sized({"strength": strength, "measure": measure}, method=SizingMethod(method), min_position_value=0.0, **policy)
    assert only(found) == (pytest.approx(value * strength, rel=1e-12), FULL)
    assert found.wanted[0] == found.target[0]


@pytest.mark.parametrize(("method", "measure"), [("var", 0.03), ("atr", 0.01), ("volatility", 0.02), ("kelly", 0.9), ("fixed", 1.0)])
def test_no_method_exceeds_the_position_cap(method, measure):
    found = sized({"measure": measure}, method=SizingMethod(method), max_position_pct=0.05, fixed_amount=6_000.0)
    assert only(found) == (5_000.0, CAPPED)


def test_a_strength_beyond_one_counts_as_one():
    assert sized({"strength": 7.0}).target[0] == sized({"strength": 1.0}).target[0]
    assert sized({"strength": -INF}).target[0] == sized({"strength": -1.0}).target[0]


def test_a_size_that_reaches_the_cap_was_not_capped():
    assert only(sized({}, method=SizingMethod.FIXED, fixed_amount=10_000.0)) == (10_000.0, FULL)


def test_a_single_symbol_may_have_the_whole_exposure():
    assert only(sized({}, method=SizingMethod.EQUAL, slots=1, max_position_pct=1.0, max_portfolio_var_pct=None)) == (80_000.0, FULL)
    assert only(sized({}, method=SizingMethod.EQUAL, slots=0, max_position_pct=1.0, max_portfolio_var_pct=None)) == (80_000.0, FULL)


def test_a_small_account_has_small_positions():
    assert only(sized({}, equity=0.5, min_position_value=0.0))[0] == pytest.approx(0.05)


# --- fallbacks


@pytest.mark.parametrize("measure", [NAN, INF, -INF])
def test_without_a_var_the_size_is_the_equal_weight_and_an_assumed_var_is_charged(measure):
    found = sized({"measure": measure, "var": NAN}, {"strength": 0.9}, slots=20, max_portfolio_var_pct=0.003)
    assert only(found) == (4_000.0, UNKNOWN)  # 80 % / 20
    assert found.codes[1] == VAR_BUDGET
    assert found.target[1] == pytest.approx((300.0 - 4_000.0 * 0.05) / 0.02)


def test_an_equal_weight_without_a_var_keeps_to_the_budget_of_a_position():
    assert only(sized({"measure": NAN, "var": NAN}, assumed_var=0.25)) == (2_000.0, UNKNOWN)  # 500 / 0.25, not 10 %
    by_atr = sized({"measure": NAN, "var": NAN}, assumed_var=0.25, method=SizingMethod.ATR, max_portfolio_var_pct=None)
    assert only(by_atr) == (10_000.0, UNKNOWN)


@pytest.mark.parametrize("measure", [0.0, -0.01, 0.0005])
def test_a_var_that_cannot_be_believed_gives_one_percent(measure):
    found = sized({"measure": measure, "var": measure}, {"strength": 0.9}, max_portfolio_var_pct=0.001)
    assert only(found) == (1_000.0, DEGENERATE)
    assert found.target[1] == pytest.approx((100.0 - 1_000.0 * 0.05) / 0.02)


def test_a_var_just_above_the_floor_is_believed():
    assert only(sized({"measure": 0.000501, "var": 0.000501})) == (10_000.0, CAPPED)


def test_one_percent_keeps_to_the_budget_of_a_position():
    assert only(sized({"measure": 0.0, "var": 0.0}, assumed_var=0.5, max_position_var_pct=0.001))[0] == pytest.approx(200.0)


def test_the_floor_of_an_annual_volatility_is_the_daily_one_scaled():
    at_floor = 0.0005 * math.sqrt(252)
    assert only(sized({"measure": at_floor}, method=SizingMethod.VOLATILITY))[1] == DEGENERATE
    assert only(sized({"measure": at_floor * 1.001}, method=SizingMethod.VOLATILITY))[1] == CAPPED


def test_kelly_without_a_history_starts_small_and_without_an_edge_not_at_all():
    assert only(sized({"measure": NAN}, method=SizingMethod.KELLY)) == (1_000.0, NO_HISTORY)
    assert only(sized({"measure": 0.0}, method=SizingMethod.KELLY)) == (0.0, NO_EDGE)
    assert only(sized({"measure": -0.5, "held": 900.0}, method=SizingMethod.KELLY)) == (0.0, NO_EDGE)


def test_shares_without_a_price_are_worth_nothing():
    assert only(sized({"measure": NAN}, method=SizingMethod.FIXED, fixed_unit=FixedUnit.SHARES)) == (0.0, NO_PRICE)


@pytest.mark.parametrize("price", [NAN, 0.0, -1.0, INF])
def test_without_a_price_nothing_is_decided_and_nothing_is_spent(price):
    found = sized({"price": price, "held": 700.0}, {"strength": 0.5, "measure": 0.05}, max_portfolio_var_pct=0.0011)
    assert only(found) == (700.0, NO_PRICE)
    assert found.target[1] == pytest.approx((110.0 - 700.0 * 0.02) / 0.02)  # what is held counts, what was wanted does not


def test_a_strength_that_is_not_a_number_changes_nothing():
    assert only(sized({"strength": NAN, "held": -700.0})) == (-700.0, NO_SIGNAL)


def test_a_held_value_that_is_not_a_number_leaves_no_room():
    found = sized({"held": NAN}, {"strength": 0.5})
    assert only(found) == (0.0, NO_PRICE)
    assert (found.target[1], found.codes[1]) == (0.0, EXPOSURE)


@pytest.mark.parametrize("equity", [0.0, -5.0, NAN, -INF])
def test_without_equity_nothing_is_added(equity):
    assert only(sized({}, equity=equity))[0] == 0.0


# --- budgets and order


def test_the_strongest_is_served_first_and_ties_go_to_the_earlier_row():
    rows = [{"strength": 0.5}, {"strength": -0.9}, {"strength": 0.9}, {"strength": 0.3}]
    found = sized(*rows, max_total_exposure_pct=0.15)
    assert found.target.tolist() == [0.0, -9_000.0, 6_000.0, 0.0]
    assert found.codes == (EXPOSURE, CAPPED, EXPOSURE, EXPOSURE)


def test_the_var_budget_is_the_sum_of_value_times_var():
    found = sized({"var": 0.04}, {"strength": 0.9, "var": 0.03}, max_portfolio_var_pct=0.005)
    assert found.target[0] == 10_000.0
    assert found.target[1] == pytest.approx((500.0 - 400.0) / 0.03)
    assert found.codes == (CAPPED, VAR_BUDGET)


@pytest.mark.parametrize("method", list(SizingMethod))
def test_the_var_budget_binds_every_method_and_can_be_switched_off(method):
    row = {"measure": 0.05, "var": 0.04}
    bound = sized(row, method=method, max_portfolio_var_pct=0.0001, min_position_value=0.0, fixed_amount=900.0)
    free = sized(row, method=method, max_portfolio_var_pct=None, min_position_value=0.0, fixed_amount=900.0)
    assert only(bound) == (pytest.approx(10.0 / 0.04), VAR_BUDGET)
    assert free.target[0] > bound.target[0]


def test_what_others_have_taken_is_counted():
    assert sized({}, other_var=1_950.0).target[0] == pytest.approx(50.0 / 0.02)
    assert sized({}, other=73_000.0).target[0] == pytest.approx(7_000.0)


def test_what_is_held_is_counted_and_only_the_difference_is_paid():
    assert only(sized({"held": 4_000.0}, other=75_000.0)) == (5_000.0, EXPOSURE)
    assert only(sized({"held": 4_000.0}, other=60_000.0)) == (10_000.0, CAPPED)


def test_a_used_up_budget_refuses_entries_and_leaves_holdings():
    found = sized({"held": 4_000.0}, {}, other_var=2_000.0)
    assert found.target.tolist() == [4_000.0, 0.0]
    assert found.codes == (VAR_BUDGET, VAR_BUDGET)


def test_a_reduction_stands_whatever_is_used_up_and_frees_nothing_yet():
    found = sized({"strength": 0.2, "held": 9_000.0}, {"strength": 0.1}, other=79_000.0)
    assert found.target.tolist() == [2_000.0, 0.0]


def test_what_does_not_grow_costs_nothing():
    found = sized({"strength": 0.2, "held": 9_000.0}, {"strength": 0.15}, other=70_000.0)
    assert found.target.tolist() == [2_000.0, 1_000.0]


def test_a_change_of_side_is_paid_with_what_its_own_old_side_gives_back():
    found = sized({"strength": -1.0, "held": 6_000.0}, {"strength": 0.5}, other=67_000.0)
    assert found.target[0] == -10_000.0  # 80,000 - 67,000 are there for it, the 6,000 that the same order closes among them
    assert found.target[1] == pytest.approx(3_000.0)  # what is left of the 13,000


def test_an_entry_below_the_minimum_is_refused_and_a_small_addition_is_no_news():
    assert only(sized({"strength": 0.11}, max_position_pct=0.009)) == (0.0, TOO_SMALL)
    assert only(sized({"strength": 0.20}, max_position_pct=0.005)) == (100.0, CAPPED)
    assert only(sized({"held": 9_950.0})) == (9_950.0, UNCHANGED)
    assert only(sized({"held": 9_900.0})) == (10_000.0, CAPPED)


def test_a_weak_signal_adds_nothing_but_may_reduce():
    assert only(sized({"strength": 0.099})) == (0.0, WEAK)
    assert only(sized({"strength": 0.1})) == (pytest.approx(1_000.0), CAPPED)
    assert only(sized({"strength": 0.05, "held": 200.0})) == (200.0, WEAK)
    assert only(sized({"strength": -0.05, "held": 200.0})) == (0.0, WEAK)
    assert only(sized({"strength": 0.05, "held": 2_000.0})) == (pytest.approx(500.0), CAPPED)
    assert only(sized({"strength": 0.05}, min_position_value=0.0)) == (0.0, WEAK)


def test_a_flat_target_is_flat_and_needs_no_reason():
    assert only(sized({"strength": 0.0, "held": 50.0, "measure": NAN})) == (0.0, FULL)
    assert only(sized({"strength": 0.0, "held": 50.0, "price": NAN})) == (50.0, NO_PRICE)
    assert math.copysign(1.0, sized({"strength": -0.0}).target[0]) == 1.0


def test_codes_that_are_refusals_have_words():
    assert {NO_PRICE, NO_SIGNAL, WEAK, NO_EDGE, VAR_BUDGET, EXPOSURE, TOO_SMALL, BELOW_LOT} == set(REFUSALS)


def test_working_orders_count_at_their_worst():
    held, buying, selling = np.array([100.0, 100.0, -50.0]), np.array([50.0, 0.0, 20.0]), np.array([0.0, 300.0, 0.0])
    assert worst_case(held, buying, selling).tolist() == [150.0, -200.0, -50.0]


def test_the_var_charged_is_the_assumed_one_where_there_is_none():
    assert charged_var(np.array([0.03, 0.0005, NAN, INF, -1.0]), SizingPolicy()).tolist() == [0.03, 0.05, 0.05, 0.05, 0.05]


# --- policy


@pytest.mark.parametrize(("name", "value"), [("max_position_pct", NAN), ("max_portfolio_var_pct", -0.1), ("kelly_fraction", INF)])
def test_a_policy_number_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(ConfigError, match=rf"\[sizing\] {name} = .*; it must be a finite number, not below 0"):
        SizingPolicy(**{name: value})


@pytest.mark.parametrize("name", ["assumed_var", "atr_multiple"])
def test_a_policy_number_that_is_divided_by_is_not_zero(name):
    with pytest.raises(ConfigError, match=rf"\[sizing\] {name} = 0; it must be above 0"):
        SizingPolicy(**{name: 0.0})


def test_the_defaults_are_those_of_the_requirements():
    policy = SizingPolicy()
    assert (policy.max_position_var_pct, policy.max_portfolio_var_pct, policy.max_position_pct) == (0.005, 0.02, 0.10)
    assert (policy.max_total_exposure_pct, policy.min_position_value, policy.min_strength) == (0.80, 100.0, 0.1)
    assert policy.fallback_position_pct == 0.01
