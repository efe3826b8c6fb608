"""Three limit orders at different depths, of which one is to buy."""

import datetime

import backtrader as bt


class OcoEntries(bt.Strategy):
    params = {"hold": 10, "depths": (0.005, 0.02, 0.05)}

    def __init__(self):
        self.crossover = bt.indicators.CrossOver(bt.indicators.SMA(period=5), bt.indicators.SMA(period=15))
        self.working = set()
        self.bought = 0

    def notify_order(self, order):
        if order.status == order.Completed:
            self.bought = len(self)
        if not order.alive():
            self.working.discard(order.ref)

    def next(self):
        if self.position:
            if len(self) - self.bought >= self.p.hold:
                self.close()
            return
        if self.working or self.crossover <= 0:
            return
        first = None
        for depth, days in zip(self.p.depths, (5, 10, 15), strict=True):
            price = round(self.data.close[0] * (1.0 - depth), 2)
            order = self.buy(size=10, exectype=bt.Order.Limit, price=price, valid=datetime.timedelta(days), oco=first)
            first = first or order
            self.working.add(order.ref)
