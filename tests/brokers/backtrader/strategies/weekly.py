"""Daily bars made weekly before the strategy sees them; it has no other data."""

import backtrader as bt


class Weekly(bt.Strategy):
    def __init__(self):
        self.crossover = bt.indicators.CrossOver(self.data.close, bt.indicators.SMA(period=6))

    def next(self):
        if self.crossover > 0:
            self.order_target_size(target=20)
        elif self.crossover < 0:
            self.order_target_size(target=0)


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.resampledata(feed, timeframe=bt.TimeFrame.Weeks, compression=1)
