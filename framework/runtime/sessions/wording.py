"""What a session was given, as plain data on the tape, and back: numbers come back bit for bit."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.market import Bar, BarSeries, ClosedBar
from framework.errors import BadDataError
from framework.runtime.hashing import COLUMNS, column_bytes, column_type, columns_of
from framework.runtime.sessions.arrivals import Arrival

if TYPE_CHECKING:
    from collections.abc import Mapping


def written_series(series: BarSeries) -> dict[str, object]:
    """The columns of ``series``, packed."""
    packed = {name: base64.b64encode(zlib.compress(column_bytes(series, name))).decode() for name in columns_of(series)}
    return {"symbol": series.symbol, "columns": packed}


def read_series(payload: Mapping[str, Any]) -> BarSeries:
    """The bars in ``payload``.

    Raises:
        BadDataError: They cannot be read.
    """
    try:
        packed = payload["columns"]
        names = [*COLUMNS, *(name for name in ("pay_day",) if name in packed)]
        columns = {name: np.frombuffer(zlib.decompress(base64.b64decode(packed[name])), dtype=column_type(name)).copy() for name in names}
        return BarSeries(payload["symbol"], **columns)  # type: ignore[arg-type] # times and pay days are int64
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise BadDataError(f"the history on the tape cannot be read: {error!r}") from None


def written_bars(arrival: Arrival) -> dict[str, object]:
    """The bars of ``arrival`` by symbol."""
    return {symbol: _numbers(one) for symbol, one in arrival.bars.items()}


def _numbers(one: ClosedBar) -> list[float | int | None]:
    bar = one.bar
    return [bar.open, bar.high, bar.low, bar.close, bar.volume, one.dividend, one.split, one.pay_day]


def read_bars(timestamp: int, payload: Mapping[str, Any]) -> Arrival:
    """The bars that closed at ``timestamp`` (ns UTC).

    Raises:
        BadDataError: They cannot be read.
    """
    try:
        bars = {symbol: _closed(symbol, timestamp, *numbers) for symbol, numbers in payload.items()}
    except (TypeError, ValueError) as error:
        raise BadDataError(f"the bars of {timestamp} on the tape cannot be read: {error}") from None
    return Arrival(timestamp, bars)


def _closed(symbol: str, timestamp: int, *numbers: Any) -> ClosedBar:  # noqa: ANN401 - as JSON has them
    opened, high, low, close, volume, dividend, split, pay_day = numbers
    return ClosedBar(Bar(symbol, timestamp, opened, high, low, close, volume), dividend, split, pay_day)
