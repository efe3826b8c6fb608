"""A strategy that adds its signal itself."""

import backtrader as bt


class CrossSignal(bt.SignalStrategy):
    params = {"fast": 10, "slow": 25}

    def __init__(self):
        crossover = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))
        self.signal_add(bt.SIGNAL_LONG, crossover)
