"""Dates, times, offsets and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, FindingKind, load
from framework.errors import BadDataError

HEADER = "timestamp,open,high,low,close,volume\n"


def rows(*times: str) -> str:
    return HEADER + "".join(f"{time},10,11,9,10.5,100\n" for time in times)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    "times",
    [
        ("2012-03-09", "2012-03-12"),
        ("20120309", "20120312"),
        ("2012-03-09 00:00:00", "2012-03-12 00:00:00"),
        ("2012-03-09T16:00:00", "2012-03-12T16:00:00"),
        ("2012-03-09 00:00:00-05:00", "2012-03-12 00:00:00-04:00"),
        ("2012-03-09T16:00:00-0500", "2012-03-12T16:00:00-0400"),
        ("2012-03-09T05:00:00Z", "2012-03-12T04:00:00Z"),
        ("2012-03-09T00:00:00Z", "2012-03-12T00:00:00Z"),
        ("2012-03-09 00:00:00+00", "2012-03-12 00:00:00+00"),
    ],
)
def test_a_daily_bar_is_stamped_at_its_session_s_close_however_its_date_is_written(times, load_csv):
    stamps = load_csv(rows(*times)).series["AAPL"].timestamp
    assert stamps.tolist() == [utc("2012-03-09T21:00:00"), utc("2012-03-12T20:00:00")]


def test_a_half_day_is_stamped_at_one_o_clock(load_csv):
    stamps = load_csv(rows("2012-11-21", "2012-11-23", "2012-11-26")).series["AAPL"].timestamp
    assert stamps.tolist() == [utc("2012-11-21T21:00:00"), utc("2012-11-23T18:00:00"), utc("2012-11-26T21:00:00")]


@pytest.mark.parametrize(
    ("times", "timezone"),
    [
        (("2012-03-09 16:00", "2012-03-12 10:30"), "America/New_York"),
        (("2012-03-09 15:00", "2012-03-12 09:30"), "America/Chicago"),
        (("2012-03-09T21:00:00Z", "2012-03-12T14:30:00Z"), "America/New_York"),
        (("2012-03-09T16:00:00-05:00", "2012-03-12T10:30:00-04:00"), "Asia/Tokyo"),
    ],
)
def test_intraday_times_are_closes_in_the_configured_timezone_or_with_their_offset(times, timezone, load_csv):
    stamps = load_csv(rows(*times), resolution="1h", timezone=timezone).series["AAPL"].timestamp
    assert stamps.tolist() == [utc("2012-03-09T21:00:00"), utc("2012-03-12T14:30:00")]


@pytest.mark.parametrize("time", ["2012-11-04 01:30:00", "2012-03-11 02:30:00"])
def test_a_naive_time_that_exists_twice_or_never_is_refused(time, load_csv):
    with pytest.raises(BadDataError, match=rf"AAPL\.csv, row 2: {time} is not one moment in America/New_York.*with a UTC offset"):
        load_csv(rows(time, "2012-11-05 10:00"), resolution="30m")


def test_dates_without_times_are_no_intraday_bars(load_csv):
    with pytest.raises(BadDataError, match=r'dates without times, but \[data\] resolution = "5m"; for daily bars set "1d"'):
        load_csv(rows("2012-03-09", "2012-03-12"), resolution="5m")


def every(minutes: int, first: str, last: str) -> list[str]:
    time, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    times = []
    while time <= end:
        times.append(str(time))
        time += timedelta(minutes=minutes)
    return times


def test_whole_sessions_and_a_half_day_of_intraday_bars_have_no_gap(load_csv):
    days = [("2012-07-02", "16:00"), ("2012-07-03", "13:00"), ("2012-07-05", "16:00")]
    times = [time for day, close in days for time in every(30, f"{day}T10:00", f"{day}T{close}")]
    assert load_csv(rows(*times), resolution="30m").findings == ()


def test_hourly_bars_cut_short_by_the_open_or_by_the_close_have_no_gap(load_csv):
    cut_at_close = [t for d in ("2012-07-05", "2012-07-06") for t in [*every(60, f"{d}T10:30", f"{d}T15:30"), f"{d} 16:00"]]
    cut_at_open = [t for d in ("2012-07-05", "2012-07-06") for t in every(60, f"{d}T10:00", f"{d}T16:00")]
    assert load_csv(rows(*cut_at_close), resolution="1h").findings == ()
    assert load_csv(rows(*cut_at_open), resolution="1h").findings == ()


def test_bars_that_are_shorter_than_the_resolution_says_are_found(load_csv):
    times = [time for day in ("2012-07-05", "2012-07-06") for time in every(5, f"{day}T09:35", f"{day}T16:00")]
    with pytest.raises(
        BadDataError, match=r"overlap \(1\):\n.*row 3 of.*152 of 156 bars of 30m close sooner after .* 300 s after it: is the reso"
    ):
        load_csv(rows(*times), resolution="30m")
    (found,) = load_csv(rows(*times), resolution="30m", policy={"overlap": "accept"}).findings
    assert found.kind is FindingKind.OVERLAP
    assert load_csv(rows(*times), resolution="5m").findings == ()


def test_one_bar_between_two_others_is_found(load_csv):
    times = every(30, "2012-07-05T10:00", "2012-07-05T16:00")
    with pytest.raises(BadDataError, match=r"overlap \(1\):\n.*row 5 of.* 2 of 14 bars of 30m"):
        load_csv(rows(*times[:3], "2012-07-05 11:10:00", *times[3:]), resolution="30m")


def test_the_row_of_a_bar_that_overlaps_is_that_of_the_file_where_others_are_left_out(load_csv):
    times = every(30, "2012-07-05T08:00", "2012-07-05T16:00")
    with pytest.raises(BadDataError, match=r"overlap \(1\):\n.*row 9 of.* this one 600 s after it"):
        load_csv(rows(*times[:7], "2012-07-05 11:10:00", *times[7:]), resolution="30m", policy={"not_a_session": "drop"})


@pytest.mark.parametrize(
    ("missing", "count"),
    [(["2012-07-05 11:00:00"], 1), (["2012-07-05 16:00:00"], 1), (["2012-07-06 10:00:00", "2012-07-06 10:30:00"], 2)],
)
def test_a_missing_intraday_bar_is_a_gap_wherever_in_the_session(missing, count, load_csv):
    times = [time for day in ("2012-07-05", "2012-07-06") for time in every(30, f"{day}T10:00", f"{day}T16:00")]
    kept = [time for time in times if time not in missing]
    with pytest.raises(BadDataError, match=rf"gap \(1\):\n.*{count} bars? missing"):
        load_csv(rows(*kept), resolution="30m")
    assert len(load_csv(rows(*kept), resolution="30m", policy={"gap": "accept"}).series["AAPL"]) == len(kept)


def test_a_missing_session_of_intraday_bars_is_a_gap(load_csv):
    times = [time for day in ("2012-07-03", "2012-07-06") for time in every(30, f"{day}T10:00", f"{day}T13:00")]
    with pytest.raises(BadDataError, match="13 bars missing"):  # the whole 5th: the 3rd was a half day
        load_csv(rows(*times), resolution="30m")


@pytest.mark.filterwarnings("ignore:DatetimeIndex.weekday:DeprecationWarning")  # exchange_calendars with pandas 3.1
def test_a_lunch_break_is_no_gap_and_a_bar_in_it_is_outside(load_csv):
    times = [*every(30, "2012-07-05T10:00", "2012-07-05T12:00"), *every(30, "2012-07-05T13:30", "2012-07-05T16:00")]
    place = {"resolution": "30m", "calendar": "XHKG", "timezone": "Asia/Hong_Kong"}
    assert load_csv(rows(*times), **place).findings == ()
    with pytest.raises(BadDataError, match=r"not_a_session \(1\)"):
        load_csv(rows(*times[:5], "2012-07-05 12:30", *times[5:]), **place)


@pytest.mark.parametrize(("policy", "left"), [("drop", 13), ("accept", 17)])
def test_bars_before_the_open_and_after_the_close_are_one_finding_each(policy, left, load_csv):
    times = every(30, "2012-07-05T09:00", "2012-07-05T17:00")
    loaded = load_csv(rows(*times), resolution="30m", policy={"not_a_session": policy})
    assert [finding.kind for finding in loaded.findings] == [FindingKind.NOT_A_SESSION] * 2
    assert "2 rows up to 2012-07-05T13:30:00Z" in loaded.findings[0].detail
    assert len(loaded.series["AAPL"]) == left


def test_a_frame_s_index_may_be_of_any_unit_and_zone(bars):
    request = DataRequest(symbols=("AAPL",), source="frames")
    index = pd.DatetimeIndex(bars.date)
    plain = bars.drop(columns="date")
    stamps = [
        load(request, {"AAPL": plain.set_index(variant)}).series["AAPL"].timestamp
        for variant in (index.as_unit("s"), index.as_unit("ns"), index.tz_localize("America/New_York"), index.tz_localize("UTC"))
    ]
    for other in stamps[1:]:
        np.testing.assert_array_equal(stamps[0], other)
