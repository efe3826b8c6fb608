"""Shipped observers, and one of the user's own that the strategy reads back."""

import backtrader as bt


class Held(bt.Observer):
    lines = ("size",)
    alias = ("Held",)

    def next(self):
        self.lines.size[0] = self._owner.position.size


class Observed(bt.Strategy):
    def __init__(self):
        self.crossover = bt.indicators.CrossOver(self.data.close, bt.indicators.SMA(period=10))
        self.worst = 0.0

    def next(self):
        self.worst = max(self.worst, self.stats.drawdown.drawdown[-1] if len(self) > 11 else 0.0)
        if not self.position and self.crossover > 0:
            self.buy(size=10)
        elif self.position and self.crossover < 0:
            self.close()

    def stop(self):
        self.values = list(self.stats.broker.value.get(size=len(self)))


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
    for observer in (bt.observers.DrawDown, bt.observers.Value, bt.observers.Cash, bt.observers.TimeReturn, Held):
        cerebro.addobserver(observer)
    cerebro.addobserver(bt.observers.Benchmark, timeframe=bt.TimeFrame.Days)
