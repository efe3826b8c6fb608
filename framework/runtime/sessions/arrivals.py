"""Bars as they arrive in a session: slice by slice, those that close at one instant together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.market import Bar, BarSeries, ClosedBar
from framework.engine.quoted import in_shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Arrival(NamedTuple):
    """All bars that closed at ``timestamp`` (ns UTC), by symbol; on what ``is_late`` nothing is decided."""

    timestamp: int
    bars: Mapping[str, ClosedBar]
    is_late: bool = False


def known_before(series: Mapping[str, BarSeries], first: int) -> dict[str, BarSeries]:
    """The bars that closed before ``first`` (ns UTC), in the shares of the last of them: the history of a session that begins then."""
    return {symbol: _head(one, int(np.searchsorted(one.timestamp, first))) for symbol, one in series.items()}


def arrivals(series: Mapping[str, BarSeries], first: int) -> Iterator[Arrival]:
    """The bars from ``first`` (ns UTC) on, one slice after the other, each in the shares of its day."""
    starts = {symbol: int(np.searchsorted(one.timestamp, first)) for symbol, one in series.items()}
    quoted = {symbol: _quoted(one, starts[symbol]) for symbol, one in series.items()}
    times = np.unique(np.concatenate([one.timestamp[starts[symbol] :] for symbol, one in series.items()]))
    for timestamp in times.tolist():
        bars = {}
        for symbol, coming in quoted.items():
            if coming and coming[-1].bar.timestamp == timestamp:
                bars[symbol] = coming.pop()
        yield Arrival(timestamp, bars)


def _head(one: BarSeries, count: int) -> BarSeries:
    shares = float(np.prod(one.split[count:]))
    known = in_shares(one, shares)
    columns = {name: getattr(known, name)[:count] for name in ("open", "high", "low", "close", "volume", "dividend", "split")}
    pay_day = None if one.pay_day is None else one.pay_day[:count]
    return BarSeries(one.symbol, one.timestamp[:count], **columns, pay_day=pay_day, delisting=one.delisting)


def _quoted(one: BarSeries, start: int) -> list[ClosedBar]:
    """Bars from index ``start`` on as they were quoted, the last one first."""
    shares = np.cumprod(one.split[::-1])[::-1] / one.split
    found = []
    for index in range(len(one) - 1, start - 1, -1):
        of_day = float(shares[index])
        opened, high, low, close = (float(column[index]) * of_day for column in (one.open, one.high, one.low, one.close))
        bar = Bar(one.symbol, int(one.timestamp[index]), opened, high, low, close, float(one.volume[index]) / of_day)
        pay_day = None if one.pay_day is None else int(one.pay_day[index])
        found.append(ClosedBar(bar, float(one.dividend[index]) * of_day, float(one.split[index]), pay_day))
    return found
