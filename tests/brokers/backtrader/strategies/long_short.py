"""Both sides of the market, and both sizes of a reversal, on several stocks."""

import backtrader as bt


class LongShort(bt.Strategy):
    def __init__(self):
        self.macd = {data: bt.indicators.MACDHisto(data) for data in self.datas}

    def next(self):
        for data in self.datas:
            histogram, held = self.macd[data].histo, self.getposition(data).size
            if histogram[0] > 0 >= histogram[-1] and held <= 0:
                self.buy(data=data, size=10 - held)
            elif histogram[0] < 0 <= histogram[-1] and held >= 0:
                self.sell(data=data, size=10 + held)
