"""Trend following by two moving averages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework import Context, Strategy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SmaCross(Strategy):
    """Long while the fast average of closes is above the slow one, flat otherwise.

    Bets that trends persist longer than the slow window; the classic rule of Brock, Lakonishok and LeBaron (1992). It loses in
    sideways markets, where each crossing is paid for and none is followed through, and always enters and leaves late.

    Parameters:
        fast: Bars in the fast average, 1 or more.
        slow: Bars in the slow average, above ``fast``.
    """

    fast: int = 10
    slow: int = 30

    def on_start(self, ctx: Context) -> None:  # noqa: ARG002 - nothing to look at yet
        """Refuse windows that cannot cross."""
        if not 1 <= self.fast < self.slow:
            raise ValueError(f"fast = {self.fast} must be at least 1 and below slow = {self.slow}")

    def on_bar(self, ctx: Context) -> None:
        """Enter where the averages have just crossed upwards, leave where they have crossed downwards."""
        for symbol in ctx.symbols:
            closes = ctx.bars(symbol).close
            if len(closes) <= self.slow:
                continue
            now, before = self._spread(closes), self._spread(closes[:-1])
            if now > 0 >= before:
                ctx.target(symbol, 1.0, tag="crossed up")
            elif now <= 0 < before:
                ctx.target(symbol, 0.0, tag="crossed down")

    def _spread(self, closes: NDArray[np.float64]) -> float:
        return float(closes[-self.fast :].mean() - closes[-self.slow :].mean())
