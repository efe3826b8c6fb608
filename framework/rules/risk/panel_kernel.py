"""The rolling tail, compiled: imports numba (``pip install "onetape[fast]"``), so it is imported where it is called.

For each column the smallest returns of the window, a dozen more than needed, are kept sorted. Most arrivals and expiries lie above them and
cost two comparisons; a row's figures are computed again only when one of the kept came or went. When expiries have used up the spare ones
the window is read again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from framework.rules.risk.estimate import LARGEST

if TYPE_CHECKING:
    from framework.domain.market import Floats

    #: The fields of ``TailPlan``.
    Plan = tuple[int, int, int, float, int, float, float]

#: Columns copied at a time: two cache lines of a row.
_LINE = 16


@njit(cache=True, nogil=True, inline="always")
def _insert(kept: Floats, value: float) -> None:
    """Put ``value`` into the sorted ``kept``; the largest leaves. Without branches, so that the compiler uses vector instructions."""
    for place in range(len(kept) - 1, 0, -1):
        below = kept[place - 1]
        below = below if below > value else value  # noqa: FURB136 - min and max of numba have a branch for NaN
        kept[place] = kept[place] if kept[place] < below else below  # noqa: FURB136
    kept[0] = value if value < kept[0] else kept[0]  # noqa: FURB136


@njit(cache=True, nogil=True, inline="always")
def _remove(kept: Floats, value: float) -> None:
    """Take one ``value`` out of the sorted ``kept``; infinity fills the end."""
    for place in range(len(kept) - 1):
        kept[place] = kept[place] if kept[place] < value else kept[place + 1]
    # Not [-1]: the check for negative places costs a fifth of the time.
    kept[len(kept) - 1] = math.inf


@njit(cache=True, nogil=True)
def _read(column: Floats, start: int, stop: int, ceiling: float, kept: Floats, below: Floats) -> int:
    """Fill ``kept`` with the smallest of the values of ``column[start:stop]`` below ``ceiling``; how many it holds.

    ``below`` is working space for ``stop - start`` values; they are picked without branches.
    """
    count = 0
    for row in range(start, stop):
        below[count] = column[row]
        count += column[row] < ceiling
    kept[:] = math.inf
    for place in range(count):
        if below[place] < kept[len(kept) - 1]:
            _insert(kept, below[place])
    return min(count, len(kept))


@njit(cache=True, nogil=True)
def _read_again(column: Floats, start: int, stop: int, least: int, ceiling: float, kept: Floats, below: Floats) -> int:
    """:func:`_read` below the last ``ceiling``, which most often leaves ``least`` or more; else without one."""
    held = _read(column, start, stop, ceiling, kept, below)
    return held if held >= least else _read(column, start, stop, math.inf, kept, below)


@njit(cache=True, nogil=True, inline="always")
def _tail(kept: Floats, plan: Plan) -> tuple[float, float]:
    """VaR and CVaR, added up as ``tail_of_rows`` does."""
    _, low, high, fraction, whole, part, mass = plan
    even = odd = 0.0
    for rank in range(0, whole - 1, 2):
        even += kept[rank]
        odd += kept[rank + 1]
    if whole % 2:
        even += kept[whole - 1]
    loss = 0.0 - (kept[low] + (kept[high] - kept[low]) * fraction)
    return loss, max(0.0 - (even + odd + part * kept[whole]) / mass, loss)


@njit(cache=True, nogil=True)
def window_tail(window: Floats, plan: Plan, kept: Floats, below: Floats) -> tuple[float, float]:
    """VaR and CVaR of one ``window`` [n], added up as ``tail_of_rows`` does; NaN where it holds an unusable value.

    ``kept`` [depth] and ``below`` [n] are working space. No value is -0.0.
    """
    for value in window:
        if not abs(value) <= LARGEST:
            return math.nan, math.nan
    _read(window, 0, len(window), math.inf, kept, below)
    return _tail(kept, plan)


@njit(cache=True, nogil=True)
def _roll_run(column: Floats, start: int, stop: int, window: int, plan: Plan, kept: Floats, var: Floats, cvar: Floats) -> None:
    """Fill the rows from ``start + window - 1`` up to ``stop``; every value of ``column[start:stop]`` is usable, one window at least.

    What is not kept is never below the last one kept (``edge``), so removing a value equal to that one is right even if its twin outside
    left. ``edge`` stays in a register, and the step is written out here: either doubles the speed.
    """
    depth, first, below = plan[0], start + window - 1, np.empty(window)
    least = (depth + len(kept)) // 2
    held = _read(column, start, first + 1, math.inf, kept, below)
    edge = ceiling = kept[held - 1]
    loss, mean = _tail(kept, plan)
    var[first], cvar[first] = loss, mean
    for row in range(first + 1, stop):
        changed = False
        leaving, value = column[row - window], column[row]
        if leaving <= edge:
            _remove(kept, leaving)
            held -= 1
            edge, changed = kept[held - 1], True
        if value < edge:
            _insert(kept, value)
            held = min(held + 1, len(kept))
            edge, changed = kept[held - 1], True
        if held < depth:
            held = _read_again(column, row - window + 1, row + 1, least, ceiling, kept, below)
            edge = ceiling = kept[held - 1]
        if changed:
            loss, mean = _tail(kept, plan)
        var[row], cvar[row] = loss, mean


@njit(cache=True, nogil=True)
def _roll(column: Floats, window: int, plan: Plan, kept: Floats, var: Floats, cvar: Floats) -> None:
    """VaR and CVaR [T] of one column [T]; NaN where the window is short or holds an unusable value."""
    start = 0
    while start < len(column):
        stop = start
        while stop < len(column) and abs(column[stop]) <= LARGEST:
            stop += 1
        blank = min(start + window - 1, stop)
        var[start:blank] = cvar[start:blank] = math.nan
        if stop - start >= window:
            _roll_run(column, start, stop, window, plan, kept, var, cvar)
        if stop < len(column):
            var[stop] = cvar[stop] = math.nan
        start = stop + 1


@njit(cache=True, nogil=True)
def roll_columns(returns: Floats, window: int, plan: Plan, spare: int, var: Floats, cvar: Floats) -> None:
    """Fill ``var`` and ``cvar`` [N, T] from ``returns`` [T, N], C order; ``spare`` ranks are kept beyond the plan's depth."""
    rows, columns = returns.shape
    block = np.empty((_LINE, rows))
    kept = np.empty(plan[0] + spare)
    for start in range(0, columns, _LINE):
        width = min(_LINE, columns - start)
        for row in range(rows):
            for place in range(width):
                # Adding zero turns -0.0 into 0.0, as everywhere.
                block[place, row] = returns[row, start + place] + 0.0
        for place in range(width):
            _roll(block[place], window, plan, kept, var[start + place], cvar[start + place])


@njit(cache=True, nogil=True)
def roll_row(returns: Floats, window: int, plan: Plan, spare: int, var: Floats, cvar: Floats) -> None:
    """Fill ``var`` and ``cvar`` [T] from ``returns`` [T]; ``spare`` ranks are kept beyond the plan's depth."""
    _roll(returns + 0.0, window, plan, np.empty(plan[0] + spare), var, cvar)
