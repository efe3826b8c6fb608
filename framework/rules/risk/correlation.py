"""A rolling correlation matrix, updated by each new row, that never drifts.

Returns are rounded to multiples of 2^-40 and split into two parts of 20 bits. Sums of products of such parts over a window are whole
numbers below 2^53, so that float64 adds and subtracts them exactly: the sums depend on the rows in the window alone, not on the way there,
and a restarted process has the same matrix bit for bit. The rounding (4.5e-13 of a return) moves a correlation of daily returns by less
than 1e-9.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.domain.market import Floats

#: Whole numbers of this unit, and of this part of it, are summed.
_HALF = 2.0**20
_SCALE = _HALF * _HALF
#: With |return| < 4 and up to 512 rows every sum stays below 2^53.
LARGEST_RETURN = 4.0
LONGEST_WINDOW = 512
#: A variance of fewer rounding units than this is rounding.
_SMALLEST_VARIANCE = (64.0 / _SCALE) ** 2
_ROUNDING = 1e-14


def _parts(rows: Floats) -> tuple[Floats, Floats]:
    """Upper and lower part of each return, whole numbers; the lower one in [-2^19, 2^19]."""
    units = np.rint(rows * _SCALE)
    upper = np.rint(units / _HALF)
    return upper, units - upper * _HALF


class RollingCorrelation:
    """Pearson correlations of the last ``window`` rows of returns of ``symbols`` columns.

    A symbol with a NaN, an infinity or a return of 400 % or more inside the window has NaN in its row and column until that has left; so
    has one that does not vary. An update takes N^2 steps, whatever the window.
    """

    def __init__(self, window: int, symbols: int) -> None:
        if not 2 <= window <= LONGEST_WINDOW:
            raise ConfigError(f"a correlation window of {window} rows was asked for; 2 to {LONGEST_WINDOW} are possible")
        if symbols < 1:
            raise ConfigError(f"correlations of {symbols} symbols were asked for; at least 1 is needed")
        self._window = window
        self._rows = np.zeros((window, symbols))
        self._unusable = np.zeros((window, symbols), dtype=np.bool_)
        self._seen = 0
        self._sums = np.zeros((2, symbols))
        self._high, self._cross, self._low = (np.zeros((symbols, symbols)) for _ in range(3))

    def push(self, returns: Floats) -> None:
        """Take the newest row [N]; the oldest one leaves."""
        place = self._seen % self._window
        usable = np.abs(returns) < LARGEST_RETURN
        entering = np.where(usable, returns, 0.0)
        self._add(np.stack((entering, self._rows[place])), np.array([1.0, -1.0]))
        self._rows[place] = entering
        self._unusable[place] = ~usable
        self._seen += 1

    def fill(self, history: Floats) -> None:
        """Take ``history`` [window, N], oldest first, in place of every row so far."""
        usable = np.abs(history) < LARGEST_RETURN
        self._rows, self._unusable, self._seen = np.where(usable, history, 0.0), ~usable, self._window
        for sums in (self._high, self._cross, self._low, self._sums):
            sums.fill(0.0)
        self._add(self._rows, np.ones(self._window))

    def _add(self, rows: Floats, signs: Floats) -> None:
        """Add the products of ``rows`` [k, N], each with its sign; exact, hence in any order."""
        upper, lower = _parts(rows)
        signed_upper, signed_lower = upper * signs[:, None], lower * signs[:, None]
        self._high += signed_upper.T @ upper
        across = signed_upper.T @ lower
        self._cross += across + across.T
        self._low += signed_lower.T @ lower
        self._sums += np.stack((signed_upper.sum(axis=0), signed_lower.sum(axis=0)))

    def covariance(self) -> Floats:
        """Sample covariance [N, N] (window - 1); all NaN before the window is full."""
        count = self._window
        if self._seen < count:
            return np.full_like(self._high, math.nan)
        products = (self._high + self._cross / _HALF + self._low / _SCALE) / _SCALE
        totals = (self._sums[0] + self._sums[1] / _HALF) / _HALF
        found = (products - np.outer(totals, totals) / count) / (count - 1)
        unusable = self._unusable.any(axis=0)
        found[unusable, :] = math.nan
        found[:, unusable] = math.nan
        return np.asarray(found)

    def matrix(self) -> Floats:
        """Correlations [N, N] in [-1, 1] with a diagonal of ones; NaN where there is none."""
        covariance = self.covariance()
        variance = np.diagonal(covariance)
        # A variance this small beside the mean square is the rounding of its own subtraction.
        rounding = _ROUNDING * np.diagonal(self._high) / (_SCALE * self._window)
        root = np.sqrt(np.where(variance > np.maximum(rounding, _SMALLEST_VARIANCE), variance, math.nan))
        found = np.clip(covariance / np.outer(root, root), -1.0, 1.0)
        np.fill_diagonal(found, np.where(np.isnan(root), math.nan, 1.0))
        return np.asarray(found)


def window_correlation(history: Floats) -> Floats:
    """The matrix [N, N] of ``history`` [T, N], 2 <= T <= 512, N >= 1, in one step; all NaN for another shape.

    The same bits as :class:`RollingCorrelation` has after these rows.
    """
    if history.ndim != 2 or not 2 <= len(history) <= LONGEST_WINDOW or history.shape[1] < 1:
        columns = history.shape[1] if history.ndim == 2 else 1
        return np.full((columns, columns), math.nan)
    rolling = RollingCorrelation(*history.shape)
    rolling.fill(history)
    return rolling.matrix()
