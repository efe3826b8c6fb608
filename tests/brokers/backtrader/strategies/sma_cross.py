"""Two averages and their crossover, with the whole position bought and sold at market."""

import backtrader as bt


class SmaCross(bt.Strategy):
    params = {"fast": 10, "slow": 30, "stake": 50}

    def __init__(self):
        fast, slow = bt.indicators.SMA(period=self.p.fast), bt.indicators.SMA(period=self.p.slow)
        self.crossover = bt.indicators.CrossOver(fast, slow)
        self.order = None

    def notify_order(self, order):
        if not order.alive():
            self.order = None

    def next(self):
        if self.order:
            return
        if not self.position:
            if self.crossover > 0:
                self.order = self.buy(size=self.p.stake)
        elif self.crossover < 0:
            self.order = self.close()
