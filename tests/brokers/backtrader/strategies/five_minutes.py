"""Minutes with a five-minute view; flat before the session ends."""

import datetime

import backtrader as bt


class FiveMinutes(bt.Strategy):
    def __init__(self):
        self.slow = bt.indicators.EMA(self.data1.close, period=4)
        self.fast = bt.indicators.EMA(self.data0.close, period=5)

    def next(self):
        now = self.data.datetime.time(0)
        if now >= datetime.time(15, 45):
            if self.position:
                self.close()
        elif not self.position and self.fast[0] > self.slow[0]:
            self.buy(size=10)
        elif self.position and self.fast[0] < self.slow[0]:
            self.close()


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
        cerebro.resampledata(feed, timeframe=bt.TimeFrame.Minutes, compression=5)
