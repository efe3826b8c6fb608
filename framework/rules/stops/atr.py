"""Average true range, and prices on the venue's tick."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats

#: Wilder's recursion forgets: after ten periods the seed weighs less than 0.05 %.
ATR_PERIODS_OF_HISTORY = 10


def average_true_range(high: Floats, low: Floats, close: Floats, period: int) -> float:
    """Average true range at the last bar, dollars (Wilder 1978): the mean of the first ``period`` true ranges, then smoothed by 1/period.

    Over all bars given, so that its last digits depend on where they begin; stops use :func:`wilder_atr`. The first bar has no true range,
    for want of a close before it. NaN with fewer than ``period + 1`` bars.
    """
    if len(close) < period + 1:
        return math.nan
    return smoothed(true_ranges(high, low, close).tolist(), period)


def true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    """True ranges of all bars but the first, dollars."""
    before, highs, lows = close[:-1], high[1:], low[1:]
    return np.where(before > highs, before, highs) - np.where(before < lows, before, lows)


def smoothed(ranges: Sequence[float], period: int) -> float:
    """Wilder's average of ``ranges``: the mean of the first ``period``, then each further one at a weight of 1/period."""
    average = 0.0
    for value in ranges[:period]:  # sum() would add up differently from one Python to another
        average += value
    average /= period
    for value in ranges[period:]:
        average += (value - average) / period
    return average


def wilder_atr(high: Floats, low: Floats, close: Floats, period: int) -> float:
    """:func:`average_true_range` of the last ``10 * period + 1`` bars and no others, dollars.

    So a value from a long history equals the value from a short one bit for bit. NaN with fewer than ``period + 1`` bars.
    """
    bars = ATR_PERIODS_OF_HISTORY * period + 1
    return average_true_range(high[-bars:], low[-bars:], close[-bars:], period)


def chandelier_level(direction: int, high: Floats, low: Floats, atr: float, bars: int, multiple: float) -> float:
    """Where Le Beau's chandelier hangs: ``multiple`` times ``atr`` below the highest high of the last ``bars`` bars, dollars.

    Above their lowest low for a short, ``direction`` -1. The last bar counts; at least ``bars`` of them are given.
    """
    extreme = high[-bars:].max() if direction > 0 else low[-bars:].min()
    return float(extreme) - direction * (multiple * atr)


def on_tick(price: int, tick: int, direction: int) -> int:
    """``price`` on the venue's tick, away from the market (down for a long's stop) so that it does not trigger early; one tick at least."""
    steps = price // tick if direction > 0 else -(-price // tick)
    return max(steps, 1) * tick
