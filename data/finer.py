"""Which bars of a finer resolution each bar is made of, and where they do not make it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.finding import Finding, FindingKind, moment
from framework.domain.market import FinerBars

if TYPE_CHECKING:
    from data.calendar import Sessions
    from framework.domain.market import BarSeries, Floats, Integers

#: Two prices that were rounded to the cent may be as far apart, dollars; and what adjustment adds to it, as a fraction of the price.
CENT, NOISE = 0.01, 1e-6


def made_of(coarse: BarSeries, finer: BarSeries, sessions: Sessions) -> tuple[FinerBars, Finding | None]:
    """The bars of ``finer`` that close after the bar of ``coarse`` before and in the session, and not after the bar itself.

    Where their range is not the bar's, to a cent, a bar gets none: on either the fills would be at prices the other never saw. The finding
    names the first such bar and counts them.
    """
    opened = sessions.open[np.searchsorted(sessions.close, coarse.timestamp)]
    before = np.concatenate([opened[:1], coarse.timestamp[:-1]])
    last = np.searchsorted(finer.timestamp, coarse.timestamp, "right")
    first = np.minimum(np.searchsorted(finer.timestamp, np.maximum(opened, before), "right"), last)
    there = np.flatnonzero(first < last)
    traded = finer.volume > 0.0  # the others fill nothing: what only they reached, nobody walks to
    high = _over(np.maximum, np.where(traded, finer.high, -np.inf), first[there], last[there])
    low = _over(np.minimum, np.where(traded, finer.low, np.inf), first[there], last[there])
    allowed = CENT + NOISE * coarse.high[there]
    apart = (np.abs(high - coarse.high[there]) > allowed) | (np.abs(low - coarse.low[there]) > allowed)
    first[there[apart]] = last[there[apart]]
    bars = FinerBars(finer, first, last)
    if not apart.any():
        return bars, None
    index, position = int(there[apart][0]), int(np.flatnonzero(apart)[0])
    detail = (
        f"{apart.sum()} of {len(there)} bars are not made up by their finer bars; at {moment(int(coarse.timestamp[index]))} the bar spans "
        f"{coarse.low[index]:g} to {coarse.high[index]:g}, the finer ones {low[position]:g} to {high[position]:g}"
    )
    return bars, Finding(FindingKind.FINER_RANGE, coarse.symbol, int(coarse.timestamp[index]), detail, None, "walked as one bar")


def _over(extreme: np.ufunc, values: Floats, first: Integers, last: Integers) -> Floats:
    """The extreme of ``values[first:last]`` for each pair; every pair holds at least one."""
    if len(first) == 0:
        return np.empty(0)
    bounds = np.stack([first, last], axis=1).ravel()
    found: Floats = extreme.reduceat(np.append(values, values[-1]), bounds)[::2]
    return found
