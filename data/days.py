"""Where a calendar day begins on the time axis of raw bars."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from data.finding import NS_PER_DAY, NS_PER_SECOND

if TYPE_CHECKING:
    from data.request import DataRequest
    from framework.domain.market import Integers

EPOCH = date(1970, 1, 1)
#: Bars of a US session close between 04:00 and 20:00 New York: five hours earlier all of them have the session's date in UTC.
_SHIFT = 5 * 3600 * NS_PER_SECOND


def day_start(day: date, request: DataRequest) -> int:
    """The least ``when`` of a bar of ``day``: a bar that closes at midnight belongs to the day before."""
    if request.is_daily:
        return (day - EPOCH).days
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(request.timezone))
    return int(midnight.timestamp()) * NS_PER_SECOND + 1


def days_of(when: Integers, request: DataRequest) -> Integers:
    """Days since 1970 of the sessions that raw bars belong to."""
    return when if request.is_daily else (when - _SHIFT) // NS_PER_DAY
