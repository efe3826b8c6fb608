"""When the venue trades: regular, extended and all-day hours of each date, from the calendar of the New York exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from brokers.robinhood.testing.clock import SECOND, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

NEW_YORK = ZoneInfo("America/New_York")
REGULAR, EXTENDED, ALL_DAY = "regular_hours", "extended_hours", "all_day_hours"
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_HOURS = 4 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class TradingDay:
    """Starts and ends of one date's trading, ns UTC, by kind of hours."""

    date: date
    windows: Mapping[str, tuple[int, int]]


def trading_day(day: date) -> TradingDay | None:
    """The trading of ``day`` (a date in New York); ``None`` on a closed day."""
    bounds = _sessions(day.year).get(day)
    if bounds is None:
        return None
    opens, closes = bounds
    late = closes + _AFTER_HOURS
    windows = {
        REGULAR: (opens, closes),
        EXTENDED: (_new_york(day, time(7)), late),
        ALL_DAY: (_new_york(day - _DAY, time(20)), late),
    }
    return TradingDay(day, MappingProxyType(windows))


def next_window(timestamp: int, hours: str) -> tuple[int, int]:
    """Start and end (ns UTC) of the trading of kind ``hours`` that is on at ``timestamp`` or comes next."""
    day = new_york_date(timestamp)
    while True:
        found = trading_day(day)
        if found is not None and timestamp < found.windows[hours][1]:
            return found.windows[hours]
        day += _DAY


def is_trading(timestamp: int, hours: str) -> bool:
    """Whether trading of kind ``hours`` is on."""
    return next_window(timestamp, hours)[0] <= timestamp


def neighbor(day: date, step: int) -> date:
    """The nearest trading date after (``step`` 1) or before (-1) ``day``."""
    day += step * _DAY
    while trading_day(day) is None:
        day += step * _DAY
    return day


def new_york_date(timestamp: int) -> date:
    """The date in New York."""
    return instant(timestamp).astimezone(NEW_YORK).date()


def new_york_time(timestamp: int) -> time:
    """The time of day in New York."""
    return instant(timestamp).astimezone(NEW_YORK).time()


def _new_york(day: date, at: time) -> int:
    return int((datetime.combine(day, at, NEW_YORK) - _EPOCH) / timedelta(seconds=1)) * SECOND


@cache
def _sessions(year: int) -> Mapping[date, tuple[int, int]]:
    from exchange_calendars import get_calendar

    calendar = get_calendar("XNYS", start=f"{year}-01-01", end=f"{year}-12-31")
    days = (date(1970, 1, 1) + timedelta(days=int(ns) // (86_400 * SECOND)) for ns in calendar.sessions_nanos)
    bounds = zip(calendar.opens_nanos.tolist(), calendar.closes_nanos.tolist(), strict=True)
    return MappingProxyType(dict(zip(days, bounds, strict=True)))
