"""Ends the whole run once it has traded a number of times."""

import backtrader as bt


class StopTrading(bt.Strategy):
    params = {"trades": 4}

    def __init__(self):
        self.crossover = bt.indicators.CrossOver(self.data.close, bt.indicators.SMA(period=10))
        self.done = 0

    def notify_trade(self, trade):
        if trade.isclosed:
            self.done += 1
            if self.done == self.p.trades:
                self.env.runstop()

    def next(self):
        if not self.position and self.crossover > 0:
            self.buy(size=10)
        elif self.position and self.crossover < 0:
            self.close()
