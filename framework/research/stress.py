"""Bars with a crash in them: the days of 1987, 2008 and 2020 laid over any history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import BarSeries, Floats

#: Share of a day's move that has happened by its open: a stop inside of it is not filled at its price.
GAP = 0.4
#: How far the day's extremes lie outside of its open and close, as a share of its move.
_TAIL = 0.1


class Scenario(NamedTuple):
    """A stretch of market days: ``returns`` close to close, fractions."""

    name: str
    returns: tuple[float, ...]


def _percent(text: str) -> tuple[float, ...]:
    return tuple(float(one) / 100.0 for one in text.split())


#: Close to close of the S&P 500, percent, to two digits: 1987-10-14 to 10-30, 2008-09-15 to 10-31, 2020-02-20 to 03-23.
SCENARIOS = (
    Scenario("1987", _percent("-2.95 -2.34 -5.16 -20.47 5.33 9.10 -3.92 -0.01 -8.28 2.42 0.04 4.93 2.87")),
    Scenario(
        "2008",
        _percent(
            "-4.71 1.75 -4.71 4.33 4.03 -3.82 -1.56 -0.20 1.97 0.34 -8.81 5.42 -0.45 -4.03 -1.35 -3.85 -5.74 -1.13 -7.62 -1.18 11.58 "
            "-0.53 -9.03 4.25 -0.62 4.77 -3.08 -6.10 1.26 -3.45 -3.18 10.79 -1.11 2.58 1.54"
        ),
    ),
    Scenario(
        "2020",
        _percent(
            "-0.38 -1.05 -3.35 -3.03 -0.38 -4.42 -0.82 4.60 -2.81 4.22 -3.39 -1.71 -7.60 4.94 -4.89 -9.51 9.29 -11.98 6.00 -5.18 0.47 "
            "-4.34 -2.93"
        ),
    ),
)


def stressed(series: Mapping[str, BarSeries], scenario: Scenario, start: int) -> dict[str, BarSeries]:
    """Daily bars whose sessions from ``start`` (ns UTC, a close) on are those of ``scenario``, and which end with it.

    All symbols move alike, as in a crash they nearly do; volumes are those that were there. A symbol without a bar before ``start`` is left
    as it is.
    """
    return {symbol: _stressed(one, scenario, int(np.searchsorted(one.timestamp, start))) for symbol, one in series.items()}


def _stressed(one: BarSeries, scenario: Scenario, first: int) -> BarSeries:
    if first == 0:
        return one
    moves = np.array(scenario.returns)[: len(one) - first]
    close = one.close[first - 1] * np.cumprod(1.0 + moves)
    before = np.concatenate([one.close[first - 1 : first], close[:-1]])
    start, tail = before * (1.0 + GAP * moves), before * np.abs(moves) * _TAIL
    future = {"open": start, "high": np.maximum(start, close) + tail, "low": np.minimum(start, close) - tail, "close": close}
    stop = first + len(moves)
    columns: dict[str, Any] = {name: np.concatenate([getattr(one, name)[:first], values]) for name, values in future.items()}
    rest: dict[str, Any] = {name: getattr(one, name)[:stop] for name in ("timestamp", "volume", "dividend", "split")}
    pay_day = None if one.pay_day is None else one.pay_day[:stop]
    return replace(one, **columns, **rest, pay_day=pay_day, delisting=None)


def fall(returns: Floats) -> float:
    """The deepest fall from a high within ``returns`` (simple, oldest first), at most 0; the start counts as a high."""
    wealth = np.cumprod(1.0 + returns)
    highest = np.maximum.accumulate(np.maximum(wealth, 1.0))
    return float(np.min(wealth / highest - 1.0, initial=0.0))
