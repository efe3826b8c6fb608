"""Session times against facts that anybody can look up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import session_bounds, session_clock, session_closes
from framework.errors import ConfigError, MissingDataError

NEW_YORK = ZoneInfo("America/New_York")


#: The exchange was closed for four sessions after 2001-09-11.
CLOSES = tuple(session_closes(date(2001, 8, 1), date(2001, 11, 1)).close.tolist())


def ns(*local: int) -> int:
    return int(datetime(*local, tzinfo=NEW_YORK).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("day", "close"),
    [
        (date(2012, 3, 9), datetime(2012, 3, 9, 21, 0, tzinfo=UTC)),  # winter time
        (date(2012, 3, 12), datetime(2012, 3, 12, 20, 0, tzinfo=UTC)),  # summer time began on the 11th
        (date(2012, 7, 3), datetime(2012, 7, 3, 17, 0, tzinfo=UTC)),  # half day, 13:00 in New York
        (date(2012, 11, 23), datetime(2012, 11, 23, 18, 0, tzinfo=UTC)),  # half day in winter
        (date(2012, 11, 2), datetime(2012, 11, 2, 20, 0, tzinfo=UTC)),
        (date(2012, 11, 5), datetime(2012, 11, 5, 21, 0, tzinfo=UTC)),  # winter time began on the 4th
    ],
)
def test_a_session_closes_at_the_exchange_s_time_in_utc(day, close):
    sessions = session_closes(day, day)
    assert sessions.close.tolist() == [int(close.timestamp()) * 10**9]
    assert sessions.day.tolist() == [(day - date(1970, 1, 1)).days]


def test_holidays_and_weekends_are_no_sessions():
    # Hurricane Sandy closed the exchange on 29 and 30 October 2012.
    sessions = session_closes(date(2012, 10, 26), date(2012, 11, 1))
    days = [str(np.datetime64(int(day), "D")) for day in sessions.day]
    assert days == ["2012-10-26", "2012-10-31", "2012-11-01"]
    assert len(session_closes(date(2012, 10, 27), date(2012, 10, 30))) == 0


def test_bounds_are_those_of_the_session_that_contains_the_close_of_a_bar():
    times = [ns(2012, 7, 3, 9, 31), ns(2012, 7, 3, 13, 0), ns(2012, 7, 5, 16, 0)]
    opens, closes = session_bounds(np.array(times))
    assert opens.tolist() == [ns(2012, 7, 3, 9, 30), ns(2012, 7, 3, 9, 30), ns(2012, 7, 5, 9, 30)]
    assert closes.tolist() == [ns(2012, 7, 3, 13, 0), ns(2012, 7, 3, 13, 0), ns(2012, 7, 5, 16, 0)]


def test_a_time_outside_every_session_gets_the_next_one():
    opens, closes = session_bounds(np.array([ns(2012, 7, 3, 14, 0)]))
    assert (opens[0], closes[0]) == (ns(2012, 7, 5, 9, 30), ns(2012, 7, 5, 16, 0))


def test_no_timestamps_have_no_bounds():
    opens, closes = session_bounds(np.array([], dtype=np.int64))
    assert len(opens) == len(closes) == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(ns(2001, 9, 1, 0), ns(2001, 10, 1, 0)), min_size=1, max_size=50))
def test_no_time_is_after_the_close_of_its_session_nor_before_the_close_of_the_one_before(times):
    opens, closes = session_bounds(np.array(times))
    assert (opens < closes).all()
    for time, close in zip(times, closes.tolist(), strict=True):
        assert close == min(c for c in CLOSES if c >= time)


def test_an_unknown_calendar_is_a_config_error_with_a_near_name():
    with pytest.raises(ConfigError, match=r"\[data\] calendar = 'XNYSE' is unknown; did you mean \w+\?"):
        session_closes(date(2012, 1, 3), date(2012, 1, 4), "XNYSE")


def test_dates_a_calendar_does_not_cover_are_missing_data():
    with pytest.raises(MissingDataError, match="'XHKG' does not cover 1901-01-01"):
        session_closes(date(1901, 1, 1), date(1901, 2, 1), "XHKG")


@pytest.mark.parametrize("shift", [-1, 0, 1, 3600 * 10**9])
def test_a_clock_gives_the_same_bounds_one_at_a_time_inside_its_range_and_outside(shift):
    clock = session_clock(CLOSES[20], CLOSES[30], "XNYS")
    years_away = [ns(year, 3, 5, 12, 0) for year in (1999, 2005)]
    times = np.array([*(close + shift for close in CLOSES), *years_away])
    opens, closes = session_bounds(times)
    assert [clock(int(time)) for time in times] == list(zip(opens.tolist(), closes.tolist(), strict=True))
