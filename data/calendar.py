"""When the exchange was open: session dates, opens and closes in UTC.

New York's sessions come from a table, those of other exchanges and times from exchange_calendars. Only the range that is needed is asked of
it, because a calendar of a hundred years takes a hundred times as long to make.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from data import xnys
from data.finding import NS_PER_DAY, NS_PER_SECOND
from data.policy import near
from framework.errors import ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.market import Integers

#: Longer than any closure since 1915 (Athens in 2015: five weeks), so that there is a session on either side of every moment.
MARGIN = timedelta(days=60)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """Sessions of an exchange, oldest first; int64 columns of one length.

    Attributes:
        day: Days since 1970 of the session's date.
        open: First moment of trading, ns UTC.
        close: Last moment of trading, ns UTC.
        break_start: Start of the lunch break, ns UTC; equal to ``close`` where there is none.
        break_end: End of the lunch break, ns UTC; equal to ``close`` where there is none.
    """

    day: Integers
    open: Integers
    close: Integers
    break_start: Integers
    break_end: Integers

    def __len__(self) -> int:
        return len(self.day)


def session_closes(first: date, last: date, calendar: str = "XNYS") -> Sessions:
    """The sessions with dates from ``first`` to ``last``, both inclusive; possibly none.

    Raises ``ConfigError`` for a calendar that does not exist and ``MissingDataError`` for dates it does not know.
    """
    sessions = _sessions_around(first, last, calendar)
    inside = (sessions.day >= _day_number(first)) & (sessions.day <= _day_number(last))
    return Sessions(*(getattr(sessions, name)[inside] for name in Sessions.__slots__))


def session_bounds(timestamps: Integers, calendar: str = "XNYS") -> tuple[Integers, Integers]:
    """Open and close, ns UTC, of the session that each bar's close lies in; shapes as ``timestamps`` (int64[n], ns UTC).

    A session holds the closes in (open, close]. A timestamp outside every session is given the session that comes next.
    """
    if len(timestamps) == 0:
        return timestamps.copy(), timestamps.copy()
    sessions = _sessions_around(utc_date(int(timestamps.min())), utc_date(int(timestamps.max())), calendar)
    index = np.searchsorted(sessions.close, timestamps)
    return sessions.open[index], sessions.close[index]


def session_clock(first: int, last: int, calendar: str) -> Callable[[int], tuple[int, int]]:
    """``session_bounds`` for one timestamp at a time, without looking the sessions up again from ``first`` to ``last`` (ns UTC)."""
    sessions = _sessions_around(utc_date(first), utc_date(last), calendar)
    opens, closes = sessions.open.tolist(), sessions.close.tolist()

    def bounds(timestamp: int) -> tuple[int, int]:
        if closes[0] < timestamp <= closes[-1]:
            index = bisect_left(closes, timestamp)
            return opens[index], closes[index]
        opened, closed = session_bounds(np.array([timestamp]), calendar)
        return int(opened[0]), int(closed[0])

    return bounds


def sessions_of_days(first_day: int, last_day: int, calendar: str) -> Sessions:
    """The sessions of ``first_day`` .. ``last_day`` (days since 1970) and of at least two months on either side."""
    epoch = date(1970, 1, 1)
    return _sessions_around(epoch + timedelta(days=first_day), epoch + timedelta(days=last_day), calendar)


def utc_date(timestamp: int) -> date:
    """The date in UTC of ``timestamp`` (ns)."""
    return datetime.fromtimestamp(timestamp // NS_PER_SECOND, tz=UTC).date()


def _sessions_around(first: date, last: date, name: str) -> Sessions:
    years = (first - MARGIN).year, (last + MARGIN).year
    if name == "XNYS" and xnys.knows(*years):
        day, opened, closed = xnys.new_york_sessions(*years)
        return Sessions(day, opened, closed, closed, closed)
    from exchange_calendars import errors, get_calendar_names

    try:
        return _sessions_of_years(*years, name)
    except errors.InvalidCalendarName:
        meant = near(name, get_calendar_names(include_aliases=True))
        raise ConfigError(f"[data] calendar = {name!r} is unknown{meant}; allowed: exchange_calendars' names, as XNYS or XLON") from None
    except ValueError as error:  # the library's way to say that the dates are outside of what it knows
        raise MissingDataError(f"[data] calendar = {name!r} does not cover {first} .. {last}: {error}") from None


@lru_cache(maxsize=32)  # folds of a walk-forward ask for a few ranges again and again, and one takes a tenth of a second to make
def _sessions_of_years(first: int, last: int, name: str) -> Sessions:
    from exchange_calendars import get_calendar

    calendar = get_calendar(name, start=f"{first}-01-01", end=f"{last}-12-31")
    close = calendar.closes_nanos
    breaks = [np.where(column < calendar.opens_nanos, close, column) for column in (calendar.break_starts_nanos, calendar.break_ends_nanos)]
    return Sessions(calendar.sessions_nanos // NS_PER_DAY, calendar.opens_nanos, close, *breaks)


def _day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
