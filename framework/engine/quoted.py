"""Bars as they were quoted at the time: in the shares of the last bar seen, not in those of a split still to come."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.market import events_in
from framework.domain.values import to_micros
from framework.rules.account.splits import split_terms

if TYPE_CHECKING:
    from framework.domain.market import BarSeries

#: Later than the last bar of any series.
NO_SPLIT = 2**62


class Quoted:
    """The bars of one symbol, put into the shares of the day its cursor stands on.

    Attributes:
        series: The bars. A split makes new ones, so that columns handed out before it stay as they were.
        until: Index of the next split's bar: from there on other shares are quoted.
        shares: How many of the last bar's shares one share of now will have become.
    """

    def __init__(self, adjusted: BarSeries) -> None:
        self._adjusted = adjusted
        self._splits: list[int] = events_in(adjusted.split, 1.0).tolist()
        self.put(-1)

    def put(self, cursor: int) -> None:
        """Quote in the shares of bar ``cursor``, -1 for those before the first bar."""
        later = [index for index in self._splits if index > cursor]
        self.until = later[0] if later else NO_SPLIT
        self.shares = math.prod(float(self._adjusted.split[index]) for index in later)
        self.series = in_shares(self._adjusted, self.shares)

    def split_at(self, index: int) -> tuple[int, int] | None:
        """New and old shares of the split before the open of bar ``index``; ``None`` without one."""
        return split_terms(float(self._adjusted.split[index])) if index in self._splits else None

    def close_before(self, index: int) -> int:
        """The last close before bar ``index`` as it was quoted then, micro-dollars; 0 where there is none."""
        shares = math.prod(float(self._adjusted.split[later]) for later in self._splits if later >= index)
        return to_micros(float(self._adjusted.close[index - 1]) * shares) if index > 0 else 0


def in_shares(adjusted: BarSeries, shares: float) -> BarSeries:
    """``adjusted`` in older shares, one of which has become ``shares`` of its own."""
    if shares == 1.0:
        return adjusted
    prices = {name: getattr(adjusted, name) * shares for name in ("open", "high", "low", "close", "dividend")}
    return replace(adjusted, **prices, volume=adjusted.volume / shares)
