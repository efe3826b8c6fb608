"""Average true range, and prices on the venue's tick."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.domain.market import Floats

#: Wilder's recursion forgets: after ten periods the seed weighs less than 0.05 %.
ATR_PERIODS_OF_HISTORY = 10


def wilder_atr(high: Floats, low: Floats, close: Floats, period: int) -> float:
    """Average true range at the last bar, dollars (Wilder 1978): the mean of the first ``period`` true ranges, then smoothed by 1/period.

    Uses the last ``10 * period + 1`` bars and no others, so that a value from a long history equals the value from a short one
    bit for bit. NaN with fewer than ``period + 1`` bars.
    """
    bars = min(len(close), ATR_PERIODS_OF_HISTORY * period + 1)
    if bars < period + 1:
        return math.nan
    highs, lows, closes = high[-bars:].tolist(), low[-bars:].tolist(), close[-bars:].tolist()
    ranges = [max(highs[i], closes[i - 1]) - min(lows[i], closes[i - 1]) for i in range(1, bars)]
    average: float = sum(ranges[:period]) / period
    for value in ranges[period:]:
        average += (value - average) / period
    return average


def on_tick(price: int, tick: int, direction: int) -> int:
    """``price`` on the venue's tick, away from the market (down for a long's stop) so that it does not trigger early; one tick at least."""
    steps = price // tick if direction > 0 else -(-price // tick)
    return max(steps, 1) * tick
