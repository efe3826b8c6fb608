"""A week that grows day by day: daily bars replayed as weekly ones beside the daily ones."""

import backtrader as bt


class Replay(bt.Strategy):
    def __init__(self):
        self.growing = bt.indicators.SMA(self.data1.close, period=5)

    def next(self):
        week = self.data1
        if not self.position and week.close[0] > self.growing[0] and week.close[0] > week.open[0]:
            self.buy(data=self.data0, size=10)
        elif self.position and week.close[0] < self.growing[0]:
            self.close(data=self.data0)


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
        cerebro.replaydata(feed, timeframe=bt.TimeFrame.Weeks, compression=1)
