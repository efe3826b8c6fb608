"""How far fills are from those of the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.shadowing import Matched, Part, ShadowLimits, beyond, gap

SHARE = 1_000_000
LIMITS = ShadowLimits(slippage_bps=10.0, missed=0.25, least=2, window=50)


def part(shares: int, dollars: float) -> Part:
    return Part(shares * SHARE, round(shares * dollars * 1e6))


def test_what_a_purchase_and_a_sale_cost_beside_the_model_is_a_mean_by_value():
    bought = Matched(1, part(100, 10.02), part(100, 10.0))  # 2 dollars of 1,000
    sold = Matched(-1, part(300, 9.99), part(300, 10.0))  # 3 dollars of 3,000
    assert gap([bought, sold]).slippage_bps == pytest.approx(1e4 * 5 / 4_000)


def test_only_shares_that_traded_on_both_sides_have_a_slippage_and_orders_of_one_side_are_missed():
    half = Matched(1, part(50, 10.1), part(100, 10.0))
    found = gap([half, Matched(1, Part(), part(10, 10.0)), Matched(-1, part(10, 10.0), Part()), Matched(1, Part(), Part())])
    assert found.orders == 3
    assert found.slippage_bps == pytest.approx(100.0)
    assert found.missed == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("matched", "said"),
    [
        ([], ""),
        ([Matched(1, part(1, 11.0), part(1, 10.0))], ""),  # one order says nothing
        ([Matched(1, part(1, 10.005), part(1, 10.0))] * 2, ""),
        ([Matched(1, part(1, 10.02), part(1, 10.0))] * 2, "20.0 basis points worse than the fill model, 10.0 allowed"),
        ([Matched(-1, part(1, 10.02), part(1, 10.0))] * 2, ""),  # better than the model
        ([Matched(1, Part(), part(1, 10.0))] * 2, "100% of orders traded on one side only, 25% allowed"),
    ],
)
def test_what_is_beyond_the_limits_is_said(matched, said):
    assert beyond(gap(matched), LIMITS) == said


@given(st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(0, 10**9), st.integers(1, 10**9)), max_size=8))
def test_a_venue_that_fills_as_the_model_does_is_never_apart_from_it(orders):
    matched = [Matched(sign, Part(shares, shares * price), Part(shares, shares * price)) for sign, shares, price in orders]
    found = gap(matched)
    assert (found.slippage_bps, found.missed) == (0.0, 0.0)
