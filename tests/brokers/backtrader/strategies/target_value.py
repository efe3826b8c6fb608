"""The day of the month as thousands of dollars to hold, of each of two stocks."""

import backtrader as bt


class TargetValue(bt.Strategy):
    def __init__(self):
        self.pending = {}

    def notify_order(self, order):
        if not order.alive():
            self.pending.pop(order.data, None)

    def next(self):
        today = self.datetime.date()
        for number, data in enumerate(self.datas):
            if data not in self.pending:
                order = self.order_target_value(data, target=1000.0 * (today.day if (today.month + number) % 2 else 31 - today.day))
                if order:
                    self.pending[data] = order
