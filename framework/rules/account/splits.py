"""What does a split do to shares, prices and working orders? ``new`` shares come for ``old`` ones.

Shares round toward zero on the venue's lot, and what is left over is paid in cash. Prices round to the nearest micro-dollar; those an order
stands at then go to the venue's tick, a stop away from the market and a limit to the side that is better for its owner.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OrderTerms, OrderType, TrailType
from framework.domain.values import MICRO, floor_to_lot, rounded_quotient
from framework.rules.stops.atr import on_tick

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities

#: Largest number of shares in the terms of a split; the terms are then nearer to the number given than one part in a hundred million.
LARGEST_TERM = 10_000
#: The most new shares for an old one, and the most old shares for a new one, that can be booked; and in words.
MOST_SHARES = 100_000
RATIOS = f"from 1/{MOST_SHARES:,} to {MOST_SHARES:,}"
#: New shares for old ones: the ratios splits come in, forward and reverse; and how far an open may be off them, as a logarithm.
USUAL_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0)
OFF = 0.06
#: A price that has become so many times the one before, or that part of it, is a split's or of another unit, whatever the ratio.
BEYOND_BELIEF = 7.5


class SplitShares(NamedTuple):
    """A position after a split: what is ``held``, the ``fraction`` that was paid for instead (micro-shares), and its ``cash``; signed."""

    held: int
    fraction: int
    cash: int


def split_terms(ratio: float) -> tuple[int, int]:
    """``ratio`` new shares for one old one (finite, above 0) as whole numbers: 1.5 is (3, 2), 0.1 is (1, 10).

    Sources write 0.333333 for 1 in 3: the nearest fraction is taken whose smaller term is at most ``LARGEST_TERM``.
    """
    if ratio >= 1.0:
        near = Fraction(ratio).limit_denominator(LARGEST_TERM)
        return near.numerator, near.denominator
    near = 1 / Fraction(ratio)
    near = near.limit_denominator(LARGEST_TERM)
    return near.denominator, near.numerator


def looks_like_a_split(before: float, opened: float) -> float | None:
    """New shares for an old one that would explain an open after the close ``before``, dollars; ``None`` where no split does."""
    if not (before > 0.0 and opened > 0.0):
        return None
    move = math.log(before) - math.log(opened)
    ratio = min(USUAL_RATIOS, key=lambda one: abs(abs(move) - math.log(one)))
    if abs(abs(move) - math.log(ratio)) > OFF:
        return before / opened if abs(move) > math.log(BEYOND_BELIEF) else None
    return ratio if move > 0.0 else 1.0 / ratio


def split_price(price: int, new: int, old: int) -> int:
    """A price or a distance in micro-dollars after the split, one at least; 0 is none and stays."""
    return max(rounded_quotient(price * old, new), 1) if price else 0


def split_shares(quantity: int, new: int, old: int, lot: int, last: int) -> SplitShares:
    """``quantity`` micro-shares (signed) after the split, on multiples of ``lot``.

    The fraction left over is worth its part of ``last``, the last close before the split in micro-dollars an old share, so that the
    value of the whole is unchanged to the micro-dollar.
    """
    whole = abs(quantity) * new  # in micro-shares / old: exact
    held = floor_to_lot(whole // old, lot)
    left = whole - held * old
    sign = 1 if quantity >= 0 else -1
    return SplitShares(sign * held, sign * rounded_quotient(left, old), sign * rounded_quotient(left * last, new * MICRO))


def fraction_paid(before: int, shown: int, new: int, old: int) -> int | None:
    """Micro-shares that were paid for instead, when a venue that had ``before`` of them (0 or more) shows ``shown`` after the split.

    A venue keeps parts of a share, or pays for them; ``None`` when the split explains ``shown`` in neither way.
    """
    whole = before * new // old
    if shown == whole:
        return 0
    return whole - shown if shown == floor_to_lot(whole, MICRO) else None


def split_order(order: Order, new: int, old: int, venue: Capabilities) -> OrderTerms | None:
    """The terms of a working order after the split; ``None`` when less than a lot of it is left to fill."""
    leaves = floor_to_lot(order.leaves_micros * new // old, venue.lot_micros)
    if leaves == 0:
        return None
    filled = max(rounded_quotient(order.filled_micros * new, old), 1) if order.filled_micros else 0
    sign = order.side.sign
    trails = order.order_type is OrderType.TRAILING_STOP
    distance = order.trail_micros is not None and order.trail_type is TrailType.AMOUNT

    def moved(price: int | None, direction: int) -> int | None:
        if price is None:
            return None
        exact = split_price(price, new, old)
        return on_tick(exact, venue.tick_micros(exact), direction)

    return OrderTerms(
        quantity_micros=filled + leaves,
        filled_micros=filled,
        limit_micros=moved(order.limit_micros, sign),
        # A trail lies on no tick: rounding would give back what it has reached.
        stop_micros=split_price(order.stop_micros or 0, new, old) or None if trails else moved(order.stop_micros, -sign),
        trail_micros=split_price(order.trail_micros or 0, new, old) if distance else order.trail_micros,
    )
