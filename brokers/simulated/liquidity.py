"""How liquid a symbol was in the sessions before the bar that is being traded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.engine.market import session_number
from framework.rules.costs.slippage import UNKNOWN, Liquidity, liquidity

if TYPE_CHECKING:
    from framework.domain.market import Integers
    from framework.engine.market import Market


class Sessions:
    """The sessions of a market's symbols, as far as they were over before the session of the last bar."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._firsts: dict[int, tuple[int, Integers]] = {}

    def before(self, row: int, sessions: int) -> Liquidity:
        """What at most ``sessions`` sessions before that of the last bar of ``row`` say; with 0 nothing is asked."""
        if not sessions:
            return UNKNOWN
        firsts = self._first_bars(row)
        today = int(np.searchsorted(firsts, self._market.cursor[row], side="right")) - 1
        starts = firsts[max(today - sessions, 0) : today + 1]
        if len(starts) < 2:
            return UNKNOWN
        series, window, each = self._market.series[row], slice(starts[0], starts[-1]), starts[:-1] - starts[0]
        return liquidity(
            np.maximum.reduceat(series.high[window], each),
            np.minimum.reduceat(series.low[window], each),
            series.close[starts[1:] - 1],
            np.add.reduceat(series.volume[window], each),
        )

    def _first_bars(self, row: int) -> Integers:
        """Index of the first bar of each session."""
        times = self._market.series[row].timestamp
        if row not in self._firsts or self._firsts[row][0] != len(times):
            numbers = session_number(times)
            self._firsts[row] = len(times), np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
        return self._firsts[row][1]
