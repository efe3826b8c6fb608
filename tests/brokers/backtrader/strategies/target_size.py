"""The day of the month as the size to hold, up one month and down the next."""

import backtrader as bt


class TargetSize(bt.Strategy):
    def next(self):
        today = self.data.datetime.date()
        self.order_target_size(target=today.day if today.month % 2 else 31 - today.day)
