"""Fine bars into coarser ones, by the sessions of the exchange: no bar reaches over a close."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from data.calendar import session_bounds
from data.request import bar_length
from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.domain.market import BarSeries, Floats, Integers


def resampled(series: BarSeries, resolution: str, calendar: str = "XNYS") -> BarSeries:
    """``series``, intraday bars stamped with their closes, as bars of ``resolution``: ``1d``, or minutes or hours such as ``15m``.

    Bars are counted from each session's open; the last of a session ends with it, on short days too. A coarse bar is stamped with its own
    close, whether or not something traded up to it. Bars before the open and after the close belong to no session: cut them first.

    Raises:
        ConfigError: The resolution or the calendar does not exist.
    """
    length = bar_length(resolution)
    if resolution != "1d" and not length:
        raise ConfigError(f"resample to {resolution!r}; allowed: 1d, or minutes or hours such as 5m, 1h")
    if len(series) == 0:
        return series
    opened, closed = session_bounds(series.timestamp, calendar)
    stamps = closed if not length else np.minimum(opened + -(-(series.timestamp - opened) // length) * length, closed)
    first = np.flatnonzero(np.diff(stamps, prepend=stamps[0] - 1))
    last = np.append(first[1:], len(series)) - 1
    return replace(
        series,
        timestamp=stamps[first],
        open=series.open[first],
        high=np.maximum.reduceat(series.high, first),
        low=np.minimum.reduceat(series.low, first),
        close=series.close[last],
        volume=np.add.reduceat(series.volume, first),
        dividend=np.add.reduceat(series.dividend, first),
        split=_product(series.split, first),
        pay_day=None if series.pay_day is None else np.maximum.reduceat(series.pay_day, first),
    )


def _product(split: Floats, first: Integers) -> Floats:
    found: Floats = np.multiply.reduceat(split, first)
    return found
