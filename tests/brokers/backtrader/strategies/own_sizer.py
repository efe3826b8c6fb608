"""A sizer of the user's own that buys when flat and never sells short."""

import backtrader as bt


class LongOnly(bt.Sizer):
    params = (("stake", 9),)

    def _getsizing(self, comminfo, cash, data, isbuy):
        if isbuy:
            return self.p.stake if cash > self.p.stake * data.close[0] else 0
        return self.broker.getposition(data).size


class CloseAbove(bt.Strategy):
    def __init__(self):
        sma = bt.indicators.SMA(period=15)
        self.signal = bt.indicators.CrossOver(self.data.close, sma)

    def start(self):
        self.setsizer(LongOnly())

    def next(self):
        if self.signal > 0:
            self.buy()
        elif self.signal < 0:
            self.sell()
