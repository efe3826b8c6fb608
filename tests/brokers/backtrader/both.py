"""One backtrader strategy, run on our broker and on backtrader's own, over the same bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Any, NamedTuple

import backtrader as bt
import pandas as pd

from brokers.backtrader.guest import guest
from data import Dataset
from framework.app.assembly.hosting import as_strategy_sees
from tests.builders import play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.domain.market import BarSeries
    from tests.builders import Played

RICH = {"cash": 1e9}
COMPAT = {"compat": "backtrader", "slippage": "none", "fees": "none"}
ZONE = "America/New_York"


class Execution(NamedTuple):
    """What a strategy was told of one fill: when, of which data, signed size, price."""

    time: str
    data: str
    size: float
    price: float


@dataclass
class Seen:
    """One order as its notices told it."""

    kind: str
    is_child: bool
    data: str
    status: str = ""
    executions: list[Execution] = field(default_factory=list)


class Heard(bt.Analyzer):
    """Writes down every execution, and every order with what became of it, in the order of their first notices."""

    def start(self):
        self.executions, self.orders, self.endings, self.trades = [], {}, [], []

    def notify_order(self, order):
        seen = self.orders.setdefault(order.ref, Seen(order.getordername(), order.parent is not None, order.data._name))
        seen.status = order.getstatusname()
        for bit in order.executed.iterpending():
            moment = bt.num2date(bit.dt).strftime("%Y-%m-%d %H:%M")
            execution = Execution(moment, order.data._name, float(bit.size), round(bit.price, 6))
            self.executions.append(execution)
            seen.executions.append(execution)
        if order.status > order.Completed:
            self.endings.append((order.getstatusname(), order.info.get("reason")))

    def notify_trade(self, trade):
        if trade.isclosed:
            self.trades.append((trade.data._name, round(trade.pnl, 4), round(trade.pnlcomm, 4)))

    def get_analysis(self):
        return self


@dataclass
class Told:
    """What the strategy saw in one run."""

    strategy: Any
    heard: Heard
    analyses: Mapping[str, Any]
    played: Played | None = field(default=None)

    @property
    def executions(self) -> list[Execution]:
        """Fills in the order of their news."""
        return self.heard.executions

    @property
    def orders(self) -> list[Seen]:
        """Orders in the order of their first news."""
        return list(self.heard.orders.values())


def plain(cerebro: Any, feeds: dict[str, Any]) -> None:
    """The set-up of a script that adds its data and nothing else."""
    for feed in feeds.values():
        cerebro.adddata(feed)


def ours(
    kind: type, *series: BarSeries, build: Callable[..., object] = plain, values: Mapping[str, object] | None = None, **config
) -> Told:
    """The run on our broker; the venue is generic and nothing is charged unless ``config`` says so."""
    kept = []

    def listen(cerebro, feeds):
        build(cerebro, feeds)
        cerebro.addanalyzer(Heard, _name="heard")

    class Kept(kind):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            kept.append(self)

    Kept.__name__, Kept.__doc__ = kind.__name__, kind.__doc__
    strategy = guest(Kept, values or {}, listen)
    seen = as_strategy_sees(strategy, Dataset({one.symbol: one for one in series}, 0, ()))
    played = play(strategy, *seen.series.values(), **{"account": RICH, **config})
    analyses = strategy.hosted.analyses
    return Told(kept[0], analyses["heard"], analyses, played)


def stock(
    kind: type,
    *series: BarSeries,
    build: Callable[..., object] = plain,
    values: Mapping[str, object] | None = None,
    cash: float = 1e9,
    frame: tuple[int, int] = (bt.TimeFrame.Days, 1),
) -> Told:
    """The run of the same on Cerebro's own broker, over pandas feeds stamped with local time."""
    cerebro = bt.Cerebro()
    cerebro.broker.set_cash(cash)
    feeds = {one.symbol: pandas_feed(one, *frame) for one in sorted(series, key=lambda one: one.symbol)}
    build(cerebro, feeds)
    cerebro.addanalyzer(Heard, _name="heard")
    if cerebro.signals:
        cerebro.signal_strategy(kind, **(values or {}))
    else:
        cerebro.addstrategy(kind, **(values or {}))
    (strategy,) = cerebro.run()
    return Told(strategy, strategy.analyzers.heard, {name: one.get_analysis() for name, one in strategy.analyzers.getitems()})


def pandas_feed(series: BarSeries, timeframe: int, compression: int) -> Any:
    """The bars as a user's own DataFrame would hold them: daily ones at the session's end, others at their local time."""
    frame = pd.DataFrame({name: getattr(series, name) for name in ("open", "high", "low", "close", "volume")})
    times = pd.DatetimeIndex(series.timestamp, tz="UTC").tz_convert(ZONE).tz_localize(None)
    frame.index = times.normalize() + pd.Timedelta(hours=16) if timeframe == bt.TimeFrame.Days else times
    hours = {"sessionstart": time(9, 30), "sessionend": time(16)}
    return bt.feeds.PandasData(dataname=frame, name=series.symbol, timeframe=timeframe, compression=compression, openinterest=None, **hours)
