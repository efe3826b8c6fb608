"""Several trades in one stock side by side, told apart by their ids, with their history kept."""

import itertools

import backtrader as bt


class TradeIds(bt.Strategy):
    params = {"period": 8}

    def __init__(self):
        self.crossover = bt.indicators.CrossOver(self.data.close, bt.indicators.SMA(period=self.p.period))
        self.ids = itertools.cycle([1, 2, 3])
        self.current, self.histories = next(self.ids), []

    def start(self):
        self.set_tradehistory()

    def notify_trade(self, trade):
        if trade.isclosed:
            self.histories.append((trade.tradeid, [entry.event.size for entry in trade.history]))

    def next(self):
        if self.crossover > 0:
            self.current = next(self.ids)
            self.buy(size=5, tradeid=self.current)
        elif self.crossover < 0 and self.position:
            self.close(tradeid=self.current, size=5)
