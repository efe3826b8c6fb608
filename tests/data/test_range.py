"""Which bars a run sees, and from when on it trades."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from data import DataRequest, load
from framework.errors import BadDataError, MissingDataError


def close_of(day: str) -> int:
    """16:00 New York in winter."""
    return int(datetime.fromisoformat(f"{day}T21:00:00+00:00").timestamp()) * 10**9


def test_without_a_range_every_bar_is_traded(bars, load_csv):
    loaded = load_csv(bars)
    assert loaded.first_trade == loaded.series["AAPL"].timestamp[0] == close_of("2012-01-03")


def test_start_and_end_are_inclusive_and_history_comes_before(bars, load_csv):
    loaded = load_csv(bars, start=date(2012, 2, 1), end=date(2012, 2, 10), warmup=5)
    series = loaded.series["AAPL"]
    assert loaded.first_trade == close_of("2012-02-01")
    assert series.timestamp[0] == close_of("2012-01-25")
    assert series.timestamp[-1] == close_of("2012-02-10")
    assert list(series.timestamp).index(loaded.first_trade) == 5


def test_a_start_on_a_weekend_trades_from_the_next_session(bars, load_csv):
    assert load_csv(bars, start=date(2012, 2, 4)).first_trade == close_of("2012-02-06")


def test_less_history_than_asked_for_is_fine(bars, load_csv):
    loaded = load_csv(bars, start=date(2012, 1, 5), warmup=252)
    assert len(loaded.series["AAPL"]) == 60
    assert loaded.first_trade == close_of("2012-01-05")


def test_each_symbol_has_its_own_history_and_one_first_trade(bars, tmp_path):
    bars.to_csv(tmp_path / "AAPL.csv", index=False)
    bars.iloc[30:].to_csv(tmp_path / "IBM.csv", index=False)
    loaded = load(DataRequest(symbols=("IBM", "AAPL"), source="csv", path=tmp_path, start=date(2012, 1, 10), warmup=2))
    assert list(loaded.series) == ["AAPL", "IBM"]
    assert (len(loaded.series["AAPL"]), len(loaded.series["IBM"])) == (57, 30)
    assert loaded.first_trade == close_of("2012-01-10")


def test_rows_outside_of_the_range_are_not_checked(bars, load_csv):
    bars.loc[50, "close"] = -1.0
    bars.loc[1, "close"] = -1.0
    assert load_csv(bars, start=date(2012, 2, 1), end=date(2012, 2, 10), warmup=5).findings == ()


@pytest.mark.parametrize("wrong", [{"start": date(2013, 1, 1)}, {"end": date(2011, 1, 1)}])
def test_a_range_outside_of_the_data_says_what_the_data_has(wrong, bars, load_csv):
    with pytest.raises(MissingDataError, match=r"AAPL: no bar with \[data\] start = .*AAPL\.csv\) runs from 2012-01-03 to 2012-03-28"):
        load_csv(bars, **wrong)


def test_an_intraday_range_is_said_in_times(load_csv):
    with pytest.raises(MissingDataError, match="runs from 2012-01-03T15:00:00Z to 2012-01-03T16:00:00Z"):
        load_csv(
            "timestamp,open,high,low,close,volume\n2012-01-03 10:00,1,1,1,1,1\n2012-01-03 11:00,1,1,1,1,1\n",
            resolution="1h",
            start=date(2012, 1, 4),
        )


def test_one_bar_to_trade_is_too_few(bars, load_csv):
    with pytest.raises(BadDataError, match=r"AAPL .*: 1 bar in the range to trade, at least 2 are needed"):
        load_csv(bars, start=date(2012, 3, 28))


def test_an_intraday_bar_that_closes_at_midnight_belongs_to_the_day_before(load_csv):
    rows = "".join(f"2012-01-{day:02}T{hour:02}:00:00Z,1,1,1,1,1\n" for day in (1, 2, 3) for hour in range(24))
    loaded = load_csv(
        "timestamp,open,high,low,close,volume\n" + rows,
        resolution="1h", calendar="24/7", timezone="UTC", start=date(2012, 1, 2), end=date(2012, 1, 2), warmup=1,
    )  # fmt: skip
    midnights = [int(datetime(2012, 1, day, tzinfo=UTC).timestamp()) * 10**9 for day in (2, 3)]
    assert loaded.series["AAPL"].timestamp[0] == midnights[0]  # the one bar of history
    assert loaded.first_trade == midnights[0] + 3600 * 10**9
    assert loaded.series["AAPL"].timestamp[-1] == midnights[1]
