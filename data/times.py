"""Dates and times of a table -> session days or UTC nanoseconds.

Text must be ISO 8601. For daily bars only the date counts: the date as written where there is no offset; the date in the configured
timezone where there is one, except that midnight UTC, which many sources write for a plain date, means that date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.finding import NS_PER_DAY
from data.spans import spans
from framework.errors import BadDataError

if TYPE_CHECKING:
    import pandas as pd

    from data.raw_bars import Rows
    from data.request import DataRequest
    from framework.domain.market import Integers

#: Rows that most often tell already that times are no dates.
FEW = 16
ALLOWED = "allowed: ISO 8601, such as 2012-01-31 or 2012-01-31T10:30:00-05:00"


class SameTimes:
    """Times that were parsed last: most tables of a universe have the same index, and need not be asked again."""

    def __init__(self) -> None:
        self._given: pd.DatetimeIndex | None = None
        self._parsed: Integers | None = None

    def parse(self, values: pd.Series | pd.DatetimeIndex, row: Rows, origin: str, request: DataRequest) -> Integers:
        """``parse_times``; the very column of the table before where the index is that of it."""
        import pandas as pd

        if not isinstance(values, pd.DatetimeIndex):
            return parse_times(values, row, origin, request)
        before = self._given
        if self._parsed is None or before is None or before.dtype != values.dtype or not np.array_equal(before.asi8, values.asi8):
            self._given, self._parsed = values, parse_times(values, row, origin, request)
        return self._parsed


def parse_times(values: pd.Series | pd.DatetimeIndex, row: Rows, origin: str, request: DataRequest) -> Integers:
    """``values`` (text, dates or timestamps) as days since 1970 for daily bars, or as ns UTC for intraday ones; int64[n].

    ``row`` and ``origin`` are for messages.

    Raises ``BadDataError`` for a blank or unreadable value, for a naive time that a change of the clocks makes ambiguous or impossible, and
    for dates without times where an intraday resolution is asked for.
    """
    import pandas as pd

    if values.hasnans:
        blank = np.flatnonzero(pd.isna(values))
        raise BadDataError(f"{origin}, row {row[blank[0]]}: the timestamp is blank; {ALLOWED}")
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise BadDataError(
            f"{origin}, row {row[0]}: the timestamp {values.to_numpy()[0]} is a number, which could mean anything; {ALLOWED}"
        )
    times = _parsed(values, row, origin)
    return _session_days(times, request.timezone) if request.is_daily else _utc(times, row, origin, request)


def _parsed(values: pd.Series | pd.DatetimeIndex, row: Rows, origin: str) -> pd.DatetimeIndex:
    import pandas as pd

    try:
        if isinstance(values.dtype, (np.dtype, pd.DatetimeTZDtype)) and values.dtype.kind == "M":
            # An index never changes; a column may, afterwards.
            times = values if isinstance(values, pd.DatetimeIndex) else pd.DatetimeIndex(values, copy=True)
            return times if times.unit == "ns" else times.as_unit("ns")
        return pd.DatetimeIndex(_from_text(pd.Series(values).astype(str))).as_unit("ns")
    except (ValueError, OverflowError):
        values = pd.Series(values)
        index = _first_unreadable(values)
        if index is None:
            raise BadDataError(f"{origin}: some timestamps have a UTC offset and some have none; write all of them one way") from None
        raise BadDataError(f"{origin}, row {row[index]}: {str(values.iloc[index])!r} is no timestamp; {ALLOWED}") from None


def _from_text(text: pd.Series) -> pd.Series:
    """Offsets that differ (summer and winter time) need ``utc=True``, which must not be applied to times without any offset."""
    import pandas as pd

    aware = text.str.contains(r":\d{2}.*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$", regex=True)
    if aware.any() and not aware.all():
        raise ValueError
    return pd.to_datetime(text, format="ISO8601", utc=bool(aware.all()))


def _first_unreadable(values: pd.Series) -> int | None:
    import pandas as pd

    times = pd.to_datetime(values.astype(str), format="ISO8601", utc=True, errors="coerce").dt.as_unit("s")
    # Nanoseconds since 1970 in an int64 reach from 1677 to 2262.
    bad = np.flatnonzero((times.isna() | (times.dt.year < 1700) | (times.dt.year > 2200)).to_numpy())
    return int(bad[0]) if len(bad) else None


def _session_days(times: pd.DatetimeIndex, timezone: str) -> Integers:
    stamps = times.asi8
    if times.tz is not None and (stamps % NS_PER_DAY).any():
        stamps = np.where(stamps % NS_PER_DAY == 0, stamps, times.tz_convert(timezone).tz_localize(None).asi8)
    return stamps // NS_PER_DAY


def _has_times(times: pd.DatetimeIndex, timezone: str) -> bool:
    """Whether any of ``times`` is not midnight."""
    local = times if times.tz is None else times.tz_convert(timezone).tz_localize(None)
    return bool((local.asi8 % NS_PER_DAY).any())


def _utc(times: pd.DatetimeIndex, row: Rows, origin: str, request: DataRequest) -> Integers:
    if not (_has_times(times[:FEW], request.timezone) or any(_has_times(times[span], request.timezone) for span in spans(len(times)))):
        remedy = "" if request.is_finer else '; for daily bars set "1d"'
        raise BadDataError(f'{origin}: dates without times, but [data] {request.key("resolution")} = "{request.resolution}"{remedy}')
    if times.tz is not None:
        return times.asi8
    stamped = times.tz_localize(request.timezone, ambiguous="NaT", nonexistent="NaT")
    unclear = np.flatnonzero(stamped.isna())
    if len(unclear):
        index = unclear[0]
        raise BadDataError(
            f"{origin}, row {row[index]}: {times[index]} is not one moment in {request.timezone}, the clocks change then; "
            "write timestamps with a UTC offset, such as 2012-11-04T01:30:00-05:00"
        )
    return stamped.asi8
