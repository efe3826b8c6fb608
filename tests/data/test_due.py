"""How many bars should have come: sessions for daily bars, steps of the open time for finer ones."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.due import DueBars
from framework.errors import ConfigError
from tests.builders import MINUTE, daily, minutes

MONDAY, TUESDAY = date(2012, 1, 9), date(2012, 1, 10)


def between(due, first, last):
    return due(last) - due(first)


def test_a_daily_bar_is_due_at_each_session_close():
    # 2012-01-13 is a Friday; the Monday after it was a holiday.
    closes = daily(20)
    due = DueBars(closes[0], closes[-1], "1d", "XNYS")
    assert [between(due, closes[0], close) for close in closes] == list(range(20))
    assert between(due, closes[3], closes[4] - 1) == 0
    assert between(due, closes[8], closes[8] + 4 * 24 * 60 * MINUTE) == 1


@pytest.mark.parametrize(
    ("resolution", "minute", "count"),
    [
        ("1m", 0, 0),
        ("1m", 1, 1),
        ("1m", 390, 390),
        ("5m", 4, 0),
        ("5m", 390, 78),
        ("1h", 59, 0),
        ("1h", 60, 1),
        ("1h", 389, 6),
        ("1h", 390, 7),
    ],
)
def test_within_a_session_the_steps_are_counted_and_the_last_may_be_shorter(resolution, minute, count):
    opened, then = minutes(MONDAY, (0, minute))
    due = DueBars(opened, then, resolution, "XNYS")
    assert between(due, opened, then) == count
    assert between(due, opened, then + MINUTE // 2) == count


def test_the_night_is_no_time_and_a_half_day_is_a_short_one():
    (evening,), (morning,) = minutes(MONDAY, (390,)), minutes(TUESDAY, (1,))
    assert between(DueBars(evening, morning, "1m", "XNYS"), evening, morning) == 1
    first, last = minutes(date(2011, 11, 25), (0, 400))
    assert between(DueBars(first, last, "1m", "XNYS"), first, last) == 210


@pytest.mark.parametrize(("resolution", "calendar"), [("1m", "XNYS"), ("7m", "XNYS"), ("1d", "XNYS"), ("30m", "XTKS")])
@given(steps=st.lists(st.integers(-3_000, 40_000), max_size=40))
def test_many_times_are_counted_as_each_alone(resolution, calendar, steps):
    first = daily(1)[0]
    times = np.array([first + step * MINUTE for step in steps], dtype=np.int64)
    due = DueBars(first - 3_000 * MINUTE, first + 20_000 * MINUTE, resolution, calendar)
    assert due.counts(times).tolist() == [due(time) for time in times.tolist()]


def test_a_lunch_break_is_no_time_either():
    # Tokyo on 2024-01-09: 9:00 to 11:30 and 12:30 to 15:00 local time, 00:00 to 06:00 UTC.
    opened = 1_704_758_400 * 10**9
    due = DueBars(opened, opened, "30m", "XTKS")
    assert [between(due, opened, opened + int(hours * 60) * MINUTE) for hours in (2, 2.5, 3, 3.5, 4, 6)] == [4, 5, 5, 5, 6, 10]


def test_a_clock_may_run_past_the_data():
    closes = daily(1_000)
    due = DueBars(closes[0], closes[9], "1d", "XNYS")
    assert between(due, closes[0], closes[-1]) == 999


@cache
def a_year(resolution):
    return DueBars(daily(1)[0], daily(250)[-1], resolution, "XNYS")


@given(st.lists(st.integers(0, 300 * 24 * 60), min_size=2, max_size=6), st.sampled_from(["1d", "1m", "7m", "1h"]))
def test_counts_never_fall(offsets, resolution):
    counts = [a_year(resolution)(daily(1)[0] + offset * MINUTE) for offset in sorted(offsets)]
    assert counts == sorted(counts)


def test_an_unknown_calendar_is_refused():
    with pytest.raises(ConfigError, match="XNYX"):
        DueBars(daily(1)[0], daily(1)[0], "1d", "XNYX")(daily(1)[0])
