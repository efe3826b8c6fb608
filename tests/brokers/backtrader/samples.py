"""Strategies in the shapes that backtrader's own samples have, with the bars each is run on. The files hold plain backtrader code."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import backtrader as bt
import numpy as np

from data import DataRequest, load
from tests.brokers.backtrader.both import ours, plain, stock
from tests.builders import bars, minutes

if TYPE_CHECKING:
    from framework.domain.market import BarSeries
    from tests.brokers.backtrader.both import Told

DATA = {
    "one": ["AAPL"],
    "two": ["AAPL", "IBM"],
    "four": ["AAPL", "GOOG", "IBM", "MSFT"],
    "late": ["FB", "IBM"],
}
DAYS = (date(2012, 1, 9), date(2012, 1, 10), date(2012, 1, 11))

#: Which bars each file of ``strategies`` is run on.
SAMPLES = {
    "all_analyzers": "one",
    "all_notices": "one",
    "bracket": "one",
    "bracket_by_hand": "one",
    "five_minutes": "minutes",
    "heikin_ashi": "one",
    "late_start": "late",
    "long_short": "four",
    "monthly_timer": "one",
    "new_high": "one",
    "observers": "one",
    "oco_entries": "one",
    "oco_exits": "one",
    "order_types": "one",
    "own_indicator": "one",
    "own_sizer": "one",
    "pair": "two",
    "percent_sizer": "one",
    "replay": "one",
    "reverser": "one",
    "rotation": "four",
    "rsi_pullback": "one",
    "scaling": "one",
    "session_close": "one",
    "session_timer": "minutes",
    "signal_strategy": "one",
    "signals": "one",
    "sma_cross": "one",
    "stop_trading": "one",
    "stop_trail": "one",
    "target_percent": "one",
    "target_size": "one",
    "target_value": "two",
    "trade_ids": "one",
    "two_timeframes": "one",
    "weekly": "one",
}


class Sample(NamedTuple):
    """A strategy class, what its script adds to Cerebro, and the bars it sees."""

    kind: type
    build: Any
    series: tuple[BarSeries, ...]
    frame: tuple[int, int]

    def ours(self, **config: Any) -> Told:
        """Run it on our broker."""
        if self.frame[0] == bt.TimeFrame.Minutes:
            config = {"data": {"resolution": "1m"}, **config}
        return ours(self.kind, *self.series, build=self.build, **config)

    def stock(self) -> Told:
        """Run it on backtrader's own."""
        return stock(self.kind, *self.series, build=self.build, frame=self.frame)


def sample(name: str) -> Sample:
    """The strategy in file ``name``."""
    module = importlib.import_module(f"tests.brokers.backtrader.strategies.{name}")
    kinds = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, bt.Strategy)]
    frame = (bt.TimeFrame.Minutes if SAMPLES[name] == "minutes" else bt.TimeFrame.Days, 1)
    return Sample(kinds[-1], getattr(module, "build", plain), series_of(SAMPLES[name]), frame)


@cache
def series_of(kind: str) -> tuple[BarSeries, ...]:
    """Real daily bars without their dividends, which backtrader's broker does not know, or made-up minutes of three sessions."""
    if kind == "minutes":
        return (_made_up(),)
    first, last = (date(2012, 1, 3), date(2012, 12, 31)) if kind == "late" else (date(2005, 1, 3), date(2006, 12, 29))
    found = load(DataRequest(symbols=tuple(DATA[kind]), source="sample", start=first, end=last, warmup=0)).series
    return tuple(replace(one, dividend=np.zeros(len(one))) for one in found.values())


def _made_up() -> BarSeries:
    rng, rows, times, last = np.random.default_rng(7), [], [], 100.0
    for day in DAYS:
        for time in minutes(day, range(1, 391)):
            opened = round(last * (1 + rng.normal(0, 0.0004)), 2)
            last = round(opened * (1 + rng.normal(0, 0.0008)), 2)
            high, low = max(opened, last) + round(rng.uniform(0, 0.05), 2), min(opened, last) - round(rng.uniform(0, 0.05), 2)
            rows.append((opened, high, low, last))
            times.append(time)
    return bars("A", rows, times)
