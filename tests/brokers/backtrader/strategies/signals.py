"""No strategy at all: two indicators added as signals."""

import backtrader as bt


class Slope(bt.Indicator):
    lines = ("signal",)
    params = (("period", 15),)

    def __init__(self):
        self.lines.signal = self.data - bt.indicators.SMA(period=self.p.period)


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
    cerebro.add_signal(bt.SIGNAL_LONGSHORT, Slope)
    cerebro.add_signal(bt.SIGNAL_LONGEXIT, Slope, period=5)


Signals = bt.SignalStrategy
