"""Cerebro as the driver of a simulation.

Cerebro decides which feeds deliver a bar next and calls broker and strategy for it, as it does for any backtrader run. What it
calls are three thin parts of ours: a feed that moves the market's cursor, a broker that lets the simulated venue work, a strategy that lets
the engine decide. backtrader's float timestamps order the feeds and go nowhere else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.simulated.broker import SimulatedBroker
    from framework.domain.market import Integers
    from framework.engine.engine import Engine
    from framework.engine.market import Market

_NS_PER_DAY = 86_400_000_000_000
#: 1970-01-01 as backtrader counts days (from year 1).
_EPOCH_DAY = 719_163.0


class BacktraderDriver:
    """Plays the bars of a market that lie after its cursors; earlier ones are history the strategy can look back at."""

    name = "backtrader"

    def __init__(self, market: Market, broker: SimulatedBroker, engine: Engine) -> None:
        self._market = market
        self._broker = broker
        self._engine = engine

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` follows each decision."""
        rows: list[int] = []
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.broker = _VenueClock(self._market, self._broker, rows)
        for row, series in enumerate(self._market.series):
            start = self._market.cursor[row] + 1
            cerebro.adddata(_Feed(cursor=self._market.cursor, row=row, rows=rows, times=series.timestamp[start:]), name=series.symbol)
        cerebro.addstrategy(_EngineClock, market=self._market, engine=self._engine, rows=rows, on_slice=on_slice)
        cerebro.run()


class _Feed(bt.feed.DataBase):
    """Tells Cerebro when the symbol's next bar closes, and moves the market's cursor onto it."""

    params = (("cursor", None), ("row", 0), ("rows", None), ("times", None))

    def preload(self) -> None:
        times: Integers = self.p.times
        self._times: list[float] = [*(times / _NS_PER_DAY + _EPOCH_DAY).tolist(), math.inf]
        self._next = 0
        self._cursor, self._row, self._rows = self.p.cursor, self.p.row, self.p.rows

    def advance_peek(self) -> float:
        return self._times[self._next]

    def advance(self, size: int = 1, datamaster: object = None, ticks: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002 - Cerebro's signature
        self._next += 1
        self._cursor[self._row] += 1
        self._rows.append(self._row)


class _VenueClock(bt.BrokerBase):
    """What Cerebro takes for its broker: once a step, the venue works through the new bars."""

    def __init__(self, market: Market, broker: SimulatedBroker, rows: list[int]) -> None:
        super().__init__()
        self._market, self._broker, self._rows = market, broker, rows
        self.startingcash = self.getvalue()

    def getvalue(self, datas: object = None) -> float:  # noqa: ARG002 - Cerebro's signature
        """What Cerebro prints as the account's value, dollars."""
        return float(self._broker.get_portfolio_value())

    def next(self) -> None:
        market, rows = self._market, self._rows
        rows.sort()
        market.now = int(market.series[rows[0]].timestamp[market.cursor[rows[0]]])
        market.on_bars(rows)
        self._broker.on_slice(rows)

    def get_notification(self) -> None:
        """Nothing travels through Cerebro: the engine hears the venue directly."""


class _EngineClock(bt.Strategy):
    """What Cerebro takes for its strategy: once a step, the engine decides."""

    params = (("market", None), ("engine", None), ("rows", None), ("on_slice", None))

    def _oncepost(self, dt: float) -> None:  # noqa: ARG002 - Cerebro's signature
        self.p.engine.on_slice(self.p.market.now)
        self.p.on_slice(self.p.market.now)
        self.p.rows.clear()
