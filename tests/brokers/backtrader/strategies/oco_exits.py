"""A position with a stop and a target that are plain orders, linked by oco."""

import backtrader as bt


class OcoExits(bt.Strategy):
    def __init__(self):
        self.rsi = bt.indicators.RSI(period=7, safediv=True)
        self.pending = False

    def notify_order(self, order):
        if order.status != order.Completed or not order.isbuy():
            return
        price = order.executed.price
        stop = self.sell(size=order.executed.size, exectype=bt.Order.Stop, price=round(price * 0.95, 2))
        self.sell(size=order.executed.size, exectype=bt.Order.Limit, price=round(price * 1.05, 2), oco=stop)

    def notify_trade(self, trade):
        self.pending = not trade.isclosed

    def next(self):
        if not self.pending and self.rsi < 35:
            self.buy(size=25)
            self.pending = True
