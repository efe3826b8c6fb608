"""A timer on the first trading day of a month, and one on Mondays; orders come from the timer."""

import datetime

import backtrader as bt


class MonthlyTimer(bt.Strategy):
    def __init__(self):
        self.add_timer(bt.timer.SESSION_END, monthdays=[1], monthcarry=True, name="month")
        self.add_timer(datetime.time(10, 0), weekdays=[1], weekcarry=True, name="week")
        self.seen = []

    def notify_timer(self, timer, when, *args, **kwargs):
        name = kwargs["name"]
        self.seen.append((name, when))
        if name == "month":
            self.order_target_percent(target=0.5)
        elif self.position:
            self.sell(size=1)

    def next(self):
        pass
