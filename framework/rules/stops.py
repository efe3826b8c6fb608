"""Where does the protective stop of a position stand? All prices in micro-dollars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.domain.values import MICRO, rounded_quotient, to_micros

if TYPE_CHECKING:
    from framework.domain.market import Floats

PERCENT = "percent"
ATR = "atr"
TRAILING = "trailing"
#: Wilder's recursion forgets: after ten periods the seed weighs less than 0.05 %.
ATR_PERIODS_OF_HISTORY = 10


@dataclass(frozen=True, slots=True)
class StopPolicy:
    """Which stop is attached to an entry. ``percent`` and ``trail_percent`` in percent (5 means 5 %)."""

    method: str = ATR
    percent: float = 5.0
    atr_period: int = 14
    atr_multiple: float = 2.0
    trail_percent: float = 5.0


@dataclass(frozen=True, slots=True)
class StopPlan:
    """The protection decided together with an entry; it becomes orders when the entry fills.

    Exactly one of ``distance_micros`` and ``fraction_micros`` (from the fill price; micro-dollars, micro-percent), ``price_micros`` (a
    fixed level) and ``trail_micros`` (micro-percent) is set. ``take_profit_micros`` adds the other leg of a bracket.
    """

    distance_micros: int | None = None
    price_micros: int | None = None
    trail_micros: int | None = None
    fraction_micros: int | None = None
    take_profit_micros: int | None = None


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


def plan(policy: StopPolicy, atr: float) -> StopPlan:
    """The plan of ``policy``; an ATR that is not known, or no distance at all, falls back to the percent stop, never to none."""
    if policy.method == TRAILING:
        return StopPlan(trail_micros=to_micros(policy.trail_percent))
    distance = to_micros(policy.atr_multiple * atr) if policy.method == ATR and math.isfinite(atr) else 0
    if distance > 0:
        return StopPlan(distance_micros=distance)
    return StopPlan(fraction_micros=to_micros(policy.percent))


def level(stop: StopPlan, entry: int, direction: int) -> int | None:
    """Stop level for a position entered at ``entry``; ``direction`` +1 long, -1 short. ``None`` for a trailing or absent stop.

    At least one micro-dollar above zero: a stop further away than the price itself can never be reached, and is kept at the bottom.
    """
    if stop.price_micros is not None:
        return stop.price_micros
    if stop.fraction_micros is not None:
        return max(entry - direction * rounded_quotient(entry * stop.fraction_micros, 100 * MICRO), 1)
    if stop.distance_micros is not None:
        return max(entry - direction * stop.distance_micros, 1)
    return None


def on_tick(price: int, tick: int, direction: int) -> int:
    """``price`` on the venue's tick, away from the market (down for a long's stop) so that it does not trigger early; one tick at least."""
    steps = price // tick if direction > 0 else -(-price // tick)
    return max(steps, 1) * tick


def tighter(direction: int, first: int | None, second: int | None) -> int | None:
    """The level nearer to the market: a stop only tightens."""
    if first is None or second is None:
        return second if first is None else first
    return direction * max(direction * first, direction * second)
