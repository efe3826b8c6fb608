"""Orders for the session's close, decided at the close before."""

import backtrader as bt


class SessionClose(bt.Strategy):
    def __init__(self):
        self.sma = bt.indicators.SMA(period=10)
        self.order = None

    def notify_order(self, order):
        if not order.alive():
            self.order = None

    def next(self):
        if self.order is not None:
            return
        if not self.position and self.data.close[0] > self.sma[0]:
            self.order = self.buy(size=10, exectype=bt.Order.Close)
        elif self.position and self.data.close[0] < self.sma[0]:
            self.order = self.sell(size=10, exectype=bt.Order.Close)
