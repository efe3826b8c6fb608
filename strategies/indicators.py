"""TA-Lib over the columns of a panel; a symbol's missing bars are skipped, not taken for prices."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from framework import Panel, Strategy

    Floats = NDArray[np.float64]

_DAY = 86_400_000_000_000
#: Five hours: bars of a US session then close on one UTC date.
_SHIFT = 18_000_000_000_000


def needed(module: str, extra: str) -> ModuleType:
    """The library ``module``.

    Raises:
        ConfigError: It is not installed; the message names the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError:
        raise ConfigError(f'this strategy needs {module}; remedy: pip install "onetape[{extra}]"') from None


def check(strategy: Strategy, **ranges: tuple[float, float]) -> None:
    """Refuse parameters outside of their ranges, both ends included.

    Raises:
        ConfigError: One is; the message has the parameter, its value and its range.
    """
    for name, (low, high) in ranges.items():
        value = getattr(strategy, name)
        if not low <= value <= high:
            raise ConfigError(f"[strategy] params: {type(strategy).__name__}.{name} = {value}; allowed: {low:g} to {high:g}")


def ta(function: str, *columns: Floats, **options: float) -> Floats:
    """TA-Lib's ``function`` of columns [T, N] as [T, N]; NaN where a symbol had no bar, and until there are enough."""
    call = getattr(needed("talib", "indicators"), function)
    found = np.full(columns[0].shape, np.nan)
    for number in range(len(found.T)):
        known = ~np.isnan(columns[0][:, number])
        if known.any():
            found[known, number] = call(*(np.ascontiguousarray(column[known, number]) for column in columns), **options)
    return found


def sma(bars: Panel, length: int) -> Floats:
    """Mean of the last closes."""
    return ta("SMA", bars.close, timeperiod=length)


def rsi(bars: Panel, length: int) -> Floats:
    """Wilder's relative strength index, 0 to 100."""
    return ta("RSI", bars.close, timeperiod=length)


def deviation(bars: Panel, length: int) -> Floats:
    """Standard deviation (population) of the last closes, dollars."""
    return ta("STDDEV", bars.close, timeperiod=length, nbdev=1.0)


def volatility(bars: Panel, length: int) -> Floats:
    """Annual standard deviation of the last ``length`` returns from bar to bar, of daily bars."""
    return ta("STDDEV", ta("ROCP", bars.close, timeperiod=1), timeperiod=length, nbdev=1.0) * math.sqrt(252.0)


def vwap(bars: Panel, length: int) -> Floats:
    """Volume-weighted average price: of the session so far for intraday bars, of the last ``length`` bars for daily ones."""
    typical = ta("TYPPRICE", bars.high, bars.low, bars.close)
    if not bars.daily:
        return _by_session(bars, typical)
    volume = ta("SUM", bars.volume, timeperiod=length)
    with np.errstate(divide="ignore", invalid="ignore"):
        fair: Floats = ta("SUM", typical * bars.volume, timeperiod=length) / volume
        return fair


def _by_session(bars: Panel, typical: Floats) -> Floats:
    session = (bars.timestamp - _SHIFT) // _DAY
    firsts = np.flatnonzero(np.diff(session, prepend=session[0] - 1))
    found = np.full(typical.shape, np.nan)
    for start, stop in zip(firsts, [*firsts[1:], len(session)], strict=True):
        volume = np.nan_to_num(bars.volume[start:stop])
        with np.errstate(divide="ignore", invalid="ignore"):
            found[start:stop] = np.cumsum(np.nan_to_num(typical[start:stop]) * volume, axis=0) / np.cumsum(volume, axis=0)
    return found
