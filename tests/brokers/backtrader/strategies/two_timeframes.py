"""Daily decisions under a weekly average."""

import backtrader as bt


class TwoTimeframes(bt.Strategy):
    def __init__(self):
        self.daily = bt.indicators.SMA(self.data0, period=10)
        self.weekly = bt.indicators.SMA(self.data1, period=5)

    def next(self):
        rising = self.weekly[0] > self.weekly[-1]
        if not self.position and rising and self.data.close[0] > self.daily[0]:
            self.buy(size=10)
        elif self.position and self.data.close[0] < self.daily[0]:
            self.close()


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
        cerebro.resampledata(feed, timeframe=bt.TimeFrame.Weeks, compression=1)
