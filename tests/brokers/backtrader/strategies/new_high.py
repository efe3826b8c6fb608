"""Buys a new high of twenty days and leaves after two days or at a fall, in the manner of a breakout test."""

import backtrader as bt


class NewHigh(bt.Strategy):
    params = {"period": 20, "sell_after": 2}

    def __init__(self):
        self.high = bt.indicators.Highest(self.data.high, period=self.p.period)
        self.inmarket = 0

    def next(self):
        if not self.position:
            if self.data.high[0] >= self.high[0]:
                self.buy(size=10)
                self.inmarket = len(self)
        elif len(self) - self.inmarket >= self.p.sell_after or self.data.close[0] < self.data.close[-1]:
            self.close()
