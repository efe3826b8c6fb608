"""Exact numbers of the books: micro-dollars, micro-shares, and the one rounding rule.

Money and shares in the books are int64: 1 dollar = 1_000_000 micro-dollars, 1 share = 1_000_000 micro-shares, so that
conservation is ``==``. The functions keep to the subset of Python that numba can inline.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

MICRO = 1_000_000

#: Symbols such as AAPL, BRK.B or BF-B.
SYMBOL_PATTERN = re.compile(r"^[A-Z]{1,5}([.\-][A-Z]{1,2})?\Z")


def to_micros(amount: float) -> int:
    """Dollars or shares as a float -> micros, half to even.

    Raises ``ValueError`` for NaN and ``OverflowError`` for an infinity: neither may reach the books.
    """
    return round(amount * MICRO)


def from_micros(micros: int) -> Decimal:
    """Micros -> an exact ``Decimal`` of dollars or shares, without trailing zeros."""
    whole, rest = divmod(abs(micros), MICRO)
    text = f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
    return Decimal(f"-{text}" if micros < 0 else text)


def rounded_quotient(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` to the nearest integer, ties away from zero; denominator > 0.

    The one rounding rule of the books. It is symmetric in the sign, so that a buy and a sell of the
    same thing at the same price cancel exactly.
    """
    if numerator >= 0:
        return (numerator + denominator // 2) // denominator
    return -((-numerator + denominator // 2) // denominator)


def notional(quantity: int, price: int) -> int:
    """Value in micro-dollars of ``quantity`` micro-shares at ``price`` (>= 0) micro-dollars a share; signed as the quantity.

    The product is split at whole shares and whole dollars: no intermediate value leaves int64 for any value below 9.2e12 dollars.
    """
    size = abs(quantity)
    whole, rest = size // MICRO, size % MICRO
    value = whole * price + rest * (price // MICRO) + rounded_quotient(rest * (price % MICRO), MICRO)
    return value if quantity >= 0 else -value


def floor_to_lot(quantity: int, lot: int) -> int:
    """Largest multiple of ``lot`` whose size does not exceed ``quantity``'s; sign kept (micro-shares)."""
    size = abs(quantity) // lot * lot
    return size if quantity >= 0 else -size


def is_price(value: float) -> bool:
    """A finite number above zero."""
    return math.isfinite(value) and value > 0.0
