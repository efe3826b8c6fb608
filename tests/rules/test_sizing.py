"""Sizes stay inside every cap, whatever the VaR says; the strongest is served first."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.rules import sizing
from framework.rules.sizing import SizingPolicy, allocate, wanted_value

EQUITY = 100_000.0
POLICY = SizingPolicy()
NAN = math.nan
MANY = max(300, settings().max_examples)


class Book(NamedTuple):
    """The arguments of one decision."""

    strength: list[float]
    var: list[float]
    held: list[float]
    other_var: float = 0.0
    other_exposure: float = 0.0
    equity: float = EQUITY
    slots: int = 10

    def sized(self, policy: SizingPolicy = POLICY) -> tuple[np.ndarray, list[str]]:
        columns = (np.array(column, dtype=np.float64) for column in (self.strength, self.var, self.held))
        return allocate(*columns, self.other_var, self.other_exposure, self.equity, self.slots, policy)

    def target(self, policy: SizingPolicy = POLICY) -> float:
        return float(self.sized(policy)[0][0])

    def reordered(self, order: list[int]) -> Book:
        return self._replace(**{name: [getattr(self, name)[row] for row in order] for name in ("strength", "var", "held")})


ordinary_vars = st.floats(0.0006, 0.3)
odd_vars = st.sampled_from((NAN, 0.0, -0.0, -0.02, 5e-324, 0.0005, 1.0, 1e300, 1.7e308, math.inf, -math.inf))
strengths = st.floats(-1, 1)
holdings = st.one_of(st.just(0.0), st.floats(-30_000, 30_000))
policies = st.sampled_from((POLICY, replace(POLICY, method="equal"), replace(POLICY, min_position_value=0.0)))


@st.composite
def books(draw, symbols: int = 6, var: st.SearchStrategy[float] | None = None) -> Book:
    count = draw(st.integers(1, symbols))

    def column(elements: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(elements, min_size=count, max_size=count))

    return Book(
        column(strengths),
        column(ordinary_vars | odd_vars if var is None else var),
        column(holdings),
        draw(st.just(0.0) | st.floats(0, 3_000)),
        draw(st.sampled_from((0.0, 65_000.0, 75_000.0)) | st.floats(0, 90_000)),
        draw(st.just(EQUITY) | st.sampled_from((0.0, 99.0, 1e9)) | st.floats(0, 1e6)),
        draw(st.integers(0, 30)),
    )


def charged(var: float) -> float:
    """A VaR that is not known or not believed counts as the assumed one."""
    return var if POLICY.var_floor < var < math.inf else POLICY.assumed_var


def var_of(values: list[float], book: Book) -> float:
    return book.other_var + sum(abs(value) * charged(var) for value, var in zip(values, book.var, strict=True))


def at_most(limit: float) -> float:
    """``limit`` and the last digits of a float."""
    return limit * (1 + 1e-9) + 1e-9


# One symbol


@pytest.mark.parametrize(
    ("strength", "var", "expected"),
    [
        (1.0, 0.10, 5_000.0),  # 0.5 % of 100,000 over a VaR of 10 %
        (0.5, 0.10, 2_500.0),
        (-1.0, 0.10, -5_000.0),
        (1.0, 0.025, 10_000.0),  # 20,000 by VaR, capped at 10 %
        (0.5, 0.025, 5_000.0),
        (1.0, NAN, 8_000.0),  # equal weight: 80 % over ten symbols
        (1.0, 0.0, 1_000.0),  # 1 %
        (1.0, -0.01, 1_000.0),
        (1.0, 0.0005, 1_000.0),  # at the floor
        (1.0, 0.000501, 10_000.0),
        (0.0, 0.10, 0.0),
        (0.0, NAN, 0.0),
        (1.0, 0.20, 2_500.0),
    ],
)
def test_one_target_alone_is_the_requirements_arithmetic(strength, var, expected):
    assert Book([strength], [var], [0.0]).target() == pytest.approx(expected, rel=1e-12)


def test_equal_weight_ignores_var_and_keeps_the_position_cap():
    equal = replace(POLICY, method="equal")
    assert Book([1.0], [0.3], [0.0], slots=16).target(equal) == pytest.approx(5_000.0)
    assert Book([1.0], [0.3], [0.0], slots=2).target(equal) == pytest.approx(10_000.0)


@pytest.mark.parametrize(("slots", "expected"), [(0, 80_000.0), (1, 80_000.0), (2, 40_000.0)])
def test_an_equal_weight_is_the_exposure_limit_divided(slots, expected):
    wide = replace(POLICY, method="equal", max_position_pct=1.0)
    assert wanted_value(1.0, NAN, EQUITY, slots, wide)[0] == pytest.approx(expected)


def test_a_fallback_is_charged_the_assumed_var_and_says_so():
    assert wanted_value(1.0, NAN, EQUITY, 10, POLICY) == (pytest.approx(8_000.0), 0.05, sizing.FALLBACK_NO_DATA)
    assert wanted_value(1.0, 0.0, EQUITY, 10, POLICY) == (pytest.approx(1_000.0), 0.05, sizing.FALLBACK_DEGENERATE)
    assert wanted_value(1.0, POLICY.var_floor, EQUITY, 10, POLICY)[1:] == (0.05, sizing.FALLBACK_DEGENERATE)
    assert wanted_value(1.0, 0.02, EQUITY, 10, POLICY) == (pytest.approx(10_000.0), 0.02, sizing.FULL)


@pytest.mark.parametrize("var", [math.inf, -math.inf, NAN])
def test_a_var_that_is_no_number_is_an_unknown_one(var):
    assert wanted_value(-1.0, var, EQUITY, 10, POLICY) == (pytest.approx(-8_000.0), 0.05, sizing.FALLBACK_NO_DATA)


def test_a_strength_beyond_one_counts_as_one():
    assert wanted_value(-7.0, 0.1, EQUITY, 10, POLICY)[0] == pytest.approx(-5_000.0)


@pytest.mark.parametrize(("equity", "expected", "code"), [(2_000.0, 100.0, sizing.FULL), (1_999.0, 0.0, sizing.TOO_SMALL)])
def test_less_than_a_hundred_dollars_is_not_worth_an_order(equity, expected, code):
    values, codes = Book([1.0], [0.1], [0.0], equity=equity).sized()
    assert (values[0], codes) == (pytest.approx(expected), [code])


# What is held


@pytest.mark.parametrize(
    ("held", "strength", "expected"),
    [
        (3_000.0, 1.0, 5_000.0),  # adds the difference
        (7_000.0, 1.0, 5_000.0),  # reduces
        (4_950.0, 1.0, 4_950.0),  # an addition of 50 is too small
        (5_050.0, 1.0, 5_000.0),  # a reduction always stands
        (3_000.0, 0.0, 0.0),  # flat
        (-3_000.0, -1.0, -5_000.0),
        (-3_000.0, 0.0, 0.0),
        (3_000.0, -1.0, -5_000.0),  # turns around
    ],
)
def test_a_target_is_adjusted_for_what_is_held(held, strength, expected):
    assert Book([strength], [0.1], [held]).target() == pytest.approx(expected)


def test_with_the_var_budget_used_up_nothing_is_added_and_reductions_stand():
    book = Book([1.0, 0.9, 0.2], [0.1, 0.1, 0.1], [0.0, 2_000.0, 3_000.0], other_var=2_000.0)
    values, codes = book.sized()
    assert list(values) == [0.0, 2_000.0, pytest.approx(1_000.0)]
    assert codes == [sizing.VAR_BUDGET, sizing.VAR_BUDGET, sizing.FULL]


@pytest.mark.parametrize(("strength", "held"), [(0.0, 0.0), (0.0, 3_000.0), (1.0, 5_000.0)])
def test_what_needs_no_addition_is_not_called_too_small(strength, held):
    assert Book([strength], [0.1], [held]).sized()[1] == [sizing.FULL]


def test_what_is_held_counts_against_total_exposure_until_it_is_sold():
    values, codes = Book([1.0, 0.5], [0.01] * 2, [0.0, 9_000.0], other_exposure=70_000.0).sized()
    assert list(values) == [pytest.approx(1_000.0), pytest.approx(5_000.0)]
    assert codes == [sizing.EXPOSURE, sizing.FULL]


def test_additions_share_what_exposure_is_left():
    values, _ = Book([1.0, 0.9], [0.01] * 2, [0.0] * 2, other_exposure=65_000.0).sized()
    assert list(values) == [pytest.approx(10_000.0), pytest.approx(5_000.0)]


def test_only_what_is_added_is_charged_again():
    values, codes = Book([1.0, 0.9], [0.1] * 2, [3_000.0, 0.0], other_var=1_050.0).sized()
    assert list(values) == [pytest.approx(5_000.0), pytest.approx(4_500.0)]  # 300 held, 200 and 450 added, of 950
    assert codes == [sizing.FULL] * 2


def test_with_exposure_used_up_nothing_is_added():
    values, codes = Book([1.0], [0.02], [0.0], other_exposure=80_000.0).sized()
    assert (list(values), codes) == ([0.0], [sizing.EXPOSURE])


def test_what_is_left_of_a_budget_decides_the_size():
    by_var = Book([1.0], [0.1], [0.0], other_var=1_700.0).sized()
    assert (by_var[0][0], by_var[1]) == (pytest.approx(3_000.0), [sizing.VAR_BUDGET])
    by_room = Book([1.0], [0.1], [0.0], other_exposure=79_000.0).sized()
    assert (by_room[0][0], by_room[1]) == (pytest.approx(1_000.0), [sizing.EXPOSURE])


def test_a_rest_below_the_minimum_value_is_refused_with_the_limit_that_left_it():
    values, codes = Book([1.0], [0.1], [0.0], other_exposure=79_901.0).sized()
    assert (list(values), codes) == ([0.0], [sizing.EXPOSURE])


# Many symbols


def test_the_strongest_is_served_first_long_or_short():
    book = Book([0.6, -1.0, 0.8], [0.1] * 3, [0.0] * 3, other_var=1_300.0)
    values, codes = book.sized()
    assert list(values) == [0.0, pytest.approx(-5_000.0), pytest.approx(2_000.0)]
    assert codes == [sizing.VAR_BUDGET, sizing.FULL, sizing.VAR_BUDGET]


def test_a_tie_goes_to_the_earlier_row():
    values, _ = Book([0.5, 0.5], [0.05] * 2, [0.0] * 2, other_var=1_750.0).sized()
    assert list(values) == [pytest.approx(5_000.0), 0.0]


def test_four_full_positions_use_the_portfolio_budget_up():
    """0.5 % each of 2 %."""
    values, codes = Book([1.0, 0.99, 0.98, 0.97, 0.96], [0.1] * 5, [0.0] * 5).sized()
    assert [round(value) for value in values] == [5_000, 4_950, 4_900, 4_850, 300]
    assert codes == [sizing.FULL] * 4 + [sizing.VAR_BUDGET]


@settings(max_examples=MANY)
@given(books(), policies)
def test_there_is_always_a_number_and_a_reason(book, policy):
    values, codes = book.sized(policy)
    assert np.isfinite(values).all()
    known = {
        sizing.FULL, sizing.FALLBACK_NO_DATA, sizing.FALLBACK_DEGENERATE, sizing.VAR_BUDGET, sizing.EXPOSURE, sizing.TOO_SMALL
    }  # fmt: skip
    assert set(codes) <= known
    assert len(codes) == len(values) == len(book.strength)


@settings(max_examples=MANY)
@given(books(), policies)
def test_no_position_is_sized_above_the_cap(book, policy):
    for value in book.sized(policy)[0]:
        assert abs(value) <= at_most(policy.max_position_pct * book.equity)


@settings(max_examples=MANY)
@given(books(), policies)
def test_total_exposure_ends_inside_its_limit_or_no_higher_than_it_was(book, policy):
    before = book.other_exposure + sum(map(abs, book.held))
    after = book.other_exposure + float(np.abs(book.sized(policy)[0]).sum())
    assert after <= at_most(max(policy.max_total_exposure_pct * book.equity, before))


@settings(max_examples=MANY)
@given(books(), policies.filter(lambda policy: policy.method == "var"))
def test_portfolio_var_ends_inside_its_budget_or_no_higher_than_it_was(book, policy):
    after = var_of(list(book.sized(policy)[0]), book)
    assert after <= at_most(max(policy.max_portfolio_var_pct * book.equity, var_of(book.held, book)))


@settings(max_examples=MANY)
@given(books(), policies)
def test_a_target_never_crosses_to_the_side_that_was_not_asked_for_and_zero_is_flat(book, policy):
    for value, strength in zip(book.sized(policy)[0], book.strength, strict=True):
        assert value * np.sign(strength) >= 0
        assert strength != 0 or value == 0


@settings(max_examples=MANY)
@given(books(), policies)
def test_every_addition_is_worth_its_minimum(book, policy):
    for value, held, strength in zip(book.sized(policy)[0], book.held, book.strength, strict=True):
        kept = abs(held) if held * strength > 0 else 0.0
        added = abs(value) - kept
        assert added <= 0 or added >= policy.min_position_value * (1 - 1e-9)


@settings(max_examples=MANY)
@given(books(var=ordinary_vars | st.just(NAN)), st.randoms(), policies)
def test_the_order_of_the_rows_does_not_matter(book, shuffler, policy):
    unique = len({abs(strength) for strength in book.strength}) == len(book.strength)
    order = list(range(len(book.strength)))
    if unique:
        shuffler.shuffle(order)
    values, codes = book.sized(policy)
    shuffled, shuffled_codes = book.reordered(order).sized(policy)
    assert shuffled == pytest.approx([values[row] for row in order], rel=1e-9, abs=1e-6)
    assert shuffled_codes == [codes[row] for row in order]


@settings(max_examples=MANY)
@given(books(symbols=1), strengths, policies)
def test_a_stronger_signal_is_never_a_smaller_position(book, other, policy):
    weak, strong = sorted((abs(book.strength[0]), abs(other)))
    side = math.copysign(1.0, book.strength[0])
    targets = [abs(book._replace(strength=[side * size]).target(policy)) for size in (weak, strong)]
    assert weak == 0.0 or targets[0] <= at_most(targets[1])


@settings(max_examples=MANY)
@given(books(symbols=1), st.floats(1, 100), policies)
def test_more_equity_is_never_a_smaller_position(book, factor, policy):
    richer = book._replace(equity=book.equity * factor)
    assert abs(book.target(policy)) <= at_most(abs(richer.target(policy)))


@settings(max_examples=MANY)
@given(books(symbols=1, var=ordinary_vars), ordinary_vars)
def test_more_var_is_never_a_larger_position(book, other):
    calm, wild = sorted((book.var[0], other))
    targets = [abs(book._replace(var=[var]).target()) for var in (calm, wild)]
    assert targets[1] <= at_most(targets[0])


@settings(max_examples=MANY)
@given(books(), st.sampled_from((0.001, 7.0, 1e6)))
def test_sizes_scale_with_the_money(book, factor):
    scaled = book._replace(
        held=[value * factor for value in book.held],
        other_var=book.other_var * factor,
        other_exposure=book.other_exposure * factor,
        equity=book.equity * factor,
    )
    without = replace(POLICY, min_position_value=0.0)
    assert scaled.sized(without)[0] == pytest.approx(book.sized(without)[0] * factor, rel=1e-6, abs=1e-6 * factor)
