"""Nanoseconds UTC to the dates people read: ISO text and New York sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.domain.market import Integers

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
#: In hours. New York has never changed its clocks twice in so many.
FORTNIGHT = 14 * 24
NEW_YORK = ZoneInfo("America/New_York")


def _offset(hour: int) -> int:
    """New York's offset from UTC in the given hour since 1970, ns."""
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(NEW_YORK).utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * SECOND


def _offsets(hours: Integers) -> Integers:
    """The same of many hours, int64: where a fortnight begins and ends with one offset it has no other."""
    fortnights, which = np.unique(hours // FORTNIGHT, return_inverse=True)
    begins, ends = (np.array([_offset(hour) for hour in edge.tolist()]) for edge in (fortnights * FORTNIGHT, (fortnights + 1) * FORTNIGHT))
    found = begins[which]
    for place in (begins != ends)[which].nonzero()[0].tolist():
        found[place] = _offset(int(hours[place]))
    return found


def new_york(timestamps: Integers) -> Integers:
    """Wall-clock time in New York as ns since 1970 there: int64 [T]. Offsets change on whole UTC hours only."""
    if timestamps.size == 0:
        return timestamps
    hours = timestamps // HOUR
    first = np.flatnonzero(np.append(True, hours[1:] != hours[:-1]))
    return timestamps + np.repeat(_offsets(hours[first]), np.diff(np.append(first, hours.size)))


def session_days(timestamps: Integers) -> Integers:
    """New York calendar date of each instant, as whole days since 1970."""
    return new_york(timestamps) // DAY


def iso_dates(days: Integers) -> list[str]:
    """Days since 1970 as ``YYYY-MM-DD``."""
    return [str(day) for day in np.datetime_as_string(days.astype("datetime64[D]"))]


def local_times(timestamps: Iterable[int], *, intraday: bool) -> list[str]:
    """New York date, and the minute when ``intraday``."""
    local = new_york(np.fromiter(timestamps, dtype=np.int64)).astype("datetime64[ns]")
    texts = np.datetime_as_string(local, unit="m") if intraday else np.datetime_as_string(local, unit="D")
    return [str(text).replace("T", " ") for text in texts]


def iso_utc(timestamps: Iterable[int]) -> list[str]:
    """ISO-8601 with a Z; whole seconds, or nanoseconds where one of the instants has a fraction of a second."""
    column = np.fromiter(timestamps, dtype=np.int64)
    instants = column.astype("datetime64[ns]")
    return [f"{text}Z" for text in np.datetime_as_string(instants, unit="ns" if np.any(column % SECOND) else "s")]


def parse_utc(text: str) -> int:
    """The inverse of ``iso_utc`` for one instant; ``ValueError`` for anything else."""
    if not text.endswith("Z"):
        raise ValueError(f"{text!r} does not end in Z")
    return int(np.datetime64(text[:-1], "ns").astype(np.int64))
