"""Always in the market: a sizer that doubles the stake to turn the position round."""

import backtrader as bt


class Reverser(bt.Strategy):
    def __init__(self):
        self.crossover = bt.indicators.CrossOver(self.data.close, bt.indicators.EMA(period=15))

    def next(self):
        if self.crossover > 0:
            self.buy()
        elif self.crossover < 0:
            self.sell()


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
    cerebro.addsizer(bt.sizers.FixedReverser, stake=12)
