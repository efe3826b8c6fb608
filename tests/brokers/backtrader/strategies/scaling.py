"""Adds to a winner in steps and leaves in halves, so that averages and partial closes matter."""

import backtrader as bt


class Scaling(bt.Strategy):
    def __init__(self):
        self.sma = bt.indicators.SMA(period=20)
        self.averages = []

    def next(self):
        size = self.position.size
        if self.data.close[0] > self.sma[0] and size < 40 and len(self) % 3 == 0:
            self.buy(size=10)
        elif self.data.close[0] < self.sma[0] and size:
            self.sell(size=max(size // 2, 1))
        self.averages.append(round(self.position.price, 6))
