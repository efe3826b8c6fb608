"""backtrader on W1, W2, W4 and W5: ``python backtrader_loop.py FOLDER WORKLOAD BARS REPEATS [TRAIL]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pandas as pd
from timing import Outcome, report
from workloads import CASH, COLUMNS, FAST, FEE, SHARES, SLOW, W2_CASH, decides, load_w1, load_w2, load_w3, name_of, weights

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cross(bt.Strategy):
    """W1's rule; with ``trail`` a trailing stop as a child of the entry."""

    params = (("trail", 0.0),)

    def __init__(self) -> None:
        fast, slow = (bt.ind.SMA(self.data.close, period=length, plot=False) for length in (FAST, SLOW))
        self.cross = bt.ind.CrossOver(fast, slow, plot=False)
        self.ended, self.stop_order = 0, None

    def notify_trade(self, trade: Any) -> None:
        """Count round trips."""
        self.ended += trade.isclosed

    def next(self) -> None:
        """One bar."""
        if self.cross[0] > 0 and not self.position.size:
            entry = self.buy(size=SHARES, transmit=not self.p.trail)
            if self.p.trail:
                self.stop_order = self.sell(size=SHARES, exectype=bt.Order.StopTrail, trailpercent=self.p.trail, parent=entry)
        elif self.cross[0] < 0 and self.position.size:
            if self.p.trail:
                self.cancel(self.stop_order)
            self.sell(size=SHARES)


class Momentum(bt.Strategy):
    """W2's rule."""

    def __init__(self) -> None:
        self.fills = 0

    def notify_order(self, order: Any) -> None:
        """Count fills."""
        self.fills += order.status == order.Completed

    def next(self) -> None:
        """One day of all symbols."""
        if not decides(len(self) - 1):
            return
        close = np.array([data.close.get(size=127) for data in self.datas]).T
        wanted = np.floor(weights(close) * self.broker.getvalue() / close[-1])
        changes = [(data, want - self.getposition(data).size) for data, want in zip(self.datas, wanted, strict=True)]
        for data, change in sorted(changes, key=lambda one: one[1] > 0):
            if change:
                (self.buy if change > 0 else self.sell)(data=data, size=abs(change))


def played(frames: Mapping[str, pd.DataFrame], strategy: type[bt.Strategy], cash: float, fee: float, **params: float) -> Outcome:
    """One run over ``frames``."""
    cerebro = bt.Cerebro(stdstats=False, preload=True, runonce=True, maxcpus=1)
    for name, frame in frames.items():
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name=name)
    cerebro.addstrategy(strategy, **params)
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=fee)
    (ran,) = cerebro.run()
    return Outcome(cerebro.broker.getvalue(), getattr(ran, "ended", 0) or getattr(ran, "fills", 0))


def frame_of(columns: Mapping[str, np.ndarray], index: pd.DatetimeIndex) -> pd.DataFrame:
    """Bars as PandasData wants them."""
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, index=index)


def main() -> None:
    """Run what the command line says."""
    folder, workload, bars, repeats = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    trail = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    if workload == "w2":
        panel = load_w2(folder)
        index = pd.to_datetime(panel["day"], unit="D")
        frames = {name_of(n): frame_of({name: panel[name][:, n] for name in COLUMNS}, index) for n in range(panel["close"].shape[1])}
        report("backtrader", lambda: played(frames, Momentum, W2_CASH, FEE), repeats)
        return
    columns = load_w3(folder, "AAPL") if workload == "w4" else load_w1(folder, bars)
    frame = frame_of(columns, pd.to_datetime(columns["timestamp"], unit="D" if workload == "w4" else "ns"))
    report("backtrader", lambda: played({"X": frame}, Cross, CASH, 0.0, trail=trail), repeats)


if __name__ == "__main__":
    main()
