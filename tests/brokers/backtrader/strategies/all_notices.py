"""Writes down every notice that backtrader has for a strategy."""

import backtrader as bt


class AllNotices(bt.Strategy):
    def __init__(self):
        self.sma = bt.indicators.SMA(period=10)
        self.orders, self.trades, self.money, self.fund = [], [], [], []

    def notify_order(self, order):
        self.orders.append((order.getstatusname(), order.isbuy(), order.created.size, order.executed.size, order.executed.remsize))

    def notify_trade(self, trade):
        self.trades.append((trade.justopened, trade.isclosed, trade.size, trade.barlen))

    def notify_cashvalue(self, cash, value):
        self.money.append((round(cash, 2), round(value, 2)))

    def notify_fund(self, cash, value, fundvalue, shares):
        self.fund.append((round(fundvalue, 8), shares))

    def next(self):
        if not self.position:
            if self.data.close[0] > self.sma[0]:
                self.buy(size=10)
        elif self.data.close[0] < self.sma[0]:
            self.sell(size=min(self.position.size, 4))
