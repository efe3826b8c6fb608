"""Buys a pullback in an uptrend, with limits that wait, and cancels what has waited too long."""

import backtrader as bt


class RsiPullback(bt.Strategy):
    params = {"patience": 3, "hold": 12}

    def __init__(self):
        self.trend = bt.indicators.SMA(period=50)
        self.rsi = bt.indicators.RSI(period=3, safediv=True)
        self.entry, self.placed = None, 0

    def notify_order(self, order):
        if self.entry is not None and order.ref == self.entry.ref and not order.alive():
            self.entry = None

    def next(self):
        if self.entry is not None:
            if len(self) - self.placed > self.p.patience:
                self.cancel(self.entry)
        elif not self.position:
            if self.data.close[0] > self.trend[0] and self.rsi[0] < 30:
                self.entry = self.buy(size=20, exectype=bt.Order.Limit, price=round(self.data.close[0] * 0.99, 2))
                self.placed = len(self)
        elif self.rsi[0] > 70 or len(self) - self.placed > self.p.hold:
            self.close()
