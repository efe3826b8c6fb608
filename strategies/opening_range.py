"""The first minutes' range, and what leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework import Strategy
from framework.errors import ConfigError
from strategies.indicators import check

if TYPE_CHECKING:
    from framework import Context


class OpeningRangeBreakout(Strategy):
    """Buys the first close above the range of a session's first minutes, with the stop under the range; flat at the close.

    Bets that a session whose opening balance is broken goes on that way (Crabel, Day Trading With Short Term Price Patterns and Opening
    Range Breakout, 1990; Zarattini and Aziz, Can Day Trading Really Be Profitable?, 2023). One entry a session and symbol. It fails on
    days that go nowhere, which are most, and pays the spread on each; a few trending days must pay for all of them.

    Parameters:
        minutes: Length of the opening range, 1 to 120; a multiple of the bars.
        before_close: Minutes before the close at which it leaves, 1 to 120.
    """

    minutes: int = 30
    before_close: int = 10

    def on_start(self, ctx: Context) -> None:
        """Check the parameters, and ask to be called before the close."""
        check(self, minutes=(1, 120), before_close=(1, 120))
        try:
            ctx.schedule("market_open", self._open)
        except ConfigError as error:
            raise ConfigError(f"OpeningRangeBreakout needs intraday bars: {error}") from None
        ctx.schedule(f"market_open+{self.minutes}m", self._range)
        ctx.schedule(f"market_close-{self.before_close}m", self._leave)
        self._first: dict[str, int] = {}
        self._ranges: dict[str, tuple[float, float]] = {}

    def _open(self, ctx: Context) -> None:
        """The session's first bar has closed."""
        self._ranges.clear()
        for symbol in ctx.symbols:
            bars = ctx.bars(symbol)
            fresh = len(bars) > 0 and bars.timestamp[-1] == np.datetime64(ctx.now.replace(tzinfo=None), "ns")
            self._first[symbol] = len(bars) - 1 if fresh else len(bars)

    def _range(self, ctx: Context) -> None:
        for symbol in ctx.symbols:
            bars, first = ctx.bars(symbol), self._first.get(symbol, 0)
            if symbol in self._first and first < len(bars):
                self._ranges[symbol] = (float(bars.high[first:].max()), float(bars.low[first:].min()))

    def _leave(self, ctx: Context) -> None:
        self._ranges.clear()
        for symbol in ctx.symbols:
            if ctx.position(symbol).quantity_micros:
                ctx.target(symbol, 0.0, tag="close")

    def on_bar(self, ctx: Context) -> None:
        """Enter above the range, once."""
        for symbol, (high, low) in list(self._ranges.items()):
            close = ctx.bars(symbol).close[-1]
            if close > high:
                stop = round(low, 2)
                ctx.target(symbol, 1.0, stop if 0.0 < stop < close else None, tag="breakout")
                del self._ranges[symbol]
