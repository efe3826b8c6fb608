"""Bars that arrive one by one, kept as columns that grow: what was handed out stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from framework.domain.market import BarSeries
from framework.errors import BadDataError

if TYPE_CHECKING:
    from framework.domain.market import ClosedBar, Floats, Integers

    Column = TypeVar("Column", Floats, Integers)

_PRICES = ("open", "high", "low", "close", "dividend")
_FLOATS = (*_PRICES, "volume", "split")
#: Bars there is room for at least.
ROOM = 512


class Growing:
    """The bars of one symbol, ``series`` first, and those that close after it."""

    def __init__(self, series: BarSeries) -> None:
        self._symbol = series.symbol
        self._length = len(series)
        self._room = 0  # what was loaded is not ours to write into
        self._timestamp = series.timestamp
        self._floats = {name: getattr(series, name) for name in _FLOATS}
        self._delisting = series.delisting
        #: New shares for old ones of a split that was told before the bar it stands on.
        self._ahead = 1.0
        self._pay_day = series.pay_day  # ``None`` as long as each dividend is paid on its ex date

    def append(self, one: ClosedBar) -> BarSeries:
        """All bars with ``one`` after them, in the shares of its day.

        Raises:
            BadDataError: It is of another symbol, or not after the last bar.
        """
        bar = one.bar
        last = int(self._timestamp[self._length - 1]) if self._length else -1
        if bar.symbol != self._symbol or bar.timestamp <= last:
            raise BadDataError(
                f"a bar of {bar.symbol} at {bar.timestamp} cannot follow {self._symbol} at {last}: bars arrive oldest first, each once"
            )
        if one.split != self._ahead:
            self._restate(one.split / self._ahead)
        self._ahead = 1.0
        if self._length >= self._room:
            self._make_room()
        self._timestamp[self._length] = bar.timestamp
        if self._pay_day is None and one.pay_day is not None:
            self._pay_day = np.zeros(self._room, dtype=np.int64)
        if self._pay_day is not None:
            self._pay_day[self._length] = one.pay_day or 0
        values = (bar.open, bar.high, bar.low, bar.close, one.dividend, bar.volume, one.split)
        for name, value in zip(_FLOATS, values, strict=True):
            self._floats[name][self._length] = value
        self._length += 1
        return self._series()

    def split_ahead(self, split: float) -> BarSeries:
        """All bars in new shares, ``split`` of them for each old one; the next bar is the first that is quoted in them."""
        self._ahead *= split
        self._restate(split)
        return self._series()

    @property
    def is_ahead(self) -> bool:
        """Whether a split was told whose bar has not arrived."""
        return self._ahead != 1.0

    def _restate(self, split: float) -> None:
        """Put the past into new shares: ``split`` of them for each old one."""
        self._floats |= {name: self._floats[name] / split for name in _PRICES}
        self._floats["volume"] = self._floats["volume"] * split
        self._make_room()

    def _make_room(self) -> None:
        self._room = room = max(2 * self._length, ROOM)
        self._timestamp = _wider(self._timestamp, self._length, room)
        if self._pay_day is not None:
            self._pay_day = _wider(self._pay_day, self._length, room)
        self._floats = {name: _wider(column, self._length, room) for name, column in self._floats.items()}

    def _series(self) -> BarSeries:
        columns = {name: column[: self._length] for name, column in self._floats.items()}
        pay_day = None if self._pay_day is None else self._pay_day[: self._length]
        return BarSeries(self._symbol, self._timestamp[: self._length], **columns, pay_day=pay_day, delisting=self._delisting)


def _wider(column: Column, length: int, room: int) -> Column:
    wide = np.zeros(room, dtype=column.dtype)
    wide[:length] = column[:length]
    return wide
