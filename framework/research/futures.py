"""Bars whose future is another one, or none: whoever decides by the past alone cannot tell the difference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.market import FinerBars
from framework.research.drawing import shuffled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import BarSeries, Floats, Integers

_PRICES = ("open", "high", "low", "close")


def cut(series: Mapping[str, BarSeries], moment: int) -> dict[str, BarSeries]:
    """What would have been loaded at ``moment`` (ns UTC): no bar after it, and prices in the shares of that day."""
    return {symbol: _known(one, moment) for symbol, one in series.items()}


def cut_finer(finer: Mapping[str, FinerBars], coarse: Mapping[str, BarSeries], moment: int) -> dict[str, FinerBars]:
    """The finer bars of ``cut(coarse, moment)``, in the same shares."""
    found = {}
    for symbol, one in finer.items():
        bars = int(np.searchsorted(coarse[symbol].timestamp, moment, "right"))
        known = int(np.searchsorted(one.series.timestamp, moment, "right"))
        found[symbol] = FinerBars(_quoted(one.series, known, _later_splits(coarse[symbol], bars)), one.first[:bars], one.last[:bars])
    return found


def _known(one: BarSeries, moment: int) -> BarSeries:
    bars = int(np.searchsorted(one.timestamp, moment, "right"))
    return _quoted(one, bars, _later_splits(one, bars))


def _later_splits(one: BarSeries, bars: int) -> float:
    return float(np.prod(one.split[bars:]))


def _quoted(one: BarSeries, bars: int, shares: float) -> BarSeries:
    """The first ``bars``, in shares of which each has become ``shares`` later."""
    columns: dict[str, Any] = {name: getattr(one, name)[:bars] * shares for name in (*_PRICES, "dividend")}
    pay_day = None if one.pay_day is None else one.pay_day[:bars]
    gone = one.delisting if bars == len(one) else None
    return replace(
        one,
        timestamp=one.timestamp[:bars],
        **columns,
        volume=one.volume[:bars] / shares,
        split=one.split[:bars],
        pay_day=pay_day,
        delisting=gone,
    )


def mirrored(series: Mapping[str, BarSeries], moment: int) -> dict[str, BarSeries]:
    """Every rise after ``moment`` is a fall of the same size and every fall a rise; volumes come in reverse order."""
    return {symbol: _mirrored(one, int(np.searchsorted(one.timestamp, moment, "right"))) for symbol, one in series.items()}


def _mirrored(one: BarSeries, bars: int) -> BarSeries:
    if not 0 < bars < len(one):
        return one
    square = one.close[bars - 1] ** 2
    high, low = square / one.low[bars:], square / one.high[bars:]
    future = {"open": square / one.open[bars:], "high": high, "low": low, "close": square / one.close[bars:]}
    return _with_future(one, bars, {**future, "volume": one.volume[bars:][::-1]})


def permuted(series: Mapping[str, BarSeries], moment: int, seed: int) -> dict[str, BarSeries]:
    """The bars after ``moment`` in another order, the same for all symbols that have the same bars; each keeps its shape and its volume."""
    return {symbol: _permuted(one, int(np.searchsorted(one.timestamp, moment, "right")), seed) for symbol, one in series.items()}


def _permuted(one: BarSeries, bars: int, seed: int) -> BarSeries:
    left = len(one) - bars
    if bars == 0 or left < 2:
        return one
    order: Integers = bars + np.array([shuffled(place, left, seed) for place in range(left)])
    before = one.close[order - 1]  # a bar's move is from the close before it
    after = one.close[bars - 1] * np.cumprod(one.close[order] / before)
    start = np.concatenate([one.close[bars - 1 : bars], after[:-1]])
    future = {name: start * (getattr(one, name)[order] / before) for name in ("open", "high", "low")}
    return _with_future(one, bars, {**future, "close": after, "volume": one.volume[order]})


def _with_future(one: BarSeries, bars: int, future: Mapping[str, Floats]) -> BarSeries:
    columns: dict[str, Any] = {name: np.concatenate([getattr(one, name)[:bars], values]) for name, values in future.items()}
    columns["high"] = np.maximum.reduce([columns[name] for name in _PRICES])  # what rounding took from a bar that closed at its high
    columns["low"] = np.minimum.reduce([columns[name] for name in _PRICES])
    return replace(one, **columns)
