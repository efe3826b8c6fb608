"""Micros and the one rounding rule, against exact fractions."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, SYMBOL_PATTERN, floor_to_lot, from_micros, is_price, notional, rounded_quotient, to_micros

INT64 = 2**63 - 1
signed = st.integers(-INT64, INT64)


class Int64(int):
    """An integer that refuses to leave 64 bits, as a compiled loop would silently do."""

    def _checked(self, value: int) -> Int64:
        if not -INT64 - 1 <= value <= INT64:
            raise OverflowError(value)
        return Int64(value)

    def __add__(self, other):
        return self._checked(int(self) + int(other))

    def __mul__(self, other):
        return self._checked(int(self) * int(other))

    def __floordiv__(self, other):
        return self._checked(int(self) // int(other))

    def __mod__(self, other):
        return self._checked(int(self) % int(other))

    def __neg__(self):
        return self._checked(-int(self))

    def __abs__(self):
        return self._checked(abs(int(self)))

    __radd__, __rmul__ = __add__, __mul__


def half_away_from_zero(exact: Fraction) -> int:
    size = math.floor(abs(exact) + Fraction(1, 2))
    return size if exact >= 0 else -size


@st.composite
def trades(draw):
    """(quantity, price) in micros, worth less than 9e12 dollars, quantities and prices of every magnitude."""
    price = draw(st.one_of(st.integers(1, 1000), st.integers(1, 10**12), st.integers(10**13, 10**15)))
    largest = min(9 * 10**18 * MICRO // price, INT64)
    quantity = draw(st.one_of(st.integers(0, min(2 * MICRO, largest)), st.integers(0, largest), st.just(largest)))
    return quantity * draw(st.sampled_from((1, -1))), price


@given(signed, st.integers(1, INT64))
def test_a_quotient_is_the_nearest_integer_with_ties_away_from_zero(numerator, denominator):
    assert rounded_quotient(numerator, denominator) == half_away_from_zero(Fraction(numerator, denominator))


@pytest.mark.parametrize(("numerator", "rounded"), [(1, 1), (-1, -1), (3, 2), (-3, -2), (0, 0)])
def test_a_half_goes_away_from_zero_on_both_sides(numerator, rounded):
    assert rounded_quotient(numerator, 2) == rounded


@given(signed, st.integers(1, INT64))
def test_rounding_is_symmetric(numerator, denominator):
    assert rounded_quotient(-numerator, denominator) == -rounded_quotient(numerator, denominator)


@given(trades())
def test_a_notional_is_the_exact_product_rounded_once(trade):
    quantity, price = trade
    assert notional(quantity, price) == half_away_from_zero(Fraction(quantity * price, MICRO))


@given(trades())
def test_no_step_of_a_notional_leaves_64_bits(trade):
    quantity, price = trade
    assert notional(Int64(quantity), Int64(price)) == notional(quantity, price)


def test_part_of_a_very_dear_share_stays_in_64_bits():
    assert notional(Int64(999_999), Int64(10**15)) == 999_999 * 10**9


@given(trades())
def test_buying_and_selling_the_same_at_one_price_cancels_exactly(trade):
    quantity, price = trade
    assert notional(quantity, price) + notional(-quantity, price) == 0


@given(signed)
def test_micros_to_decimal_is_exact_and_without_trailing_zeros(micros):
    value = from_micros(micros)
    assert value == Fraction(micros, MICRO)
    text = str(value)
    assert "E" not in text
    assert "." not in text or not text.endswith("0")


@given(st.integers(-(10**15), 10**15))
def test_micros_up_to_a_billion_dollars_survive_the_way_through_a_float(micros):
    assert to_micros(float(from_micros(micros))) == micros


def test_a_float_becomes_the_nearest_micro_half_to_even():
    assert to_micros(0.1) == 100_000
    assert to_micros(-12.345678) == -12_345_678
    assert [to_micros(halves / 2 / MICRO) for halves in (1, 3, 5)] == [0, 2, 2]


@pytest.mark.parametrize(("amount", "error"), [(math.nan, ValueError), (math.inf, OverflowError), (-math.inf, OverflowError)])
def test_nothing_but_a_finite_number_reaches_the_books(amount, error):
    with pytest.raises(error):
        to_micros(amount)


@given(signed, st.sampled_from((1, 100, MICRO)))
def test_a_lot_never_adds_shares_and_loses_less_than_one_lot(quantity, lot):
    kept = floor_to_lot(quantity, lot)
    assert kept % lot == 0
    assert 0 <= abs(quantity) - abs(kept) < lot
    assert kept * quantity >= 0


@pytest.mark.parametrize("symbol", ["A", "AAPL", "GOOGL", "BRK.B", "BF-B", "ABCDE.WS"])
def test_a_us_equity_symbol_is_recognised(symbol):
    assert SYMBOL_PATTERN.match(symbol)


@pytest.mark.parametrize(
    "symbol",
    ["", "aapl", "ABCDEF", "BRK.", ".B", "BRK.BBB", "BRK.b", "BRK B", "AAPL1", " AAPL", "AAPL ", "AAPL\n", "ÄPL", "A.B.C", "../ETC"],
)
def test_anything_else_is_no_symbol(symbol):
    assert not SYMBOL_PATTERN.match(symbol)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0001, True), (sys.float_info.max, True), (0.0, False), (-1.0, False), (math.nan, False), (math.inf, False)]
)
def test_a_price_is_finite_and_above_zero(value, expected):
    assert is_price(value) is expected


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (1, "0.000001"),
        (-1, "-0.000001"),
        (999_999, "0.999999"),
        (1_000_000, "1"),
        (-1_000_000, "-1"),
        (100_000_000, "100"),
        (10_100_000, "10.1"),
    ],
)
def test_a_decimal_is_written_with_every_digit_it_has_and_no_more(micros, text):
    assert (str(from_micros(micros)), from_micros(micros).as_tuple()) == (text, Decimal(text).as_tuple())


@given(signed)
def test_micros_survive_the_way_through_a_decimal(micros):
    assert int(from_micros(micros) * MICRO) == micros


@given(signed, st.integers(1, 10**9))
def test_the_multiple_of_a_lot_is_the_nearest_towards_zero(quantity, lot):
    assert floor_to_lot(quantity, lot) == int(Fraction(quantity, lot)) * lot
    assert floor_to_lot(-quantity, lot) == -floor_to_lot(quantity, lot)


def test_whole_shares_at_whole_dollars_and_their_parts_are_added_up():
    assert notional(2_500_000, 3_400_000) == 8_500_000  # 2.5 shares at $3.40: whole and part of both
    assert notional(500_000, 1) == 1  # half a micro-dollar goes away from zero
    assert notional(-500_000, 1) == -1
    assert notional(499_999, 1) == 0


def test_a_decimal_shows_cents_as_people_write_them():
    assert str(from_micros(12_500_000)) == "12.5"
    assert str(from_micros(-10_000_000)) == "-10"
    assert str(from_micros(0)) == "0"
    assert from_micros(1) == Decimal("0.000001")
