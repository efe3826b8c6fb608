"""How many bars should a symbol have had by now? Counted on the sessions of its exchange."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from data.calendar import sessions_of_days
from data.finding import NS_PER_DAY
from data.request import bar_length

if TYPE_CHECKING:
    from framework.domain.market import Integers


class DueBars:
    """Called with a time (ns UTC), counts the bars that were due to close from some start up to and including it.

    Only differences of two counts mean something. A session's last bar may be shorter than the others. ``first`` and ``last`` (ns UTC) are
    the times that will be asked for; a clock may run past ``last``.

    Raises:
        ConfigError: ``calendar`` does not exist.
        MissingDataError: It does not know a time that is asked for.
    """

    def __init__(self, first: int, last: int, resolution: str, calendar: str) -> None:
        self._first, self._last, self._calendar = first, last, calendar
        self._step = bar_length(resolution)
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._before: list[int] = []
        self._pauses: list[tuple[int, int]] = []
        #: The same as columns: opens, closes, bars before, starts and ends of the pauses.
        self._columns = np.empty((5, 0), np.int64)
        #: The session asked for last: from and until when a time belongs to it, its open, the bars before it, its pause.
        self._here = (0, 0, 0, 0, 0, 0)

    def __call__(self, timestamp: int) -> int:
        """Bars due up to and including ``timestamp``."""
        since, until, opened, before, start, end = self._here
        if not since <= timestamp < until:
            since, until, opened, before, start, end = self._here = self._session(timestamp)
        if self._step == 0 or timestamp <= opened:
            return before
        if timestamp <= start:
            return before + (timestamp - opened) // self._step
        return before + (timestamp - opened - min(timestamp, end) + start) // self._step

    def counts(self, timestamps: Integers) -> Integers:
        """The same of each of ``timestamps`` (int64[n], ns UTC), int64[n]."""
        if not self._closes or timestamps.max(initial=0) >= self._closes[-1]:
            self._look_up(max(int(timestamps.max(initial=0)), self._last))
        number = np.searchsorted(self._columns[1], timestamps, side="right")
        opened, _, before, start, end = self._columns[:, number]
        paused = np.where(timestamps > start, np.minimum(timestamps, end) - start, 0)
        found: Integers = before + (np.maximum(timestamps - opened - paused, 0) // self._step if self._step else 0)
        return found

    def _session(self, timestamp: int) -> tuple[int, int, int, int, int, int]:
        """The session that is on at ``timestamp``, or comes next."""
        if not self._closes or timestamp >= self._closes[-1]:
            self._look_up(max(timestamp, self._last))
        number = bisect_right(self._closes, timestamp)
        since = self._closes[number - 1] if number else -(2**63)
        return since, self._closes[number], self._opens[number], self._before[number], *self._pauses[number]

    def _look_up(self, last: int) -> None:
        """Sessions from ``first`` on; the calendar gives two months more than asked for, so that one closes after ``last``."""
        sessions = sessions_of_days(self._first // NS_PER_DAY, last // NS_PER_DAY, self._calendar)
        length = sessions.close - sessions.open - (sessions.break_end - sessions.break_start)
        bars = -(-length // self._step) if self._step else np.ones_like(length)
        self._opens, self._closes = sessions.open.tolist(), sessions.close.tolist()
        before = np.concatenate(([0], np.cumsum(bars)))
        self._before = before.tolist()
        self._columns = np.stack((sessions.open, sessions.close, before[:-1], sessions.break_start, sessions.break_end))
        self._pauses = list(zip(sessions.break_start.tolist(), sessions.break_end.tolist(), strict=True))
