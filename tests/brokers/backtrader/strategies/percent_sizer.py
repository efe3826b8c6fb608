"""A fraction of the cash in whole shares, and out after some bars."""

import backtrader as bt


class PercentSized(bt.Strategy):
    params = (("period", 15), ("hold", 8))

    def __init__(self):
        self.above = self.data.close > bt.indicators.SMA(period=self.p.period)
        self.since = 0

    def next(self):
        if not self.position and self.above[0] and not self.above[-1]:
            self.buy()
            self.since = len(self)
        elif self.position and len(self) - self.since >= self.p.hold:
            self.close()


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
    cerebro.addsizer(bt.sizers.PercentSizerInt, percents=40)
