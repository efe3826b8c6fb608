"""Cross-sectional momentum: hold what has risen most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework import SignalStrategy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework import Panel


class MomentumRotation(SignalStrategy):
    """Every ``rebalance`` bars, hold the ``top`` symbols with the highest positive return over ``lookback`` bars.

    Bets that winners of the last half year go on winning for weeks (Jegadeesh and Titman 1993); flat in a symbol that has
    fallen. It fails at sharp reversals, when the losers rebound first (spring 2009), and in markets without dispersion.

    Parameters:
        lookback: Bars over which the return is measured; 126 is half a year of daily bars.
        rebalance: Bars between two selections.
        top: Symbols held at most.
    """

    lookback: int = 126
    rebalance: int = 21
    top: int = 3

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """1 for a symbol that is held, 0 for one that is not; NaN between selections."""
        for name, least in (("lookback", 1), ("rebalance", 1), ("top", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)} must be at least {least}")
        close = bars.close
        signals = np.full(close.shape, np.nan)
        for row in range(self.lookback, len(close), self.rebalance):
            momentum = close[row] / close[row - self.lookback] - 1.0
            ranked = np.argsort(np.where(momentum > 0.0, -momentum, np.inf), kind="stable")[: self.top]
            signals[row] = 0.0
            signals[row, ranked[momentum[ranked] > 0.0]] = 1.0
        return signals
