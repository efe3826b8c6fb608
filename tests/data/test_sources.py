"""The same bars are the same series, whatever they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import DataRequest, load

if TYPE_CHECKING:
    from framework.domain.market import BarSeries

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split")


def assert_same(one: BarSeries, other: BarSeries) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.fixture
def precise(bars):
    """Prices with all their digits, so that a reader that rounds is found out."""
    factor = np.random.default_rng(3).uniform(0.999, 1.001, 60)
    prices = ["open", "high", "low", "close"]
    return bars.assign(**{name: bars[name] * factor for name in prices}, dividend=0.1 / 3)


def test_csv_parquet_and_frames_give_the_same_bits(precise, tmp_path):
    precise.to_csv(tmp_path / "AAPL.csv", index=False)
    precise.to_parquet(tmp_path / "AAPL.parquet", index=False)
    csv, parquet, frame = (
        load(DataRequest(symbols=("AAPL",), source=source, path=tmp_path), frames).series["AAPL"]
        for source, frames in (("csv", None), ("parquet", None), ("frames", {"AAPL": precise}))
    )
    assert_same(csv, parquet)
    assert_same(csv, frame)
    assert csv.close.tolist() == precise.close.tolist()


def test_a_parquet_file_may_keep_its_times_in_the_index(precise, tmp_path):
    precise.set_index(pd.DatetimeIndex(precise.date)).drop(columns="date").to_parquet(tmp_path / "AAPL.parquet")
    kept = load(DataRequest(symbols=("AAPL",), source="parquet", path=tmp_path)).series["AAPL"]
    assert_same(kept, load(DataRequest(symbols=("AAPL",)), {"AAPL": precise}).series["AAPL"])


def test_numbers_as_objects_and_dates_as_dates_are_read(precise):
    odd = precise.assign(open=precise.open.astype(object), volume=precise.volume.astype("Int64"), date=pd.to_datetime(precise.date).dt.date)
    request = DataRequest(symbols=("AAPL",))
    assert_same(load(request, {"AAPL": odd}).series["AAPL"], load(request, {"AAPL": precise}).series["AAPL"])


def test_series_are_contiguous_or_one_number_read_only_and_not_the_caller_s_arrays(precise):
    series = load(DataRequest(symbols=("AAPL",)), {"AAPL": precise}).series["AAPL"]
    for name in COLUMNS:
        column = getattr(series, name)
        assert column.dtype == (np.int64 if name == "timestamp" else np.float64)
        assert column.flags.c_contiguous or (name in {"dividend", "split"} and column.strides == (0,))
        assert not column.flags.writeable
    before = series.close[0]
    precise.loc[0, "close"] = 1.0
    assert series.close[0] == before


def test_dividends_and_splits_that_are_not_there_take_no_memory(precise):
    prices = precise[[name for name in precise.columns if name not in {"dividend", "split"}]]
    series = load(DataRequest(symbols=("AAPL",)), {"AAPL": prices}).series["AAPL"]
    assert (series.dividend.strides, series.split.strides) == ((0,), (0,))
    assert (series.dividend == 0.0).all()
    assert (series.split == 1.0).all()


def test_a_frame_that_is_changed_afterwards_changes_no_bars(precise):
    frame = precise.set_index(pd.DatetimeIndex(precise.date)).drop(columns="date").astype(float)
    series = load(DataRequest(symbols=("AAPL",)), {"AAPL": frame}).series["AAPL"]
    known, later = series.close.copy(), series.close[3:]
    del series
    frame.iloc[5, frame.columns.get_loc("close")] = 1e6
    frame.loc[:, "close"] = frame["close"] * 2.0
    assert later.tolist() == known[3:].tolist()
    assert frame["close"].iloc[5] == 2e6


def test_a_column_of_times_that_is_changed_afterwards_changes_no_bars():
    times = pd.date_range("2012-01-03 14:31", periods=60, freq="min", tz="UTC").as_unit("ns")
    frame = pd.DataFrame({"timestamp": times, **dict.fromkeys(("open", "high", "low", "close", "volume"), 100.0)})
    series = load(DataRequest(symbols=("AAPL",), resolution="1m"), {"AAPL": frame}).series["AAPL"]
    frame.loc[0, "timestamp"] = pd.Timestamp("2013-01-01", tz="UTC")
    assert series.timestamp.tolist() == times.asi8.tolist()


def test_the_order_of_symbols_does_not_matter(bars, tmp_path):
    for symbol in ("IBM", "AAPL", "MSFT"):
        bars.assign(volume=0.0).to_csv(tmp_path / f"{symbol}.csv", index=False)
    one, other = (
        load(DataRequest(symbols=symbols, source="csv", path=tmp_path)) for symbols in (("IBM", "AAPL", "MSFT"), ("MSFT", "IBM", "AAPL"))
    )
    assert list(one.series) == list(other.series) == ["AAPL", "IBM", "MSFT"]
    assert one.findings == other.findings
    assert [finding.symbol for finding in one.findings] == ["AAPL", "IBM", "MSFT"]
    assert one.first_trade == other.first_trade


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(60)))
def test_shuffled_rows_sorted_by_policy_are_the_sorted_file(precise, order):
    sort = DataRequest(symbols=("AAPL",), policy={"unordered": "sort"})
    shuffled = load(sort, {"AAPL": precise.iloc[list(order)]})
    assert_same(shuffled.series["AAPL"], load(sort, {"AAPL": precise}).series["AAPL"])
    assert len(shuffled.findings) == (list(order) != sorted(order))


def test_volume_that_is_missing_altogether_is_said_once_for_each_bar(bars):
    loaded = load(DataRequest(symbols=("AAPL",), policy={"bad_volume": "drop"}), {"AAPL": bars.assign(volume=[np.nan, *[1.0] * 59])})
    assert len(loaded.series["AAPL"]) == 59
    assert loaded.findings[0].detail.startswith("volume is nan; allowed: a number of 0 or above")
