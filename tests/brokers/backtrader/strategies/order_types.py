"""Every execution type in turn, each valid for some days, as entry and as exit."""

import datetime

import backtrader as bt


class OrderTypes(bt.Strategy):
    params = (("away", 0.01), ("days", 6))

    def __init__(self):
        self.count = 0
        self.order = None

    def notify_order(self, order):
        if not order.alive():
            self.order = None

    def next(self):
        if self.order is not None:
            return
        close, kind = self.data.close[0], self.count % 4
        sign = -1 if self.position else 1
        make = self.sell if self.position else self.buy
        terms = {"size": 10, "valid": self.data.datetime.date(0) + datetime.timedelta(self.p.days)}
        near, far = round(close * (1 + sign * self.p.away), 2), round(close * (1 + 2 * sign * self.p.away), 2)
        if kind == 0:
            self.order = make(size=10)
        elif kind == 1:
            self.order = make(exectype=bt.Order.Limit, price=round(close * (1 - sign * self.p.away), 2), **terms)
        elif kind == 2:
            self.order = make(exectype=bt.Order.Stop, price=near, **terms)
        else:
            self.order = make(exectype=bt.Order.StopLimit, price=near, plimit=far, **terms)
        self.count += 1
