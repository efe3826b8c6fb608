"""The table of New York's sessions holds what exchange_calendars says, day by day."""

from __future__ import annotations

from datetime import date, timedelta

import exchange_calendars
import numpy as np
import pytest

from data import xnys
from data.calendar import session_closes
from data.finding import NS_PER_DAY


@pytest.mark.slow
def test_every_session_of_the_table_is_the_library_s():
    first, last = xnys.FIRST_YEAR, xnys.LAST_YEAR
    calendar = exchange_calendars.get_calendar("XNYS", start=f"{first}-01-01", end=f"{last}-12-31")
    day, opened, closed = xnys.new_york_sessions(first, last)
    np.testing.assert_array_equal(day, calendar.sessions_nanos // NS_PER_DAY)
    np.testing.assert_array_equal(opened, calendar.opens_nanos)
    np.testing.assert_array_equal(closed, calendar.closes_nanos)


@pytest.mark.parametrize("years", [(1990, 1990), (2001, 2003), (2040, 2040)])
def test_a_range_of_years_is_that_part_of_the_table(years):
    day, opened, closed = xnys.new_york_sessions(*years)
    dates = day.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    assert (dates.min(), dates.max()) == years
    assert 245 <= len(day) / (years[1] - years[0] + 1) <= 254
    assert (opened < closed).all()


@pytest.mark.parametrize("day", [date(1990, 2, 20), date(1989, 6, 1), date(2040, 6, 1)])
def test_times_at_and_beyond_the_edge_of_the_table_are_known_all_the_same(day):
    sessions = session_closes(day - timedelta(days=70), day)
    assert sessions.day[-1] == (day - date(1970, 1, 1)).days


def test_nobody_can_write_into_the_table():
    for column in xnys.new_york_sessions(2012, 2012):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
