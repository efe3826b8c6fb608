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
    text = f"{whole}.{rest:06d}".rstrip("0")  # "5." is read as 5
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


def rounded_share(amount: int, part: int, whole: int) -> int:
    """``amount * part / whole`` by the rule of ``rounded_quotient``; 0 <= part, 0 < whole."""
    size = abs(amount)
    # The guess need only be near. In int64 both products may wrap around; what is left between them is right all the same.
    guess = int(size * (part / whole))
    share = guess + (size * part - guess * whole + whole // 2) // whole
    return share if amount >= 0 else -share


def fraction_of(amount: int, millionths: int) -> int:
    """So many ``millionths`` (>= 0) of ``amount``, rounded down; the product is split, so that it stays in int64."""
    return amount // MICRO * millionths + amount % MICRO * millionths // MICRO


def fraction_up(amount: int, millionths: int) -> int:
    """The same, rounded up."""
    return -fraction_of(-amount, millionths)


def shares_worth(value: int, price: int) -> int:
    """Micro-shares that ``value`` micro-dollars pay at ``price`` (> 0) micro-dollars a share, rounded down; split in the same way."""
    return value // price * MICRO + value % price * MICRO // price


def each_of(amount: int, quantity: int) -> int:
    """Micro-dollars a share where ``quantity`` (> 0) micro-shares are worth ``amount`` (>= 0); split so that it stays in int64."""
    return amount // quantity * MICRO + rounded_quotient(amount % quantity * MICRO, quantity)


def opposed(first: int, second: int) -> bool:
    """Whether one is above 0 and the other below; a product of the two may not fit int64."""
    return first < 0 < second or second < 0 < first


def floor_to_lot(quantity: int, lot: int) -> int:
    """Largest multiple of ``lot`` whose size does not exceed ``quantity``'s; sign kept (micro-shares)."""
    size = abs(quantity) // lot * lot
    return size if quantity >= 0 else -size


#: Dollars a share and dollars in all that the books count; nothing in micros below it leaves int64, nor does a sum of a few.
HIGHEST_PRICE, MOST_VALUE = 1e9, 1e12


def is_price(value: float) -> bool:
    """A finite number above zero."""
    return math.isfinite(value) and value > 0.0
