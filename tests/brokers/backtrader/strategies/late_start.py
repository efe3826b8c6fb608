"""Stocks that are listed at different times: prenext trades those that are there."""

import backtrader as bt


class LateStart(bt.Strategy):
    def prenext(self):
        self.next()

    def next(self):
        for data in self.datas:
            if not len(data):
                continue
            if len(data) % 15 == 1:
                self.buy(data=data, size=5)
            elif len(data) % 15 == 9 and self.getposition(data).size:
                self.close(data)
