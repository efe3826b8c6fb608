"""Sizing over any input: what always holds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from framework.rules.sizing.policy import (
    EXPOSURE,
    FULL,
    NO_PRICE,
    NO_SIGNAL,
    UNCHANGED,
    VAR_BUDGET,
    FixedUnit,
    SizingMethod,
    SizingPolicy,
)
from framework.rules.sizing.sizers import allocate, charged_var, worst_case
from tests.rules.sizing_cases import EQUITY, INF, NAN, candidates, only, sized

NASTY = st.sampled_from([NAN, INF, -INF, 0.0, -0.0, 5e-324, 1e-300, 1e300, 1.7e308, -1e300])
STRENGTHS = st.floats(-1.0, 1.0) | NASTY
RISKS = st.floats(0.0001, 0.5) | NASTY
VALUES = st.floats(-30_000.0, 30_000.0) | NASTY
ROW = st.fixed_dictionaries({"strength": STRENGTHS, "measure": RISKS, "var": RISKS, "price": st.floats(0.01, 1e4) | NASTY, "held": VALUES})
SANE_ROW = st.fixed_dictionaries(
    {"strength": st.floats(-1.0, 1.0), "measure": st.floats(0.001, 0.5), "var": st.floats(0.001, 0.5), "held": st.floats(-2e4, 2e4)}
)
FRACTION = st.floats(0.0, 1.5) | st.sampled_from([0.0, 1e-300, 1e300])
POLICY = st.builds(
    SizingPolicy,
    method=st.sampled_from(SizingMethod),
    max_position_var_pct=FRACTION,
    max_portfolio_var_pct=st.none() | FRACTION,
    max_position_pct=FRACTION,
    max_total_exposure_pct=FRACTION,
    fallback_position_pct=FRACTION,
    assumed_var=st.floats(0.001, 2.0),
    risk_floor=st.floats(0.0, 0.01),
    min_position_value=st.floats(0.0, 5_000.0),
    min_strength=st.floats(0.0, 0.5),
    risk_per_trade_pct=FRACTION,
    atr_multiple=st.floats(0.1, 10.0),
    target_volatility_pct=FRACTION,
    kelly_fraction=FRACTION,
    kelly_cap=FRACTION,
    fixed_amount=st.floats(0.0, 1e6) | st.just(1e300),
    fixed_unit=st.sampled_from(FixedUnit),
)
SANE_POLICY = st.builds(
    SizingPolicy,
    method=st.sampled_from(SizingMethod),
    max_portfolio_var_pct=st.none() | st.floats(0.0, 0.05),
    max_total_exposure_pct=st.floats(0.0, 1.0),
    min_position_value=st.floats(0.0, 500.0),
    min_strength=st.floats(0.0, 0.2),
)


def worst_of(limit: float, before: float) -> float:
    """A limit may stay as far exceeded as it was, up to rounding."""
    return max(limit, before) * (1.0 + 1e-9) + 1e-6


# --- any input


@given(st.lists(ROW, max_size=6), VALUES, VALUES, VALUES, st.integers(-1, 20), POLICY)
def test_no_cap_is_exceeded_and_nothing_raises(rows, other_var, other, equity, slots, policy):
    given_rows = candidates(*rows)
    found = allocate(given_rows, other_var, other, equity, slots, policy)
    assert np.isfinite(found.target).all()
    money = equity if 0.0 < equity < INF else 0.0 if not equity > 0.0 else 9e12
    touched = [row for row, code in enumerate(found.codes) if code not in {NO_PRICE, NO_SIGNAL} or found.target[row] == 0.0]
    for row in touched:
        assert abs(found.target[row]) <= policy.max_position_pct * money * (1.0 + 1e-9)
    added = [row for row in touched if abs(found.target[row]) > abs(given_rows.held[row])]
    if added:  # then everything that counts was a number
        size, held = np.abs(found.target), np.abs(given_rows.held)
        assert size.sum() + other <= worst_of(policy.max_total_exposure_pct * money, held.sum() + other)
        if policy.max_portfolio_var_pct is not None:
            charged = charged_var(given_rows.var, policy)
            assert size @ charged + other_var <= worst_of(policy.max_portfolio_var_pct * money, held @ charged + other_var)


@given(st.lists(ROW, max_size=6), VALUES, VALUES, VALUES, st.integers(1, 20), POLICY)
def test_an_addition_is_never_below_the_minimum(rows, other_var, other, equity, slots, policy):
    given_rows = candidates(*rows)
    found = allocate(given_rows, other_var, other, equity, slots, policy)
    for target, held, code in zip(found.target, given_rows.held, found.codes, strict=True):
        if code not in {NO_PRICE, NO_SIGNAL} and target != 0.0 and abs(target) > abs(held) and target * held >= 0.0:
            assert abs(target) - abs(held) >= policy.min_position_value * (1.0 - 1e-9)


@given(st.lists(SANE_ROW, min_size=1, max_size=6), st.data(), SANE_POLICY)
def test_a_size_grows_with_its_strength(rows, data, policy):
    row = data.draw(st.integers(0, len(rows) - 1))
    sign = math.copysign(1.0, rows[row]["strength"])
    stronger = data.draw(st.floats(abs(rows[row]["strength"]), 1.0))
    before = allocate(candidates(*rows), 0.0, 0.0, EQUITY, 5, policy)
    after = allocate(candidates(*rows[:row], {**rows[row], "strength": sign * stronger}, *rows[row + 1 :]), 0.0, 0.0, EQUITY, 5, policy)
    assert after.target[row] * sign >= before.target[row] * sign - 1e-6


@given(st.lists(SANE_ROW, min_size=1, max_size=6), SANE_POLICY, st.floats(0.0, 0.05), st.floats(0.0, 1.0))
def test_the_strongest_size_grows_with_the_budgets(rows, policy, more_var, more_room):
    assume(policy.max_portfolio_var_pct is not None)
    budgets = {"max_portfolio_var_pct": policy.max_portfolio_var_pct + more_var}
    larger = replace(policy, max_total_exposure_pct=policy.max_total_exposure_pct + more_room, **budgets)
    row = min(range(len(rows)), key=lambda index: (-abs(rows[index]["strength"]), index))
    sign = math.copysign(1.0, rows[row]["strength"])
    before, after = (allocate(candidates(*rows), 0.0, 0.0, EQUITY, 5, each) for each in (policy, larger))
    assert after.target[row] * sign >= before.target[row] * sign - 1e-6


@given(st.lists(SANE_ROW, min_size=1, max_size=6), st.floats(1.0, 10.0), SANE_POLICY, st.sampled_from(["var", "cvar", "atr", "volatility"]))
def test_the_strongest_size_shrinks_with_its_risk(rows, factor, policy, method):
    policy = replace(policy, method=SizingMethod(method), risk_floor=0.0)
    row = min(range(len(rows)), key=lambda index: (-abs(rows[index]["strength"]), index))
    riskier = {**rows[row], "measure": rows[row]["measure"] * factor, "var": rows[row]["var"] * factor}
    sign = math.copysign(1.0, rows[row]["strength"])
    before = allocate(candidates(*rows), 0.0, 0.0, EQUITY, 5, policy)
    after = allocate(candidates(*rows[:row], riskier, *rows[row + 1 :]), 0.0, 0.0, EQUITY, 5, policy)
    assert after.target[row] * sign <= before.target[row] * sign + 1e-6


@given(st.lists(SANE_ROW, min_size=2, max_size=6, unique_by=lambda row: abs(row["strength"])), st.data(), SANE_POLICY)
def test_the_order_of_the_symbols_does_not_matter(rows, data, policy):
    order = data.draw(st.permutations(range(len(rows))))
    straight = allocate(candidates(*rows), 0.0, 0.0, EQUITY, 5, policy)
    shuffled = allocate(candidates(*(rows[index] for index in order)), 0.0, 0.0, EQUITY, 5, policy)
    assert shuffled.target.tolist() == [straight.target[index] for index in order]
    assert list(shuffled.codes) == [straight.codes[index] for index in order]


def plain_loop(rows: list[dict[str, float]], policy: SizingPolicy) -> list[float]:
    """The VaR sizer of the requirements, one symbol at a time, written from their text."""
    charge = [row["var"] if row["var"] > policy.risk_floor else policy.assumed_var for row in rows]
    budget = INF if policy.max_portfolio_var_pct is None else policy.max_portfolio_var_pct * EQUITY
    budget = budget - math.fsum(abs(row["held"]) * each for row, each in zip(rows, charge, strict=True))
    room = policy.max_total_exposure_pct * EQUITY - math.fsum(abs(row["held"]) for row in rows)
    target = [0.0] * len(rows)
    for index in sorted(range(len(rows)), key=lambda index: (-abs(rows[index]["strength"]), index)):
        row, strength = rows[index], rows[index]["strength"]
        if row["measure"] > policy.risk_floor:
            full = min(policy.max_position_var_pct * EQUITY / row["measure"], policy.max_position_pct * EQUITY)
        else:
            full = min(0.01 * EQUITY, policy.max_position_pct * EQUITY, policy.max_position_var_pct * EQUITY / policy.assumed_var)
        size = full * abs(strength)
        same = abs(row["held"]) if row["held"] * strength > 0.0 else 0.0
        if size > same:
            closed = abs(row["held"]) if same == 0.0 else 0.0
            add = min(size - same, max(budget + closed * charge[index], 0.0) / charge[index], max(room + closed, 0.0))
            size = same + add if add >= policy.min_position_value and abs(strength) >= policy.min_strength else same
            budget -= max(size - abs(row["held"]), 0.0) * charge[index]
            room -= max(size - abs(row["held"]), 0.0)
        target[index] = math.copysign(size, strength)
    return target


@given(st.lists(SANE_ROW, max_size=30), SANE_POLICY)
def test_the_columns_equal_the_plain_loop_to_the_last_bit(rows, policy):
    policy = replace(policy, method=SizingMethod.VAR)
    assert allocate(candidates(*rows), 0.0, 0.0, EQUITY, 5, policy).target.tolist() == plain_loop(rows, policy)


def test_working_orders_that_could_lead_equally_far_count_as_a_long():
    found = worst_case(np.array([0.0, 10.0, -10.0]), np.array([5.0, 0.0, 0.0]), np.array([5.0, 20.0, 0.0]))
    assert found.tolist() == [5.0, 10.0, -10.0]


def test_a_share_that_costs_a_cent_is_traded_like_any_other():
    assert only(sized({"price": 0.01, "measure": 0.05, "var": 0.05})) == (10_000.0, FULL)


def test_among_many_equal_signals_the_earlier_rows_are_served():
    found = sized(*({} for _ in range(40)), method=SizingMethod.FIXED, fixed_amount=10_000.0, max_portfolio_var_pct=None)
    assert found.target.tolist() == [10_000.0] * 8 + [0.0] * 32
    assert found.codes == (FULL,) * 8 + (EXPOSURE,) * 32


@pytest.mark.parametrize("equity", [0.0, -5.0, NAN])
def test_without_equity_not_a_cent_is_added(equity):
    found = sized({}, equity=equity, min_position_value=0.0, method=SizingMethod.FIXED, max_position_pct=1.0)
    assert found.target.tolist() == [0.0]


def test_where_both_budgets_end_at_the_same_dollar_var_is_named():
    # 2,000 dollars of VaR at 2.5 % are 80,000 dollars, which is what total exposure leaves.
    row = {"var": 0.025, "measure": 0.001}
    policy = {"max_position_pct": 1.0, "max_position_var_pct": 0.5}
    assert only(sized(row, **policy)) == (80_000.0, VAR_BUDGET)


def test_what_is_not_added_uses_no_budget():
    rows = {"held": 9_950.0, "var": 0.001}, {"strength": 0.9, "var": 0.001}
    found = sized(*rows, method=SizingMethod.FIXED, fixed_amount=10_000.0, max_total_exposure_pct=0.15)
    assert found.target.tolist() == [9_950.0, 5_050.0]
    assert found.codes == (UNCHANGED, EXPOSURE)


def test_positions_whose_sum_is_beyond_floats_leave_no_room():
    found = sized({"held": 1e308, "strength": 0.0}, {"held": 1e308, "strength": 0.0}, {"held": 1.7e308, "strength": 0.0}, {})
    assert found.target.tolist() == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("amount", [0.0, 0.5, 5.0])
def test_a_fixed_amount_of_a_few_cents_is_what_it_is(amount):
    found = sized({}, method=SizingMethod.FIXED, fixed_amount=amount, min_position_value=0.0)
    assert only(found) == (amount, FULL)


@pytest.mark.parametrize("price", [INF, -1.0, NAN])
def test_a_number_of_shares_needs_their_price(price):
    found = sized({"measure": price}, method=SizingMethod.FIXED, fixed_unit=FixedUnit.SHARES)
    assert only(found) == (0.0, NO_PRICE)
