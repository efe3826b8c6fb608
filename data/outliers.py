"""Bars that can be but probably are not: single bad ticks, splits nobody declared, prices and dividends of another unit.

Both compare a bar with its neighbours, by medians, in logarithms of ratios, so that they mean the same for a share of 2 dollars
and of 2000. The limits were set on 40 000 real daily bars of eight US shares from 1980 to 2026 and on simulated fat-tailed shares that
move 8 % a day. Among the real bars they accuse only Apple's "flash crash" of 2010-05-06 (6.9 usual ranges; the next longest wick has 5.5)
and its fall of 2000-09-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.finding import Finding, FindingKind
from data.spans import spans
from framework.domain.market import events_in
from framework.rules.account.splits import BEYOND_BELIEF, USUAL_RATIOS, looks_like_a_split

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

#: An overnight move is a split's if it is above this many usual moves and what the split leaves of it is at most so many.
JUMP_MOVES = 6.0
REST_MOVES = 4.0
MIN_REST = 0.02
MAX_REST = 0.06
#: A little less than the smallest split less what may be left of it, which ``_like_a_split`` asks for.
SMALLEST_JUMP = 1.4
#: Standard deviation of a normal variable over its median absolute value.
SIGMA_PER_MEDIAN = 1.4826
#: Usual overnight move where there are too few bars to know it.
ASSUMED_MOVE = 0.015


def suspect_ticks(raw: RawBars) -> list[Finding]:
    """Highs and lows that stand off from open and close by far more than the usual range of the bars around.

    ``raw`` holds sound bars only, in order.
    """
    if not any(_may_have_wicks(raw, span) for span in spans(len(raw))):
        return []
    spread = np.log(raw.high / raw.low)
    above = np.log(raw.high / np.maximum(raw.open, raw.close))
    below = np.log(np.minimum(raw.open, raw.close) / raw.low)
    wick = np.maximum(above, below)
    long = np.flatnonzero(wick > MIN_WICK)
    usual = neighbour_median(spread, long, RANGE_NEIGHBOURS, fallback=np.inf)
    suspects = long[wick[long] > WICK_RANGES * usual]
    usual_range = dict(zip(long.tolist(), usual.tolist(), strict=True))
    return [_tick(raw, index, usual_range[index], is_high=bool(above[index] >= below[index])) for index in suspects.tolist()]


def _may_have_wicks(raw: RawBars, span: slice) -> bool:
    """Whether a wick in ``span`` may be longer than MIN_WICK, which is a little more than the ratio asked for here."""
    opened, high, low, close = (getattr(raw, name)[span] for name in ("open", "high", "low", "close"))
    most = 1.0 + MIN_WICK
    return bool((high > most * np.maximum(opened, close)).any() or (low * most < np.minimum(opened, close)).any())


def _tick(raw: RawBars, index: int, usual: float, *, is_high: bool) -> Finding:
    name, price = ("high", raw.high[index]) if is_high else ("low", raw.low[index])
    edge = max(raw.open[index], raw.close[index]) if is_high else min(raw.open[index], raw.close[index])
    detail = f"{name} {price:g} is {abs(price / edge - 1):.1%} beyond open and close; the usual high-low range is {np.expm1(usual):.1%}"
    return Finding(FindingKind.SUSPECT_TICK, raw.symbol, int(raw.when[index]), detail, int(raw.row[index]), "accepted")


def bad_dividends(raw: RawBars) -> list[Finding]:
    """Dividends that nobody can have paid: more than the share was worth at the close before.

    ``raw`` holds sound bars only, in order.
    """
    paid = events_in(raw.dividend[1:], 0.0)
    rows = paid[raw.dividend[paid + 1] > raw.close[paid]] + 1
    return [_dividend(raw, index) for index in rows.tolist()]


def _dividend(raw: RawBars, index: int) -> Finding:
    detail = f"a dividend of {raw.dividend[index]:g} a share after a close of {raw.close[index - 1]:g}; a dividend is dollars for one share"
    return Finding(FindingKind.BAD_DIVIDEND, raw.symbol, int(raw.when[index]), detail, int(raw.row[index]), "accepted")


def split_jumps(raw: RawBars, opening: Integers) -> list[Finding]:
    """Overnight moves, in split-adjusted prices, that look like a split left undeclared or applied twice, and any beyond belief.

    ``raw`` holds sound bars only, in order; ``opening`` are the positions of the first bars of all sessions but the first.
    """
    if not any(_may_have_jumps(raw, span) for span in spans(len(raw), overlap=1)):
        return []
    move = np.log(raw.open[opening] / raw.close[opening - 1])
    jumps = np.union1d(opening[_like_a_split(move)], _beyond_belief(raw))
    return [_jump(raw, index, float(np.log(raw.open[index] / raw.close[index - 1]))) for index in jumps.tolist()]


def _may_have_jumps(raw: RawBars, span: slice) -> bool:
    """Whether an open in ``span`` may be a split's share of the close before, or its multiple."""
    opened, before = raw.open[span][1:], raw.close[span][:-1]
    return bool((opened > SMALLEST_JUMP * before).any() or (before > SMALLEST_JUMP * opened).any())


def _beyond_belief(raw: RawBars) -> Integers:
    """Positions of the bars whose open no split of a share explains, overnight or not."""
    found = []
    for span in spans(len(raw), overlap=1):
        opened, before = raw.open[span][1:], raw.close[span][:-1]
        found.append(span.start + 1 + np.flatnonzero((opened > BEYOND_BELIEF * before) | (before > BEYOND_BELIEF * opened)))
    positions: Integers = np.concatenate(found) if found else np.empty(0, np.int64)
    return positions


def _like_a_split(move: Floats) -> Integers:
    """Positions of the overnight moves that leave little of a split's ratio, where moves are usually small."""
    large: Integers = np.flatnonzero(np.abs(move) > np.log(USUAL_RATIOS[0]) - MAX_REST)
    if not len(large):
        return large
    sigma = SIGMA_PER_MEDIAN * neighbour_median(np.abs(move), large, MOVE_NEIGHBOURS, fallback=ASSUMED_MOVE / SIGMA_PER_MEDIAN)
    rest = np.abs(np.abs(move[large])[:, None] - np.log(USUAL_RATIOS)).min(axis=1)
    is_split = (rest <= np.clip(REST_MOVES * sigma, MIN_REST, MAX_REST)) & (np.abs(move[large]) > JUMP_MOVES * sigma)
    found: Integers = large[is_split]
    return found


def _jump(raw: RawBars, index: int, move: float) -> Finding:
    split = looks_like_a_split(float(raw.close[index - 1]), float(raw.open[index])) or np.exp(-move)
    cause = f"a split of {split:g} (new for old) without a row that declares it"
    if raw.split[index] != 1.0:
        cause = f"the declared split of {raw.split[index]:g} may already be in the prices: then remove it from the split column"
    elif abs(move) > np.log(BEYOND_BELIEF):
        cause += ", or prices in another unit?"
    else:
        cause += "?"
    detail = f"open {raw.open[index]:g} after a close of {raw.close[index - 1]:g} ({np.expm1(move):+,.1%}); {cause}"
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
