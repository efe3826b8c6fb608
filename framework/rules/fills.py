"""When, and at what price, does a working order trade inside a bar?

All prices are micro-dollars. Time inside a bar runs along a path: the open print, then three straight legs
through the two extremes to the close. The functions use plain numbers only, so that the same source runs as it is
and inside a compiled loop. ``sign`` is +1 for a buy and -1 for a sell; each rule is written once, with the sign.
"""

from __future__ import annotations

from framework.domain.values import MICRO, rounded_quotient

MARKET, LIMIT, STOP, STOP_LIMIT, TRAILING = range(5)
PESSIMISTIC, OPTIMISTIC, NEAREST = range(3)
NO_FILL = -1


def path_order(mode: int, direction: int, bar: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """The three points after the open of ``bar`` = (open, high, low, close).

    ``direction`` > 0 means that the low hurts (a long position), < 0 that the high hurts. Pessimistic visits the extreme that hurts first,
    optimistic last, nearest the one nearer to the open first (when equally near: the one that hurts).
    """
    price, high, low, close = bar
    low_first = direction > 0
    if mode == OPTIMISTIC:
        low_first = not low_first
    elif mode == NEAREST and high - price != price - low:
        low_first = price - low < high - price
    return (low, high, close) if low_first else (high, low, close)


def trail_distance(price: int, trail: int, is_percentage: bool) -> int:
    """How far a trailing stop stays from ``price``; ``trail`` in micro-percent or micro-dollars."""
    return rounded_quotient(price * trail, 100 * MICRO) if is_percentage else trail


def ratchet(sign: int, level: int, price: int, trail: int, is_percentage: bool) -> int:
    """The level of a trailing stop after ``price`` was seen: it only moves towards the market."""
    fresh = price + sign * trail_distance(price, trail, is_percentage)
    return sign * min(sign * level, sign * fresh)


def at_point(kind: int, sign: int, limit: int, level: int, triggered: bool, price: int) -> tuple[bool, bool]:
    """Does the order trade at ``price``, the market's price right now? Returns (fills, triggered).

    Used for the open print, where the market jumps over levels, and for the moment an order comes alive.
    """
    if kind >= STOP and not triggered:
        if sign * (price - level) < 0:
            return False, False
        triggered = True
    if kind in (LIMIT, STOP_LIMIT):  # a set would be made anew at every call of compiled code
        return sign * (limit - price) >= 0, triggered
    return True, triggered


def along_leg(kind: int, sign: int, limit: int, level: int, triggered: bool, end: int, through: bool) -> tuple[int, bool]:
    """Where does the order trade while the market moves straight to ``end``? Returns (price or NO_FILL, triggered).

    The start of the leg lies on the near side of the order's price, or ``at_point`` would have filled it there; so a market order
    or a triggered stop never comes here.
    """
    if kind >= STOP and not triggered:
        if sign * (end - level) < 0:
            return NO_FILL, False
        triggered = True
        if kind != STOP_LIMIT or sign * (limit - level) >= 0:
            return level, True
    beyond = sign * (limit - end)
    reached = beyond > 0 if through else beyond >= 0
    return (limit if reached else NO_FILL), triggered


def match(
    kind: int,
    sign: int,
    limit: int,
    level: int,
    triggered: bool,
    trail: int,
    is_percentage: bool,
    through: bool,
    leg: int,
    price: int,
    points: tuple[int, int, int],
) -> tuple[int, int, bool, int]:
    """First trade of a working order on the rest of a bar's path.

    ``leg`` 0, 1 or 2 is the leg the market is on at ``price``; ``points`` are the ends of the three legs. Returns (price or NO_FILL, leg,
    triggered, level): with NO_FILL the last two are the order's state at the bar's close.
    """
    fills, triggered = at_point(kind, sign, limit, level, triggered, price)
    if fills:
        return price, leg, triggered, level
    if kind == TRAILING:
        level = ratchet(sign, level, price, trail, is_percentage)
    for number in range(leg, 3):
        end = points[number]
        found, triggered = along_leg(kind, sign, limit, level, triggered, end, through)
        if found != NO_FILL:
            return found, number, triggered, level
        if kind == TRAILING:
            level = ratchet(sign, level, end, trail, is_percentage)
    return NO_FILL, 3, triggered, level
