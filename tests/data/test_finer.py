"""Bars of a finer resolution: what is asked of them, and which bar they make up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, FindingKind, load
from framework.errors import BadDataError, ConfigError, MissingDataError

DAYS = ("2012-01-03", "2012-01-04", "2012-01-05")


def table(times, rows):
    columns = dict(zip(("open", "high", "low", "close", "volume"), zip(*[(*row, 1000.0)[:5] for row in rows], strict=True), strict=True))
    return pd.DataFrame({"timestamp": times, **columns})


def days(rows):
    return table(DAYS[: len(rows)], rows)


def hours(*rows_of_days):
    """Bars of the first hours of each day, stamped with their closes in New York."""
    times = [f"{day} {10 + number}:30" for day, rows in zip(DAYS, rows_of_days, strict=False) for number in range(len(rows))]
    return table(times, [row for rows in rows_of_days for row in rows])


WHOLE = [(10, 12, 9, 11), (11, 13, 10, 12), (12, 14, 11, 13)]
MADE = ([(10, 12, 10, 11), (11, 11, 9, 11)], [(11, 13, 11, 13), (13, 13, 10, 12)], [(12, 14, 12, 14), (14, 14, 11, 13)])


def loaded(coarse, finer, resolution="1h", **request):
    asked = DataRequest(symbols=("AAPL",), source="frames", finer=resolution, **request)
    return load(asked, {"AAPL": coarse}, {"AAPL": finer})


def pieces(dataset):
    bars = dataset.finer["AAPL"]
    return [(int(first), int(last)) for first, last in zip(bars.first, bars.last, strict=True)]


def test_each_bar_is_made_of_the_finer_bars_of_its_session():
    dataset = loaded(days(WHOLE), hours(*MADE))
    assert pieces(dataset) == [(0, 2), (2, 4), (4, 6)]
    assert dataset.findings == ()
    assert dataset.finer["AAPL"].series.symbol == "AAPL 1h"


def test_an_hour_is_made_of_the_minutes_after_the_hour_before():
    coarse = table([f"2012-01-03 {hour}:30" for hour in (10, 11, 12)], [(10, 12, 9, 11)] * 3)
    times = ["10:00", "10:30", "11:00", "11:30", "11:31", "12:30"]
    finer = table([f"2012-01-03 {time}" for time in times], [(10, 12, 9, 11)] * 6)
    request = DataRequest(symbols=("AAPL",), source="frames", resolution="1h", finer="1m")
    assert pieces(load(request, {"AAPL": coarse}, {"AAPL": finer})) == [(0, 2), (2, 4), (4, 6)]


def test_a_bar_whose_session_has_no_finer_bars_has_none():
    assert pieces(loaded(days(WHOLE), hours(MADE[0], [], MADE[2]))) == [(0, 2), (2, 2), (2, 4)]


def test_finer_bars_of_a_session_without_a_bar_belong_to_none():
    coarse = days(WHOLE).drop(index=1)
    assert pieces(loaded(coarse, hours(*MADE), policy={"gap": "accept"})) == [(0, 2), (4, 6)]


def test_bars_before_the_open_and_after_the_close_are_left_out():
    early = table(["2012-01-03 08:00", "2012-01-03 17:00"], [(50, 60, 40, 50)] * 2)
    finer = pd.concat([early[:1], hours(*MADE)[:2], early[1:], hours(*MADE)[2:]], ignore_index=True)
    assert pieces(loaded(days(WHOLE), finer)) == [(0, 2), (2, 4), (4, 6)]


@pytest.mark.parametrize(
    ("rows", "span"),
    [
        ([(11, 13.02, 11, 13), (13, 13, 10, 12)], "10 to 13.02"),
        ([(11, 13, 11, 13), (13, 13, 9.5, 12)], "9.5 to 13"),
        ([(11, 12, 11, 12), (12, 12, 10, 12)], "10 to 12"),
    ],
    ids=["beyond the high", "below the low", "short of the high"],
)
def test_finer_bars_that_do_not_make_up_their_bar_are_found_and_not_walked(rows, span):
    dataset = loaded(days(WHOLE), hours(MADE[0], rows, MADE[2]))
    assert pieces(dataset) == [(0, 2), (4, 4), (4, 6)]
    (finding,) = dataset.findings
    assert (finding.kind, finding.symbol, finding.action) == (FindingKind.FINER_RANGE, "AAPL", "walked as one bar")
    assert "1 of 3 bars" in finding.detail
    assert f"2012-01-04T21:00:00Z the bar spans 10 to 13, the finer ones {span}" in finding.detail


def test_a_cent_is_rounding():
    rows = [(11, 12.99, 11, 12.99), (12, 12, 10.01, 12)]
    assert pieces(loaded(days(WHOLE), hours(MADE[0], rows, MADE[2]))) == [(0, 2), (2, 4), (4, 6)]


def test_the_policy_may_refuse_them():
    with pytest.raises(BadDataError, match=r'finer_range \(1\)(.|\n)*\[data.policy\] finer_range = "accept"'):
        loaded(days(WHOLE), hours(MADE[0], MADE[0], MADE[2]), policy={"finer_range": "refuse"})


def test_splits_adjust_both_alike():
    split = days(WHOLE).assign(split=[1, 1, 2])
    halved = [tuple(price / 2 for price in row) for row in MADE[2]]
    finer = hours(MADE[0], MADE[1], halved)
    split[["open", "high", "low", "close"]] = split[["open", "high", "low", "close"]].div([1, 1, 2], axis=0)
    dataset = loaded(split, finer.assign(split=[1, 1, 1, 1, 2, 1]))
    assert pieces(dataset) == [(0, 2), (2, 4), (4, 6)]
    assert dataset.finer["AAPL"].series.high.tolist() == [6, 5.5, 6.5, 6.5, 7, 7]


def test_a_broken_finer_bar_is_refused_like_any_other():
    broken = hours(*MADE)
    broken.loc[3, "low"] = np.nan
    with pytest.raises(BadDataError, match=r"nan \(1\)"):
        loaded(days(WHOLE), broken)


def test_what_policy_lets_pass_says_of_which_bars_it_is():
    broken = hours(*MADE)
    broken.loc[0, "close"] = np.nan
    findings = loaded(days(WHOLE), broken, policy={"nan": "drop"}).findings
    assert [finding.detail.startswith("1h bars: close is nan") for finding in findings if finding.kind is FindingKind.NAN] == [True]


@pytest.mark.parametrize("source", ["csv", "parquet"])
def test_files_of_finer_bars_have_a_folder_of_their_own(tmp_path, source):
    for folder, frame in (("days", days(WHOLE)), ("hours", hours(*MADE))):
        (tmp_path / folder).mkdir()
        write = frame.to_csv if source == "csv" else frame.to_parquet
        write(tmp_path / folder / f"AAPL.{source}", index=False)
    request = DataRequest(symbols=("AAPL",), source=source, path=tmp_path / "days", finer="1h", finer_path=tmp_path / "hours")
    assert pieces(load(request)) == [(0, 2), (2, 4), (4, 6)]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"finer": "1d"}, r"\[data\] finer = '1d'; allowed: minutes or hours such as 1m, 5m, 1h"),
        ({"finer": "1h", "resolution": "30m"}, "bars of 30m are not made of them"),
        ({"finer": "1h", "resolution": "1h"}, "bars of 1h are not made of them"),
        ({"finer": "7m", "resolution": "15m"}, "bars of 15m are not made of them"),
        ({"finer": "5m", "source": "sample"}, "the sample holds daily bars only"),
        ({"finer": "5m", "source": "csv"}, "needs finer_path, a folder of its own"),
    ],
)
def test_a_resolution_that_cannot_be_meant_is_refused(request_, words):
    with pytest.raises(ConfigError, match=words):
        DataRequest(**{"symbols": ("AAPL",), "source": "frames", **request_})


def test_a_folder_without_a_resolution_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="set finer, or remove it"):
        DataRequest(symbols=("AAPL",), source="csv", path=tmp_path, finer_path=tmp_path / "hours")


def test_one_folder_cannot_hold_both(tmp_path):
    with pytest.raises(ConfigError, match="needs finer_path, a folder of its own"):
        DataRequest(symbols=("AAPL",), source="csv", path=tmp_path, finer="5m", finer_path=tmp_path)


def test_a_folder_that_is_not_there_is_named_by_its_key(tmp_path):
    (tmp_path / "AAPL.csv").write_text(days(WHOLE).to_csv(index=False))
    request = DataRequest(symbols=("AAPL",), source="csv", path=tmp_path, finer="1h", finer_path=tmp_path / "hours")
    with pytest.raises(MissingDataError, match=r"\[data\] finer_path = .*hours' is not a folder"):
        load(request)


def test_dates_without_times_are_no_finer_bars():
    with pytest.raises(BadDataError, match=r'dates without times, but \[data\] finer = "1h"$'):
        loaded(days(WHOLE), days(WHOLE))


def test_finer_bars_that_were_not_given_are_asked_for():
    request = DataRequest(symbols=("AAPL",), source="frames", finer="1h")
    with pytest.raises(ConfigError, match=r'run\(config, finer=\{"AAPL": frame\}\)'):
        load(request, {"AAPL": days(WHOLE)})


def test_what_only_a_finer_bar_without_volume_reached_is_not_made_up():
    dataset = loaded(
        days([(10, 12, 8, 11), WHOLE[1]]), hours([(10, 12, 10, 11), (11, 11, 8, 11, 0.0)], MADE[1]), policy={"zero_volume": "accept"}
    )
    assert [finding.kind for finding in dataset.findings if finding.action == "walked as one bar"] == [FindingKind.FINER_RANGE]
