"""The day of the month as percents to hold, short in every third month."""

import backtrader as bt


class TargetPercent(bt.Strategy):
    def next(self):
        today = self.data.datetime.date()
        sign = -1 if today.month % 3 == 0 else 1
        self.order_target_percent(target=sign * today.day / 100.0)
