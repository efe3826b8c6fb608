"""Strategies that order by a script."""

from __future__ import annotations

import datetime as dt

import backtrader as bt

from tests.builders import daily

DAY = {number: dt.datetime.fromtimestamp(time / 1e9, dt.UTC).strftime("%Y-%m-%d 16:00") for number, time in enumerate(daily(12))}


def scripted(script, **members):
    """A strategy that carries out ``script[number of the bar, from 0]`` and keeps what it is told."""

    def next_bar(self):
        action = script.get(len(self) - 1)
        if action is not None:
            made = action(self)
            self.made.append(made)

    def init(self):
        self.made, self.told = [], []

    def notify_order(self, order):
        bits = [bit.size for bit in order.executed.iterpending()]
        refs = [getattr(one, "ref", None) for one in self.made]
        self.told.append((len(self) - 1, refs.index(order.ref) if order.ref in refs else None, order.getstatusname(), bits))

    return type("Scripted", (bt.Strategy,), {"__init__": init, "next": next_bar, "notify_order": notify_order, **members})


def buy(size=10, exectype=None, **terms):
    return lambda self: self.buy(size=size, exectype=exectype, **terms)


def sell(size=10, exectype=None, **terms):
    return lambda self: self.sell(size=size, exectype=exectype, **terms)


def executed(told):
    """(bar, size, price) of every execution."""
    number = {day: index for index, day in DAY.items()}
    return [(number[one.time], one.size, one.price) for one in told.executions]
