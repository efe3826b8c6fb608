"""Decides on averaged bars, trades the real ones."""

import backtrader as bt


class HeikinAshi(bt.Strategy):
    def __init__(self):
        self.averaged = bt.indicators.HeikinAshi(self.data)

    def next(self):
        bullish = self.averaged.ha_close[0] > self.averaged.ha_open[0]
        if bullish and not self.position:
            self.buy(size=10)
        elif not bullish and self.position:
            self.close()
