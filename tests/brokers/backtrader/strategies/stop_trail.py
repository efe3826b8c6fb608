"""Entries by crossover, exits by a trailing stop that is watched as it moves."""

import backtrader as bt


class StopTrail(bt.Strategy):
    params = {"percent": 0.05, "amount": 0.0}

    def __init__(self):
        self.crossover = bt.indicators.CrossUp(bt.indicators.SMA(period=5), bt.indicators.SMA(period=15))
        self.trail, self.levels = None, []

    def next(self):
        if not self.position:
            if self.trail is None and self.crossover > 0:
                self.buy(size=30)
            self.trail = None
        elif self.trail is None:
            trail = {"trailamount": self.p.amount} if self.p.amount else {"trailpercent": self.p.percent}
            self.trail = self.sell(size=30, exectype=bt.Order.StopTrail, **trail)
        else:
            self.levels.append(self.trail.created.price)
