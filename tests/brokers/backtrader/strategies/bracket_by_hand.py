"""The same bracket from single orders: the children name their parent, the last one transmits all."""

import backtrader as bt


class BracketByHand(bt.Strategy):
    def __init__(self):
        self.highest = bt.indicators.Highest(self.data.high(-1), period=10)
        self.lowest = bt.indicators.Lowest(self.data.low(-1), period=10)
        self.working = set()

    def notify_order(self, order):
        if not order.alive():
            self.working.discard(order.ref)

    def next(self):
        close = self.data.close[0]
        if self.working or self.position:
            return
        if close > self.highest[0]:
            main = self.buy(size=15, exectype=bt.Order.Market, transmit=False)
            low = self.sell(size=15, price=round(close * 0.97, 2), exectype=bt.Order.Stop, parent=main, transmit=False)
            high = self.sell(size=15, price=round(close * 1.04, 2), exectype=bt.Order.Limit, parent=main, transmit=True)
        elif close < self.lowest[0]:
            main, high, low = self.sell_bracket(
                size=15, exectype=bt.Order.Market, stopprice=round(close * 1.03, 2), limitprice=round(close * 0.96, 2)
            )
        else:
            return
        self.working = {main.ref, low.ref, high.ref}
