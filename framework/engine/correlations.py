"""How do holdings move together? One rolling correlation matrix of all symbols, brought up to date session by session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.engine.market import session_number
from framework.rules.risk.correlation import LONGEST_WINDOW, RollingCorrelation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats
    from framework.engine.market import Market
    from framework.rules.risk.models import RiskPolicy


class Correlations:
    """Correlations of daily total returns over the last ``lookback`` sessions, 512 at most; each pair over the sessions both have."""

    def __init__(self, market: Market, policy: RiskPolicy) -> None:
        self._market = market
        self._window = min(policy.lookback, LONGEST_WINDOW)
        self._rolling = RollingCorrelation(self._window, len(market.symbols), policy.minimum)
        self._numbers, self._returns = market.sessions_of_all()
        self._sessions = market.sessions
        self._taken = 0

    def between(self, row: int, others: Sequence[int]) -> Floats:
        """Correlations [len(others)] of symbol ``row`` with ``others``; NaN below the policy's minimum of sessions."""
        self._catch_up()
        return self._rolling.between(row, others)

    def _catch_up(self) -> None:
        """Take the sessions that are complete by now: with daily bars that of the bar, with finer ones those before it."""
        if self._market.sessions != self._sessions:  # bars have arrived since
            self._numbers, self._returns = self._market.sessions_of_all()
            self._sessions = self._market.sessions
        current = session_number(self._market.now)
        complete = int(np.searchsorted(self._numbers, current, side="right" if self._market.daily else "left"))
        # What has left the window again needs no taking.
        for number in range(max(self._taken, complete - self._window), complete):
            self._rolling.push(self._returns[number])
        self._taken = complete
