"""When, and at what price, does backtrader's own broker fill an order on a bar? For comparing with runs that were made there.

It knows no path inside the bar: a touch fills the whole order at its price, and a stop-limit that is triggered inside a bar fills in the
same bar only where the close proves that the price came back. Prices are micro-dollars; ``sign`` is +1 for a buy and -1 for a sell.
Source: the behaviour of backtrader 1.9.78.123, with which the tests compare every fill.
"""

from __future__ import annotations

from framework.rules.fills import LIMIT, MARKET, NO_FILL, STOP_LIMIT


def fill_price(kind: int, sign: int, limit: int, level: int, triggered: bool, bar: tuple[int, int, int, int]) -> tuple[int, bool]:
    """Price on ``bar`` = (open, high, low, close), or NO_FILL; and whether the order is triggered from then on.

    ``kind`` is one of ``rules.fills``; ``level`` is the stop price, of a trailing stop the level it had before the bar.
    """
    opened = bar[0]
    if kind == MARKET:
        return opened, triggered
    if kind == LIMIT or triggered:
        return limit_price(sign, limit, bar), triggered
    if sign * (opened - level) >= 0:
        return (limit_price(sign, limit, bar) if kind == STOP_LIMIT else opened), True
    if sign * ((bar[1] if sign > 0 else bar[2]) - level) < 0:
        return NO_FILL, False
    return (_inside(sign, limit, level, bar) if kind == STOP_LIMIT else level), True


def limit_price(sign: int, limit: int, bar: tuple[int, int, int, int]) -> int:
    """The open if it is better than ``limit``, else the limit if the bar touches it."""
    if sign * (limit - bar[0]) >= 0:
        return bar[0]
    return limit if sign * (limit - (bar[2] if sign > 0 else bar[1])) >= 0 else NO_FILL


def _inside(sign: int, limit: int, level: int, bar: tuple[int, int, int, int]) -> int:
    """A stop-limit triggered after the open: at its stop price if the limit allows that, else at the limit if the close is beyond it.

    A buy asks for a close below the open before it looks at the close, a sell for one not below.
    """
    if sign * (limit - level) >= 0:
        return level
    came_back = bar[0] > bar[3] if sign > 0 else bar[0] <= bar[3]
    return limit if came_back and sign * (limit - bar[3]) >= 0 else NO_FILL
