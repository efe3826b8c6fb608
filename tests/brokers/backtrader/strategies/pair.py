"""Two stocks against one another: the z-score of their ratio says which is dear."""

import backtrader as bt


class Pair(bt.Strategy):
    params = {"period": 30, "enter": 1.5, "leave": 0.3}

    def __init__(self):
        ratio = self.data0.close / self.data1.close
        self.score = (ratio - bt.indicators.SMA(ratio, period=self.p.period)) / bt.indicators.StdDev(ratio, period=self.p.period)

    def next(self):
        held = self.getposition(self.data0).size
        if held == 0 and abs(self.score[0]) > self.p.enter:
            sizes = [int(10_000 / data.close[0]) for data in self.datas]
            first, second = (self.sell, self.buy) if self.score[0] > 0 else (self.buy, self.sell)
            first(data=self.data0, size=sizes[0])
            second(data=self.data1, size=sizes[1])
        elif held and abs(self.score[0]) < self.p.leave:
            self.close(self.data0)
            self.close(self.data1)
