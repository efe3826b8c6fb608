"""Minutes with timers: in half an hour after the open, out a quarter of an hour before the close."""

import datetime

import backtrader as bt


class SessionTimer(bt.Strategy):
    def __init__(self):
        self.add_timer(bt.timer.SESSION_START, offset=datetime.timedelta(minutes=30), entering=True)
        self.add_timer(bt.timer.SESSION_END, offset=datetime.timedelta(minutes=-15), entering=False)
        self.calls = []

    def notify_timer(self, timer, when, *args, **kwargs):
        self.calls.append(when)
        if kwargs["entering"]:
            self.buy(size=10)
        elif self.position:
            self.close()

    def next(self):
        pass
