"""Rolling historical VaR and CVaR of many symbols; each row equals the live function on its window, bit for bit."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, tail_probability
from framework.rules.risk.quantiles import Quantile, TailPlan, reaching_minimum, tail_of_rows, tail_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats

#: Ranks kept beyond the needed ones; more make each change dearer, fewer make readings of the whole window more frequent.
_SPARE = 12
#: Numbers sorted at a time without numba.
_BLOCK = 1_000_000
#: Panels with fewer values are not worth the import of numba.
_SMALL = 200_000


def rolling_historical(returns: Floats, window: int, confidence: float, quantile: Quantile = Quantile.LINEAR) -> tuple[Floats, Floats]:
    """VaR and CVaR by ``historical`` on every window of every column.

    Causal: row t uses rows t - window + 1 to t; compare it with the return of t + 1. A window with a NaN, an infinity or a value beyond
    1e30 gives NaN (the symbol has no estimate), and so does one too short to reach the tail. Compiled where numba is installed and the
    panel is large; the figures do not depend on that. The global interpreter lock is released meanwhile: threads may share the columns out.

    Args:
        returns: float64 [T, N] or [T], simple returns, oldest first.
        window: Rows.
        confidence: In (0, 1).
        quantile: The convention.

    Returns:
        VaR and CVaR, float64, the shape of ``returns``; positive fractions. Columns lie one after the other in memory.
    """
    panel = returns.reshape(len(returns), -1) if returns.ndim in {1, 2} and returns.size else np.empty((0, 0))
    if panel.size == 0 or math.isnan(tail_probability(confidence)) or not reaching_minimum(confidence) <= window <= len(panel):
        return np.full(returns.shape, math.nan), np.full(returns.shape, math.nan)
    plan = tail_plan(window, confidence, quantile)
    compiled = panel.size >= _SMALL and find_spec("numba") is not None
    var, cvar = (rolling_compiled if compiled else rolling_plain)(panel, window, plan)
    return var.reshape(returns.shape), cvar.reshape(returns.shape)


def rolling_rows(
    returns: Sequence[Floats], window: int, confidence: float, quantile: Quantile, found: Sequence[tuple[Floats, Floats]]
) -> None:
    """``rolling_historical`` of symbols one by one, written where it is wanted.

    ``returns`` are those of each symbol, float64 [T]; ``found`` are its VaR and its CVaR, [T] each, which are filled.
    """
    if math.isnan(tail_probability(confidence)) or reaching_minimum(confidence) > window:
        for var, cvar in found:
            var[:] = cvar[:] = math.nan
        return
    plan = tail_plan(window, confidence, quantile)
    rolled = _rolled_compiled if sum(map(len, returns)) >= _SMALL and find_spec("numba") is not None else _rolled_plain
    for values, (var, cvar) in zip(returns, found, strict=True):
        rolled(values, window, plan, var, cvar)


def _rolled_compiled(values: Floats, window: int, plan: TailPlan, var: Floats, cvar: Floats) -> None:
    from framework.rules.risk.panel_kernel import roll_row

    roll_row(values, window, (*plan,), _SPARE, var, cvar)


def _rolled_plain(values: Floats, window: int, plan: TailPlan, var: Floats, cvar: Floats) -> None:
    var[:] = cvar[:] = math.nan
    if len(values) >= window:
        _roll_plain(values, window, plan, var, cvar)


def rolling_compiled(panel: Floats, window: int, plan: TailPlan) -> tuple[Floats, Floats]:
    """The figures [T, N] by the numba kernel; 1 <= window <= T."""
    from framework.rules.risk.panel_kernel import roll_columns

    var, cvar = (np.empty(panel.shape[::-1]) for _ in range(2))
    roll_columns(np.ascontiguousarray(panel, dtype=np.float64), window, (*plan,), _SPARE, var, cvar)
    return var.T, cvar.T


def rolling_plain(panel: Floats, window: int, plan: TailPlan) -> tuple[Floats, Floats]:
    """The same figures, bit for bit, by numpy alone."""
    var, cvar = (np.full(panel.shape[::-1], math.nan) for _ in range(2))
    for column, values in enumerate(panel.T):
        _roll_plain(np.ascontiguousarray(values), window, plan, var[column], cvar[column])
    return var.T, cvar.T


def _roll_plain(values: Floats, window: int, plan: TailPlan, var: Floats, cvar: Floats) -> None:
    """Fill the two columns [T] in blocks of rows; rows with an unusable value in their window stay NaN."""
    usable = np.abs(values) <= LARGEST
    count = np.concatenate(([0], np.cumsum(usable)))
    rows = np.flatnonzero(count[window:] - count[:-window] == window)
    windows = np.lib.stride_tricks.sliding_window_view(values, window)
    step = max(_BLOCK // window, 1)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        var[some + window - 1], cvar[some + window - 1] = tail_of_rows(windows[some], plan)


def historical_row(windows: Floats, confidence: float, quantile: Quantile = Quantile.LINEAR) -> tuple[Floats, Floats]:
    """VaR and CVaR [N] of today's windows [T, N] of all symbols at once: one row of :func:`rolling_historical`, for a live decision."""
    nothing = np.full(windows.shape[-1] if windows.ndim == 2 else windows.size, math.nan)
    if windows.ndim != 2 or math.isnan(tail_probability(confidence)) or len(windows) < reaching_minimum(confidence):
        return nothing, nothing.copy()
    plan = tail_plan(len(windows), confidence, quantile)
    usable = (np.abs(windows) <= LARGEST).all(axis=0)
    var, cvar = nothing, nothing.copy()
    var[usable], cvar[usable] = tail_of_rows(windows.T[usable], plan)
    return var, cvar
