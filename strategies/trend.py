"""Trend following with the same risk in calm and in wild times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework import SignalStrategy
from strategies.indicators import check, volatility

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework import Panel


class VolatilityTargetedTrend(SignalStrategy):
    """Long what has risen over ``lookback`` bars, less of it the more it swings; short what has fallen where ``shorts``.

    Bets that a trend of months goes on for weeks, and that risk is worth holding steady (Moskowitz, Ooi and Pedersen, Time Series Momentum,
    2012). It fails in markets that turn often (2011, 2015), and is late at every turn; sizing by volatility sells into a crash that has
    begun, and does not see one that has not.

    Parameters:
        lookback: Bars over which the trend is measured, 2 to 1000; 252 is a year of daily bars.
        span: Bars over which volatility is measured, 5 to 500.
        target: Annual volatility at which the signal is full, 0.01 to 2; half of it where a share swings twice as much.
        rebalance: Bars between two decisions, 1 to 250.
        shorts: Whether to go short; the venue must have it.
    """

    lookback: int = 252
    span: int = 60
    target: float = 0.15
    rebalance: int = 5
    shorts: bool = False

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """Target volatility over the share's own, at most 1, with the sign of the trend; NaN between decisions."""
        check(self, lookback=(2, 1000), span=(5, 500), target=(0.01, 2.0), rebalance=(1, 250))
        found = np.full(bars.close.shape, np.nan)
        if len(found) <= self.lookback:
            return found
        risen = bars.close[self.lookback :] / bars.close[: -self.lookback] - 1.0
        swing = bars.indicator(volatility, self.span)[self.lookback :]
        with np.errstate(divide="ignore"):
            size = np.minimum(self.target / swing, 1.0)
        found[self.lookback :] = np.clip(np.sign(risen), -1.0 if self.shorts else 0.0, 1.0) * size
        found[np.arange(len(found)) % self.rebalance != 0] = np.nan
        return found
