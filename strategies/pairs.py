"""Two shares that move together, and the spread between them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework import SignalStrategy
from framework.errors import ConfigError
from strategies.indicators import check, needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework import Panel

    Floats = NDArray[np.float64]


class Bond(NamedTuple):
    """How two log prices hang together: left = ``level`` + ``slope`` right, give or take ``spread``; ``p_value`` that they do not."""

    slope: float
    level: float
    spread: float
    p_value: float


def cointegrated(left: Floats, right: Floats) -> Bond:
    """The Engle-Granger test (statsmodels) and the least-squares line of two log prices [n] without gaps."""
    slope, level = np.polyfit(right, left, 1)
    rest = left - level - slope * right
    with warnings.catch_warnings(action="ignore"):  # of two prices that are nearly one
        p_value = float(needed("statsmodels.tsa.stattools", "models").coint(left, right)[1])
    return Bond(float(slope), float(level), float(rest.std(ddof=2)), p_value)


class CointegratedPair(SignalStrategy):
    """Buys the cheap one of two cointegrated shares and sells the dear one, until their spread is back.

    Bets that a spread with a mean goes back to it (Engle and Granger 1987; Gatev, Goetzmann and Rouwenhorst, Pairs Trading, 2006). The
    bond is tested and measured anew every ``refit`` bars on the last ``lookback``; while it does not hold, nothing is entered. It fails
    when a bond breaks for good (a merger, a lost market): the spread then runs away from the position. Needs a venue with short sales.

    Parameters:
        first: One symbol; the first of the universe when empty.
        second: The other; the second of the universe when empty.
        lookback: Bars on which the bond is measured, 40 to 1000.
        refit: Bars between two measurements, 1 to 250.
        entry: Deviations of the spread at which it enters, 0.5 to 6.
        leave: Deviations at which it leaves, 0 to 3, below ``entry``.
        confidence: Most p-value of the test at which the bond counts, 0.001 to 1.
    """

    first: str = ""
    second: str = ""
    lookback: int = 252
    refit: int = 21
    entry: float = 2.0
    leave: float = 0.5
    confidence: float = 0.05

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """The two legs, the larger of size 1; 0 for other symbols."""
        check(self, lookback=(40, 1000), refit=(1, 250), entry=(0.5, 6.0), leave=(0.0, 3.0), confidence=(0.001, 1.0))
        if self.leave >= self.entry:
            raise ConfigError(f"[strategy] params: CointegratedPair.leave = {self.leave:g} must be below entry = {self.entry:g}")
        pair = self._columns(bars)
        found = np.zeros(bars.close.shape)
        both = np.flatnonzero(~np.isnan(bars.close[:, pair]).any(axis=1))
        found[both[:, None], pair] = self._legs(np.log(bars.close[both[:, None], pair]))
        found[np.isnan(bars.close)] = np.nan
        return found

    def _columns(self, bars: Panel) -> list[int]:
        if len(bars.symbols) < 2:
            raise ConfigError(f"a pair needs two symbols; [universe] has {', '.join(bars.symbols)}")
        names = [self.first or bars.symbols[0], self.second or bars.symbols[1]]
        unknown = [name for name in names if name not in bars.symbols]
        if unknown or names[0] == names[1]:
            raise ConfigError(f"[strategy] params: first = {names[0]}, second = {names[1]}: two of {', '.join(bars.symbols)} are needed")
        return [bars.symbols.index(name) for name in names]

    def _legs(self, logs: Floats) -> Floats:
        """Signals [n, 2] of two log prices without gaps."""
        found, side, bond = np.zeros(logs.shape), 0.0, Bond(0.0, 0.0, 0.0, 1.0)
        for row in range(self.lookback - 1, len(logs)):
            if (row - self.lookback + 1) % self.refit == 0:
                bond = cointegrated(*logs[row - self.lookback + 1 : row + 1].T)
            side = self._side(side, bond, logs[row])
            found[row] = side * np.array([1.0, -bond.slope]) / max(1.0, abs(bond.slope))
        return found

    def _side(self, side: float, bond: Bond, now: Floats) -> float:
        """1 long the spread, -1 short, 0 out of it."""
        if bond.spread <= 0.0:
            return 0.0
        score = (now[0] - bond.level - bond.slope * now[1]) / bond.spread
        if side and side * score > -self.leave:
            side = 0.0
        if not side and abs(score) >= self.entry and bond.p_value <= self.confidence and bond.slope > 0.0:
            side = -float(np.sign(score))
        return side
