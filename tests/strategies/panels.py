"""Constructed bars: panels for vectorised strategies, frames for whole runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from framework import run
from framework.domain.market import BarSeries
from framework.engine.panel import panel_of

DAY = 86_400 * 10**9
#: 21:00 UTC of 2010-01-04.
START = 14_613 * DAY + 21 * 3600 * 10**9


def series(symbol, close, volume=None, times=None, spread=0.002):
    """Bars around ``close``: each opens at the close before."""
    close = np.asarray(close, dtype=np.float64)
    start = np.concatenate([close[:1], close[:-1]])
    count = len(close)
    high, low = np.maximum(start, close) * (1.0 + spread), np.minimum(start, close) * (1.0 - spread)
    volume = np.full(count, 1e6) if volume is None else np.asarray(volume, dtype=np.float64)
    times = START + np.arange(count) * DAY if times is None else times
    return BarSeries(symbol, times, start, high, low, close, volume, np.zeros(count), np.ones(count))


def panel(daily=True, **closes):
    """A panel of daily bars, or of five-minute ones."""
    times = None if daily else intraday_times(len(next(iter(closes.values()))))
    return panel_of([series(symbol, close, times=times) for symbol, close in sorted(closes.items())], daily=daily)


def intraday_times(count):
    """Closes of five-minute bars, 78 a session from 14:35 UTC on."""
    place = np.arange(count)
    return START - (21 * 3600 - 14 * 3600 - 30 * 60) * 10**9 + (place // 78) * DAY + (place % 78 + 1) * 300 * 10**9


def frame(one, sessions):
    """The bars of ``one`` as a table of the business days ``sessions`` on."""
    names = ("open", "high", "low", "close", "volume")
    return pd.DataFrame({name: getattr(one, name) for name in names}, index=pd.DatetimeIndex(sessions, name="timestamp"))


def sessions(count):
    """So many sessions of New York, from 2010-01-04 on."""
    from exchange_calendars import get_calendar

    return get_calendar("XNYS", start="2009-01-01", end="2013-12-31").sessions_window("2010-01-04", count)


def played(place, bars, params=None, resolution="1d", **sections):
    """A run of the strategy at ``place`` over ``bars`` (frames by symbol), without caps."""
    config = {
        "strategy": {"class": place, "params": params or {}},
        "universe": {"symbols": sorted(bars)},
        "data": {"resolution": resolution, "warmup": 0, "policy": {"gap": "accept", "split_jump": "accept", "suspect_tick": "accept"}},
        "broker": {"name": "generic"},
        "limits": {"profile": "venue"},
        "sizing": {"method": "equal"},
        "guards": {"enabled": False},
        "fills": {"slippage": {"model": "none"}, "fees": "none"},
        **sections,
    }
    return run(config, data=bars)
