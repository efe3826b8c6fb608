"""Back to the volume-weighted average price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework import SignalStrategy
from strategies.indicators import check, deviation, vwap
from strategies.mean_reversion import entered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from framework import Panel


class VwapReversion(SignalStrategy):
    """Buys a close far below the volume-weighted average price, leaves when it is back there.

    Bets that whoever must trade much is measured by the VWAP and leans against prices far from it (Berkowitz, Logue and Noser, 1988). For
    intraday bars it is the session's VWAP so far, for daily ones that of the last ``length`` bars. It fails on days with news, when volume
    follows the price instead of holding it; and a position that has not come back by the close is kept overnight.

    Parameters:
        length: Bars of the deviation, and of the VWAP of daily bars, 5 to 500.
        width: Deviations below the VWAP at which it buys, 0.5 to 5.
    """

    length: int = 20
    width: float = 2.0

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """1 far below the VWAP, 0 at or above it, else no opinion."""
        check(self, length=(5, 500), width=(0.5, 5.0))
        fair = bars.indicator(vwap, self.length)
        return entered(bars.close < fair - self.width * bars.indicator(deviation, self.length), bars.close >= fair)
