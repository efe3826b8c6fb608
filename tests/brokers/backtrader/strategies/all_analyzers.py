"""A simple strategy under every analyzer that backtrader ships."""

import backtrader as bt

ANALYZERS = (
    "AnnualReturn Calmar DrawDown GrossLeverage LogReturnsRolling PeriodStats PositionsValue PyFolio Returns SharpeRatio SharpeRatio_A SQN "
    "TimeDrawDown TimeReturn TradeAnalyzer Transactions VWR"
).split()


class Analyzed(bt.Strategy):
    def __init__(self):
        self.crossover = bt.indicators.CrossOver(self.data.close, bt.indicators.SMA(period=10))

    def next(self):
        if not self.position and self.crossover > 0:
            self.order_target_percent(target=0.5)
        elif self.position and self.crossover < 0:
            self.order_target_percent(target=0.0)


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
    for name in ANALYZERS:
        cerebro.addanalyzer(getattr(bt.analyzers, name), _name=name)
    cerebro.addanalyzer(bt.analyzers.TimeReturn, timeframe=bt.TimeFrame.Years, _name="years")
    cerebro.addanalyzer(bt.analyzers.TimeReturn, fund=True, _name="fund")
