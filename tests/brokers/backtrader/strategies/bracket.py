"""A limit entry below the market with its stop and its target in one call; the three have an end date."""

import datetime

import backtrader as bt


class BracketOrders(bt.Strategy):
    params = {"below": 0.005, "away": 0.02, "valid": 3, "exits_valid": 400, "hold": 10}

    def __init__(self):
        self.crossover = bt.indicators.CrossOver(bt.indicators.SMA(period=5), bt.indicators.SMA(period=15))
        self.refs = []

    def notify_order(self, order):
        if not order.alive() and order.ref in self.refs:
            self.refs.remove(order.ref)
        if order.status == order.Completed:
            self.entered = len(self)

    def next(self):
        if self.refs:
            return
        if not self.position and self.crossover > 0:
            close = self.data.close[0]
            entry = round(close * (1.0 - self.p.below), 2)
            orders = self.buy_bracket(
                size=20,
                price=entry,
                valid=datetime.timedelta(self.p.valid),
                stopprice=round(entry - self.p.away * close, 2),
                stopargs={"valid": datetime.timedelta(self.p.exits_valid)},
                limitprice=round(entry + self.p.away * close, 2),
                limitargs={"valid": datetime.timedelta(self.p.exits_valid)},
            )
            self.refs = [order.ref for order in orders]
