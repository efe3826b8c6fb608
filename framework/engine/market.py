"""What has been seen so far: each symbol's bars up to now, and nothing after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.domain.values import to_micros
from framework.errors import InvalidOrderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import BarSeries, Floats, Integers

_DAY_NS = 86_400_000_000_000
#: US equities trade between 04:00 and 20:00 New York: shifted by five hours, every bar close of a session has one UTC date.
_SESSION_SHIFT_NS = 5 * 3_600_000_000_000


def session_number(timestamp: int) -> int:
    """Number of the session a bar close (ns UTC) belongs to; equal within a session, larger in a later one."""
    return (timestamp - _SESSION_SHIFT_NS) // _DAY_NS


class Market:
    """Bars of all symbols with a cursor on each: the driver moves the cursors, everybody else looks back from them.

    Attributes:
        symbols: All symbols, sorted; rows and indices elsewhere follow this order.
        cursor: For each symbol, the index of its last closed bar, -1 before the first.
        now: Close of the current slice, ns UTC.
    """

    def __init__(self, series: Mapping[str, BarSeries], *, daily: bool) -> None:
        self.symbols = tuple(sorted(series))
        self.series = tuple(series[symbol] for symbol in self.symbols)
        self.row = {symbol: index for index, symbol in enumerate(self.symbols)}
        self.cursor = [-1] * len(self.symbols)
        self.now = 0
        self._prices = [(-1, 0)] * len(self.symbols)
        self._sessions = tuple(_Sessions(one, daily=daily) for one in self.series)

    def begin(self, first: int) -> None:
        """Put the cursors on the last bars before ``first`` (ns UTC), and the time on the latest of them."""
        self.cursor[:] = [int(np.searchsorted(one.timestamp, first)) - 1 for one in self.series]
        seen = [int(one.timestamp[index]) for one, index in zip(self.series, self.cursor, strict=True) if index >= 0]
        self.now = max(seen, default=first - 1)

    def row_of(self, symbol: str) -> int:
        """Index of ``symbol``.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
        """
        try:
            return self.row[symbol]
        except KeyError:
            raise InvalidOrderError(f"symbol {symbol!r} is not in the universe: [universe] symbols = {list(self.symbols)}") from None

    def price_micros(self, row: int) -> int:
        """Last close in micro-dollars, 0 before the first bar."""
        index = self.cursor[row]
        known = self._prices[row]
        if known[0] != index:
            known = (index, 0 if index < 0 else to_micros(float(self.series[row].close[index])))
            self._prices[row] = known
        return known[1]

    def sessions_seen(self, row: int) -> int:
        """Number of completed sessions of the symbol."""
        return self._sessions[row].completed(self.cursor[row])

    def daily_returns(self, row: int, lookback: int) -> Floats:
        """The last ``lookback`` daily total returns known now, oldest first (fewer at the start)."""
        return self._sessions[row].until(self.sessions_seen(row), lookback)

    def joint_returns(self, rows: list[int], lookback: int) -> Floats:
        """Daily returns [T, N] of ``rows`` on the last ``lookback`` sessions that all of them have, oldest first."""
        columns = [self._sessions[row].dated(self.sessions_seen(row), lookback) for row in rows]
        common = columns[0][0]
        for dates, _ in columns[1:]:
            common = np.intersect1d(common, dates, assume_unique=True)
        return np.column_stack([returns[np.searchsorted(dates, common)] for dates, returns in columns])

    def average_volume(self, row: int, sessions: int = 20) -> int | None:
        """Mean volume of the last completed sessions, micro-shares; ``None`` without any."""
        volume = self._sessions[row].volumes(self.sessions_seen(row), sessions)
        return to_micros(float(volume.mean())) if len(volume) else None


class _Sessions:
    """Daily total returns and volumes of one symbol: close to close, dividends added back, completed sessions only.

    With daily bars a session is complete at its bar; with finer ones when the next session's first bar has closed, since nothing else
    tells that the last bar was the last.
    """

    def __init__(self, series: BarSeries, *, daily: bool) -> None:
        self._daily = daily
        sessions = (series.timestamp - _SESSION_SHIFT_NS) // _DAY_NS
        last = np.flatnonzero(np.diff(sessions, append=sessions[-1:] + 1)) if len(sessions) else np.empty(0, np.int64)
        self._last_bars: Integers = last
        close = series.close[last]
        firsts = np.concatenate(([0], last[:-1] + 1))
        paid = np.add.reduceat(series.dividend, firsts) if len(last) else close
        self._returns: Floats = (close[1:] + paid[1:]) / close[:-1] - 1.0
        self._numbers: Integers = sessions[last]
        self._volume: Floats = np.add.reduceat(series.volume, firsts) if len(last) else close

    def completed(self, bar: int) -> int:
        """Sessions complete when ``bar`` has closed."""
        return bar + 1 if self._daily else int(np.searchsorted(self._last_bars, bar))

    def until(self, sessions: int, lookback: int) -> Floats:
        """Returns of the last ``lookback`` of the first ``sessions`` sessions."""
        stop = max(sessions - 1, 0)
        return self._returns[max(stop - lookback, 0) : stop]

    def dated(self, sessions: int, lookback: int) -> tuple[Integers, Floats]:
        """Session numbers and returns of the last ``lookback`` of the first ``sessions`` sessions."""
        stop = max(sessions - 1, 0)
        chosen = slice(max(stop - lookback, 0), stop)
        return self._numbers[1:][chosen], self._returns[chosen]

    def volumes(self, sessions: int, lookback: int) -> Floats:
        """Volumes of the last ``lookback`` of the first ``sessions`` sessions, shares."""
        return self._volume[max(sessions - lookback, 0) : sessions]
