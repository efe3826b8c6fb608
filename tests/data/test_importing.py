"""Bars from elsewhere: LEAN's and backtrader's files say what they say there, and what is broken does not come in."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, load
from data.catalog import ADJUSTED, Catalog, Series
from data.finding import NS_PER_DAY
from data.importing import check_series, import_bars, symbols_in
from data.parts import part_paths
from framework.errors import BadDataError, ConfigError, MissingDataError

OPENED = pd.Timestamp("2012-01-03 09:30", tz="America/New_York")


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "catalog")


def taken(catalog, path, kind, *symbols, **options):
    return list(import_bars(catalog, path, kind, DataRequest(symbols, **options)))


def zipped(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}.csv", text)


def test_daily_bars_of_lean_are_in_ten_thousandths_of_a_dollar(catalog, tmp_path):
    lines = ["20120103 00:00,4099900,4125000,4090000,4111900,10793600", "20120104 00:00,4099900,4146800,4095500,4133800,9286500"]
    zipped(tmp_path / "usa" / "daily" / "aapl.zip", "\n".join(lines))
    assert symbols_in(tmp_path / "usa", "lean", "1d") == ["AAPL"]
    (done,) = taken(catalog, tmp_path / "usa", "lean", "AAPL")
    assert done.written == (2, 0, 0)
    found = catalog.read(Series("AAPL"))
    assert found["open"].tolist() == [409.99, 409.99]
    assert found["high"].tolist() == [412.5, 414.68]
    assert found["volume"].tolist() == [10793600.0, 9286500.0]
    assert pd.to_datetime(found["timestamp"]).strftime("%Y-%m-%d").tolist() == ["2012-01-03", "2012-01-04"]


def test_minutes_of_lean_are_stamped_with_their_closes(catalog, tmp_path):
    start = 9 * 3_600_000 + 30 * 60_000
    for day in ("20120103", "20120104"):
        lines = [f"{start + 60_000 * place},100000,101000,99000,100500,{place + 1}" for place in range(390)]
        zipped(tmp_path / "usa" / "minute" / "spy" / f"{day}_trade.zip", "\n".join(lines))
    assert symbols_in(tmp_path / "usa", "lean", "1m") == ["SPY"]
    (done,) = taken(catalog, tmp_path / "usa", "lean", "SPY", resolution="1m")
    assert (done.written.new, done.findings) == (780, ())
    found = load(DataRequest(("SPY",), source="catalog", path=catalog.root, resolution="1m")).series["SPY"]
    times = pd.to_datetime(found.timestamp, utc=True)
    assert times[0] == OPENED + pd.Timedelta("1min")
    assert times[389] == OPENED + pd.Timedelta("390min")
    assert found.close[0] == 10.05


def test_hours_of_lean_are_stamped_with_their_closes(catalog, tmp_path):
    zipped(
        tmp_path / "usa" / "hour" / "spy.zip", "20120103 10:00,100000,101000,99000,100500,7\n20120103 11:00,100500,101000,99000,100500,7"
    )
    taken(catalog, tmp_path / "usa", "lean", "SPY", resolution="1h", policy={"gap": "accept"})
    found = pd.to_datetime(catalog.read(Series("SPY", "1h"))["timestamp"], utc=True)
    assert found[0] == OPENED + pd.Timedelta("90min")


@pytest.mark.parametrize("text", ["not,a,bar", "2012-01-03,1,2,3,4,5", ""])
def test_what_is_no_file_of_lean_is_named(catalog, tmp_path, text):
    zipped(tmp_path / "usa" / "daily" / "aapl.zip", text)
    with pytest.raises(BadDataError, match=r"aapl\.zip"):
        taken(catalog, tmp_path / "usa", "lean", "AAPL")


def test_what_lean_does_not_have_is_named(catalog, tmp_path):
    with pytest.raises(MissingDataError, match="has no LEAN bars of 5m"):
        taken(catalog, tmp_path, "lean", "AAPL", resolution="5m")
    (tmp_path / "daily").mkdir()
    with pytest.raises(MissingDataError, match=r"has no bars of AAPL; LEAN keeps them in aapl\.zip"):
        taken(catalog, tmp_path, "lean", "AAPL")


def test_backtrader_s_own_format_is_read(catalog, tmp_path):
    text = (
        "Date,Open,High,Low,Close,Volume,OpenInterest\n2006-01-03,35.78,36.05,35.77,36.04,1000,0\n2006-01-04,36.04,36.5,36.0,36.46,2000,0\n"
    )
    (tmp_path / "IBM.csv").write_text(text, encoding="utf-8")
    assert symbols_in(tmp_path / "IBM.csv", "backtrader", "1d") == ["IBM"]
    taken(catalog, tmp_path / "IBM.csv", "backtrader", "IBM")
    found = catalog.read(Series("IBM"))
    assert found["close"].tolist() == [36.04, 36.46]
    assert found["timestamp"].tolist() == [13151 * NS_PER_DAY, 13152 * NS_PER_DAY]


def test_backtrader_s_date_and_time_are_one_time(catalog, tmp_path):
    rows = [f"2006-01-03,{9 + (30 + 5 * place) // 60:02d}:{(30 + 5 * place) % 60:02d}:00,10,11,9,10,5,0" for place in range(1, 79)]
    (tmp_path / "IBM.csv").write_text("\n".join(["Date,Time,Open,High,Low,Close,Volume,OpenInterest", *rows]), encoding="utf-8")
    (done,) = taken(catalog, tmp_path, "backtrader", "IBM", resolution="5m")
    assert (done.written.new, done.findings) == (78, ())
    first = pd.to_datetime(catalog.read(Series("IBM", "5m"))["timestamp"][0], utc=True)
    assert first == pd.Timestamp("2006-01-03 09:35", tz="America/New_York")


def test_a_yahoo_download_keeps_its_adjusted_close(catalog, tmp_path):
    text = "Date,Open,High,Low,Close,Adj Close,Volume\n2006-01-03,10,11,9,10,8.5,100\n2006-01-04,10,11,9,10.5,9,100\n"
    (tmp_path / "IBM.csv").write_text(text, encoding="utf-8")
    taken(catalog, tmp_path, "backtrader", "IBM", adjust="adj_close")
    assert catalog.read(Series("IBM"))["adj_close"].tolist() == [8.5, 9.0]
    found = load(DataRequest(("IBM",), source="catalog", path=catalog.root, adjust="adj_close")).series["IBM"]
    assert found.close.tolist() == [8.5, 9.0]


def test_a_file_that_is_none_of_backtrader_s_is_named(catalog, tmp_path):
    (tmp_path / "IBM.csv").write_text("when,price\n1,2\n", encoding="utf-8")
    with pytest.raises(BadDataError, match=r"IBM\.csv: no column open, high, low, close, volume; present: when, price"):
        taken(catalog, tmp_path, "backtrader", "IBM")
    with pytest.raises(MissingDataError, match=r"NONE\.csv is not there"):
        taken(catalog, tmp_path, "backtrader", "NONE")


# What is checked on the way in.


def rows(bars, **changed):
    table = bars.rename(columns={"date": "timestamp"})
    for name, (row, value) in changed.items():
        table.loc[row, name] = value
    return table


def test_broken_bars_do_not_come_in_unless_policy_mends_them(catalog, tmp_path, bars):
    rows(bars, close=(7, np.nan)).to_csv(tmp_path / "AAPL.csv", index=False)
    with pytest.raises(BadDataError, match="the data was refused, 1 finding"):
        taken(catalog, tmp_path, "csv", "AAPL")
    assert not part_paths(catalog.folder(Series("AAPL")))
    (done,) = taken(catalog, tmp_path, "csv", "AAPL", policy={"nan": "drop"})
    assert done.written.new == 59
    assert [(one.kind, one.action) for one in done.findings] == [("nan", "dropped")]


def test_rows_out_of_order_are_sorted_where_policy_says_so(catalog, tmp_path, bars):
    rows(bars).iloc[::-1].to_csv(tmp_path / "AAPL.csv", index=False)
    taken(catalog, tmp_path, "csv", "AAPL", policy={"unordered": "sort"})
    assert (np.diff(catalog.read(Series("AAPL"))["timestamp"]) > 0).all()


def test_a_row_with_a_dividend_is_not_dropped(catalog, tmp_path, bars):
    table = rows(bars, close=(7, np.nan)).assign(dividend=0.0)
    table.loc[7, "dividend"] = 0.5
    table.to_csv(tmp_path / "AAPL.csv", index=False)
    with pytest.raises(BadDataError, match=r"row 9 of .*AAPL\.csv would be dropped, and has a dividend or a split"):
        taken(catalog, tmp_path, "csv", "AAPL", policy={"nan": "drop"})


def test_what_was_accepted_once_is_not_refused_from_the_catalogue(catalog, tmp_path, bars):
    table = rows(bars)
    table.loc[30:, ["open", "high", "low", "close"]] *= 0.5  # as a split would, and none is declared
    table.to_csv(tmp_path / "AAPL.csv", index=False)
    with pytest.raises(BadDataError, match="split_jump"):
        taken(catalog, tmp_path, "csv", "AAPL")
    taken(catalog, tmp_path, "csv", "AAPL", policy={"split_jump": "accept"})
    assert len(load(DataRequest(("AAPL",), source="catalog", path=catalog.root)).series["AAPL"]) == 60
    taken(catalog, tmp_path, "csv", "AAPL", policy={"split_jump": "accept"})  # again: nothing is said twice
    assert len(catalog.confirmed(Series("AAPL"))) == 1


def test_adjusted_bars_are_kept_apart(catalog, tmp_path, bars):
    rows(bars).to_parquet(tmp_path / "AAPL.parquet")
    assert symbols_in(tmp_path, "parquet", "1d") == ["AAPL"]
    taken(catalog, tmp_path, "parquet", "AAPL", adjust="none")
    assert catalog.series() == [Series("AAPL", "1d", ADJUSTED)]
    assert len(load(DataRequest(("AAPL",), source="catalog", path=catalog.root, adjust="none")).series["AAPL"]) == 60


def test_a_stored_series_is_checked_like_any_other(catalog, tmp_path, bars):
    rows(bars).drop(index=20).to_csv(tmp_path / "AAPL.csv", index=False)
    taken(catalog, tmp_path, "csv", "AAPL", policy={"gap": "accept"})
    found = check_series(catalog, Series("AAPL"), DataRequest(("AAPL",)))
    assert (found.bars, [one.kind for one in found.findings], found.error) == (59, ["gap"], "")
    (path,) = part_paths(catalog.folder(Series("AAPL")))
    path.write_bytes(b"nothing")
    assert "cannot be read" in check_series(catalog, Series("AAPL"), DataRequest(("AAPL",))).error


def test_what_cannot_be_imported_is_named(tmp_path):
    with pytest.raises(ConfigError, match="--format 'xls' does not exist; choose csv, parquet, lean, backtrader, sample"):
        symbols_in(tmp_path, "xls", "1d")
    with pytest.raises(MissingDataError, match=r"holds no \.csv file"):
        symbols_in(tmp_path, "csv", "1d")
