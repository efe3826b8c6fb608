"""The registered risk features for strategies: as columns for vectorised ones, as the value of now for the others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.features import LOOKBACK, latest_feature, risk_feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats, Integers
    from framework.engine.market import Market, Sessions


class Features:
    """What is known now of each symbol; asked for again only after another session is complete."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._known: dict[tuple[int, str], tuple[int, float]] = {}

    def now(self, row: int, name: str) -> float:
        """The feature ``name`` of symbol ``row``; NaN until its lookback is full.

        Raises:
            ConfigError: There is no such feature.
        """
        seen = self._market.sessions_seen(row)
        known = self._known.get((row, name), (-1, math.nan))
        if known[0] != seen:
            known = (seen, latest_feature(name, self._market.daily_returns(row, LOOKBACK)))
            self._known[row, name] = known
        return known[1]


def feature_columns(name: str, sessions: Sequence[Sessions], places: Sequence[Integers], length: int) -> Floats:
    """The feature ``name`` as float64 [length, N]: at each bar what was known at its close, NaN elsewhere.

    ``sessions`` are those of each symbol, ``places`` the rows of its bars. Row by row the value is that of ``Features.now``, bit for bit.

    Raises:
        ConfigError: There is no such feature.
    """
    # Columns roll one by one: what follows a shorter one's end is never looked at.
    returns = np.full((max(len(one.returns) for one in sessions), len(sessions)), math.nan, order="F")
    for number, one in enumerate(sessions):
        returns[: len(one.returns), number] = one.returns
    known = risk_feature(name, returns)
    columns = np.full((length, len(sessions)), math.nan, order="F")
    for number, (one, rows) in enumerate(zip(sessions, places, strict=True)):
        seen = one.completed_by_bar()
        # The first return needs two sessions.
        columns[rows[seen > 1], number] = known[seen[seen > 1] - 2, number]
    columns.flags.writeable = False
    return columns
