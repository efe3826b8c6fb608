"""Holds the two strongest of several stocks, rebalanced every 20 bars to equal percentages."""

import backtrader as bt


class Rotation(bt.Strategy):
    params = (("period", 60), ("every", 20), ("held", 2))

    def __init__(self):
        self.rates = {data: bt.indicators.RateOfChange(data.close, period=self.p.period) for data in self.datas}

    def next(self):
        if len(self) % self.p.every:
            return
        ranked = sorted(self.datas, key=lambda data: self.rates[data][0], reverse=True)
        for data in ranked[self.p.held :]:
            self.order_target_percent(data, target=0.0)
        for data in ranked[: self.p.held]:
            self.order_target_percent(data, target=0.4 / self.p.held)
