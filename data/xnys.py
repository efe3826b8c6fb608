"""The sessions of the New York exchange from a table of its own, for runs that would spend more on making a calendar than on the run.

``xnys.csv`` says what is unlike a weekday from 9:30 to 16:00 in New York: days it was closed, days that ended early, and where the clocks
changed (the zone's distance from UTC from that day on). It holds what exchange_calendars says; a test compares the two day by day.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.finding import NS_PER_DAY, NS_PER_SECOND

if TYPE_CHECKING:
    from framework.domain.market import Integers

FIRST_YEAR, LAST_YEAR = 1990, 2040
_TABLE = Path(__file__).with_name("xnys.csv")
_NS_PER_MINUTE = 60 * NS_PER_SECOND
_OPEN, _CLOSE = 9 * 60 + 30, 16 * 60
#: 1970-01-01 was a Thursday; Monday is 0.
_THURSDAY, _SATURDAY = 3, 5


def knows(first_year: int, last_year: int) -> bool:
    """Whether the table covers these years, both inclusive."""
    return first_year >= FIRST_YEAR and last_year <= LAST_YEAR


def new_york_sessions(first_year: int, last_year: int) -> tuple[Integers, Integers, Integers]:
    """Day (since 1970), open and close (ns UTC) of each session of these years, both inclusive; int64."""
    day, opened, closed = _all_sessions()
    bounds = [np.datetime64(f"{year}-01-01", "D").astype(np.int64) for year in (first_year, last_year + 1)]
    inside = slice(*np.searchsorted(day, bounds).tolist())
    return day[inside], opened[inside], closed[inside]


@cache
def _all_sessions() -> tuple[Integers, Integers, Integers]:
    lines = [line.split(",") for line in _TABLE.read_text(encoding="ascii").split()[1:]]
    when = np.array([day for day, _ in lines], dtype="datetime64[D]").astype(np.int64)
    what = np.array([what for _, what in lines])
    day = np.arange(when[0], np.datetime64(f"{LAST_YEAR + 1}-01-01", "D").astype(np.int64))
    day = day[((day + _THURSDAY) % 7 < _SATURDAY) & ~np.isin(day, when[what == "closed"])]
    moved = np.char.startswith(what, "utc")
    behind = np.array([-int(text[3:]) * 60 for text in what[moved]])
    midnight = day * NS_PER_DAY + behind[np.searchsorted(when[moved], day, side="right") - 1] * _NS_PER_MINUTE
    ends = np.full(len(day), _CLOSE)
    early = ~moved & (what != "closed")
    ends[np.searchsorted(day, when[early])] = [int(text[:2]) * 60 + int(text[3:]) for text in what[early]]
    columns = day, midnight + _OPEN * _NS_PER_MINUTE, midnight + ends * _NS_PER_MINUTE
    for column in columns:
        column.flags.writeable = False
    return columns
