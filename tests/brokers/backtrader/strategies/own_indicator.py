"""An indicator of the user's own that computes bar by bar, feeding another."""

import itertools

import backtrader as bt


class TypicalMove(bt.Indicator):
    lines = ("move",)
    params = (("period", 5),)

    def __init__(self):
        self.addminperiod(self.p.period + 1)

    def next(self):
        closes = self.data.close.get(size=self.p.period + 1)
        self.lines.move[0] = sum(abs(b - a) for a, b in itertools.pairwise(closes)) / self.p.period


class Calm(bt.Strategy):
    def __init__(self):
        self.move = TypicalMove(period=5)
        self.usual = bt.indicators.SMA(self.move, period=20)

    def next(self):
        if not self.position and self.move[0] < 0.8 * self.usual[0]:
            self.buy(size=10)
        elif self.position and self.move[0] > 1.2 * self.usual[0]:
            self.close()
