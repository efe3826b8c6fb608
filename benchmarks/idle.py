"""Strategies that do nothing, so that only the cost of the frame is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import backtrader as bt

from framework import Strategy

if TYPE_CHECKING:
    from framework import Context


class Idle(Strategy):
    """Does nothing at every bar."""

    def on_bar(self, ctx: Context) -> None:
        """Looks at nothing and wants nothing."""


class StockIdle(bt.Strategy):
    """The same for plain backtrader."""

    def next(self) -> None:
        """Looks at nothing and wants nothing."""
