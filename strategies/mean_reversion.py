"""What has fallen too far comes back: by RSI, and by Bollinger bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework import SignalStrategy
from strategies.indicators import check, deviation, rsi, sma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework import Panel

    Flags = NDArray[np.bool_]


def entered(entry: Flags, leave: Flags) -> NDArray[np.float64]:
    """1 where it is entered, 0 where it is left, NaN (no opinion) elsewhere; leaving goes first."""
    return np.where(leave, 0.0, np.where(entry, 1.0, np.nan))


class RsiReversion(SignalStrategy):
    """Buys a short RSI below ``low`` in shares above their long average, leaves above ``high``.

    Bets that a few weak days in a rising share are sellers who are soon done (Connors and Alvarez, Short Term Trading Strategies That Work,
    2009). It fails when the weak days are the start of a fall: every position is bought on the way down, and there are many of them at once
    when the market turns.

    Parameters:
        length: Bars of the RSI, 2 to 50.
        low: RSI below which it buys, 1 to 50.
        high: RSI above which it leaves, 50 to 99.
        trend: Bars of the long average, 2 to 500.
    """

    length: int = 2
    low: float = 10.0
    high: float = 70.0
    trend: int = 200

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """1 at an entry, 0 at an exit, else no opinion."""
        check(self, length=(2, 50), low=(1.0, 50.0), high=(50.0, 99.0), trend=(2, 500))
        strength, average = bars.indicator(rsi, self.length), bars.indicator(sma, self.trend)
        return entered((strength < self.low) & (bars.close > average), strength > self.high)


class BollingerReversion(SignalStrategy):
    """Buys a close below the lower band, leaves at the average between the bands.

    Bets that prices swing around a mean and that ``width`` deviations from it are too far (Bollinger, Bollinger on Bollinger Bands, 2001).
    It fails when the mean itself moves: in a fall the lower band is touched day after day.

    Parameters:
        length: Bars of the average and the deviation, 5 to 200.
        width: Deviations from the average to the band, 0.5 to 5.
    """

    length: int = 20
    width: float = 2.0

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """1 below the lower band, 0 above the average, else no opinion."""
        check(self, length=(5, 200), width=(0.5, 5.0))
        average = bars.indicator(sma, self.length)
        return entered(bars.close < average - self.width * bars.indicator(deviation, self.length), bars.close >= average)
