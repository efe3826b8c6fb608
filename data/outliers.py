"""Bars that can be but probably are not: single bad ticks, and splits nobody declared.

Both compare a bar with its neighbours, by medians, in logarithms of ratios, so that they mean the same for a share of 2 dollars
and of 2000. The limits were set on 40 000 real daily bars of eight US shares from 1980 to 2026 and on simulated fat-tailed shares that
move 8 % a day. Among the real bars they accuse only Apple's "flash crash" of 2010-05-06 (6.9 usual ranges; the next longest wick has 5.5)
and its fall of 2000-09-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.finding import Finding, FindingKind

if TYPE_CHECKING:
    from data.raw_bars import RawBars
    from framework.domain.market import Floats, Integers

#: A wick is suspect above this many usual ranges, and above MIN_WICK in any case.
WICK_RANGES = 6.0
MIN_WICK = 0.08
#: Neighbours on either side of a bar that say what is usual, and the fewest that can.
RANGE_NEIGHBOURS = 10
MOVE_NEIGHBOURS = 30
FEWEST_NEIGHBOURS = 5

#: New shares for old ones: the ratios splits come in, forward and reverse.
SPLIT_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0)
#: An overnight move is a split's if it is above this many usual moves and what the split leaves of it is at most so many.
JUMP_MOVES = 6.0
REST_MOVES = 4.0
MIN_REST = 0.02
MAX_REST = 0.06
#: Standard deviation of a normal variable over its median absolute value.
SIGMA_PER_MEDIAN = 1.4826
#: Usual overnight move where there are too few bars to know it.
ASSUMED_MOVE = 0.015


def suspect_ticks(raw: RawBars) -> list[Finding]:
    """Highs and lows that stand off from open and close by far more than the usual range of the bars around.

    ``raw`` holds sound bars only, in order.
    """
    spread = np.log(raw.high / raw.low)
    above = np.log(raw.high / np.maximum(raw.open, raw.close))
    below = np.log(np.minimum(raw.open, raw.close) / raw.low)
    wick = np.maximum(above, below)
    long = np.flatnonzero(wick > MIN_WICK)
    usual = neighbour_median(spread, long, RANGE_NEIGHBOURS, fallback=np.inf)
    suspects = long[wick[long] > WICK_RANGES * usual]
    usual_range = dict(zip(long.tolist(), usual.tolist(), strict=True))
    return [_tick(raw, index, usual_range[index], is_high=bool(above[index] >= below[index])) for index in suspects.tolist()]


def _tick(raw: RawBars, index: int, usual: float, *, is_high: bool) -> Finding:
    name, price = ("high", raw.high[index]) if is_high else ("low", raw.low[index])
    edge = max(raw.open[index], raw.close[index]) if is_high else min(raw.open[index], raw.close[index])
    detail = f"{name} {price:g} is {abs(price / edge - 1):.1%} beyond open and close; the usual high-low range is {np.expm1(usual):.1%}"
    return Finding(FindingKind.SUSPECT_TICK, raw.symbol, int(raw.when[index]), detail, int(raw.row[index]), "accepted")


def split_jumps(raw: RawBars, session: Integers) -> list[Finding]:
    """Overnight moves, in split-adjusted prices, that look like a split left undeclared or applied twice.

    ``raw`` holds sound bars only, in order; ``session`` (int64[n]) numbers the session of each: a move is overnight where it changes.
    """
    opening = np.flatnonzero(np.diff(session) != 0) + 1
    move = np.log(raw.open[opening] / raw.close[opening - 1])
    large = np.flatnonzero(np.abs(move) > np.log(SPLIT_RATIOS[0]) - MAX_REST)
    sigma = SIGMA_PER_MEDIAN * neighbour_median(np.abs(move), large, MOVE_NEIGHBOURS, fallback=ASSUMED_MOVE / SIGMA_PER_MEDIAN)
    rest = np.abs(np.abs(move[large])[:, None] - np.log(SPLIT_RATIOS))
    nearest = np.argmin(rest, axis=1)
    is_split = (rest.min(axis=1) <= np.clip(REST_MOVES * sigma, MIN_REST, MAX_REST)) & (np.abs(move[large]) > JUMP_MOVES * sigma)
    return [_jump(raw, int(opening[index]), SPLIT_RATIOS[ratio]) for index, ratio in zip(large[is_split], nearest[is_split], strict=True)]


def _jump(raw: RawBars, index: int, ratio: float) -> Finding:
    change = raw.open[index] / raw.close[index - 1]
    split = ratio if change < 1.0 else 1.0 / ratio
    if raw.split[index] == 1.0:
        cause = f"a split of {split:g} (new for old) without a row that declares it?"
    else:
        cause = f"the declared split of {raw.split[index]:g} may already be in the prices: then remove it from the split column"
    detail = f"open {raw.open[index]:g} after a close of {raw.close[index - 1]:g} ({change - 1:+.1%}); {cause}"
    return Finding(FindingKind.SPLIT_JUMP, raw.symbol, int(raw.when[index]), detail, int(raw.row[index]), "accepted")


def neighbour_median(values: Floats, at: Integers, reach: int, *, fallback: float) -> Floats:
    """Median of the ``2 * reach`` values nearest around each position of ``at`` (itself excluded), fewer where there are fewer.

    Shape as ``at``; ``fallback`` where fewer than ``FEWEST_NEIGHBOURS`` exist.
    """
    width = min(2 * reach + 1, len(values))
    if width <= FEWEST_NEIGHBOURS:
        return np.full(len(at), fallback)
    start = np.clip(at - reach, 0, len(values) - width)
    index = start[:, None] + np.arange(width - 1)
    index += index >= at[:, None]
    medians: Floats = np.median(values[index], axis=1)
    return medians
