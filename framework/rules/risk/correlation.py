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
    from collections.abc import Sequence

    from framework.domain.market import Floats, Integers

#: Whole numbers of this unit, and of this part of it, are summed.
_HALF = 2.0**20
_SCALE = _HALF * _HALF
#: With |return| < 4 and up to 512 rows every sum stays below 2^53.
LARGEST_RETURN = 4.0
LONGEST_WINDOW = 512
#: A variance of fewer rounding units than this is rounding.
_SMALLEST_VARIANCE = (64.0 / _SCALE) ** 2
_ROUNDING = 1e-14
#: Where the sums over a pair's first symbol keep the parts of its squares, and the number of rows.
_SQUARES, _ONES = slice(2, 5), 5


def _parts(rows: Floats) -> tuple[Floats, Floats]:
    """Upper and lower part of each return, whole numbers; the lower one in [-2^19, 2^19]."""
    units = np.rint(rows * _SCALE)
    upper = np.rint(units / _HALF)
    return upper, units - upper * _HALF


class RollingCorrelation:
    """Pearson correlations of the last ``window`` rows of returns of ``symbols`` columns, each pair over the rows that both have.

    A NaN, an infinity or a return of 400 % or more is no return. A pair with fewer than ``minimum`` rows (the whole window, if that is not
    given) has NaN, and so has a symbol that does not vary. An update takes N^2 steps, whatever the window.
    """

    def __init__(self, window: int, symbols: int, minimum: int | None = None) -> None:
        if not 2 <= window <= LONGEST_WINDOW:
            raise ConfigError(f"a correlation window of {window} rows was asked for; 2 to {LONGEST_WINDOW} are possible")
        if symbols < 1:
            raise ConfigError(f"correlations of {symbols} symbols were asked for; at least 1 is needed")
        self._minimum = window if minimum is None else max(minimum, 2)
        self._rows = np.full((window, symbols), math.nan)
        self._seen = 0
        #: Sums over the rows that both symbols of a pair have: of both returns' products, and of the first one's units, squares and ones.
        self._products, self._firsts = np.zeros((3, symbols, symbols)), np.zeros((6, symbols, symbols))

    def push(self, returns: Floats) -> None:
        """Take the newest row [N]; the oldest one leaves."""
        place = self._seen % len(self._rows)
        self._add(np.stack((returns, self._rows[place])), np.array([1.0, -1.0]))
        self._rows[place] = returns
        self._seen += 1

    def fill(self, history: Floats) -> None:
        """Take ``history`` [window, N], oldest first, in place of every row so far."""
        self._rows, self._seen = history.copy(), len(history)
        self._products.fill(0.0)
        self._firsts.fill(0.0)
        self._add(history, np.ones(len(history)))

    def _add(self, rows: Floats, signs: Floats) -> None:
        """Add the products of ``rows`` [k, N], each with its sign; exact, hence in any order."""
        usable = np.abs(rows) < LARGEST_RETURN
        upper, lower = _parts(np.where(usable, rows, 0.0))
        signed_upper, signed_lower = upper * signs[:, None], lower * signs[:, None]
        across = signed_upper.T @ lower
        self._products += np.stack((signed_upper.T @ upper, across + across.T, signed_lower.T @ lower))
        ones = usable.astype(np.float64)
        signed_ones = ones * signs[:, None]
        firsts = (upper, lower, upper * upper, upper * lower, lower * lower, ones)  # as _SQUARES and _ONES find them
        self._firsts += np.stack([first.T @ signed_ones for first in firsts])

    def covariance(self) -> Floats:
        """Sample covariance [N, N] of each pair (n - 1); NaN where there are too few rows."""
        every = np.arange(self._rows.shape[1])
        return self._moments(every, every)[0]

    def matrix(self) -> Floats:
        """Correlations [N, N] in [-1, 1] with a diagonal of ones; NaN where there is none."""
        every = np.arange(self._rows.shape[1])
        found = self._correlations(every, every)
        np.fill_diagonal(found, np.where(np.isnan(np.diagonal(found)), math.nan, 1.0))
        return found

    def between(self, column: int, others: Sequence[int]) -> Floats:
        """Correlations [len(others)] of ``column`` with each of ``others``: the same bits as in the matrix, without the rest of it."""
        return np.asarray(self._correlations(np.array([column]), np.array(others, dtype=np.int64))[0])

    def _correlations(self, rows: Integers, columns: Integers) -> Floats:
        covariance, first, second = self._moments(rows, columns)
        return np.asarray(np.clip(covariance / np.sqrt(first * second), -1.0, 1.0))

    def _moments(self, rows: Integers, columns: Integers) -> tuple[Floats, Floats, Floats]:
        """Covariance of each pair, and the variance of either over the same rows; NaN where there is none."""
        products = self._products[:, rows[:, None], columns]
        first, second = self._firsts[:, rows[:, None], columns], self._firsts[:, columns[:, None], rows].transpose(0, 2, 1)
        count = np.where(first[_ONES] >= self._minimum, first[_ONES], math.nan)
        return _centred(products, _total(first), _total(second), count), _variance(first, count), _variance(second, count)


def _total(sums: Floats) -> Floats:
    """Sum of the returns of each pair's first symbol."""
    return np.asarray((sums[0] + sums[1] / _HALF) / _HALF)


def _variance(sums: Floats, count: Floats) -> Floats:
    """Variance of each pair's first symbol; NaN where it is the rounding of its own subtraction."""
    high, cross, low = sums[_SQUARES]
    total = _total(sums)
    found = _centred(np.stack((high, 2.0 * cross, low)), total, total, count)
    return np.where(found > np.maximum(_ROUNDING * high / (_SCALE * count), _SMALLEST_VARIANCE), found, math.nan)


def _centred(products: Floats, first: Floats, second: Floats, count: Floats) -> Floats:
    """(sum of products - product of sums / n) / (n - 1), the products from their exact parts."""
    high, cross, low = products
    return np.asarray(((high + cross / _HALF + low / _SCALE) / _SCALE - first * second / count) / (count - 1))


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
