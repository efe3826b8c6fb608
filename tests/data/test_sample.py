"""The sample against its own adjusted closes, which know nothing of our table of splits and dividends."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bokeh_sampledata import stocks

import data
from data import DataRequest, load
from data.adjustment import adjusted
from data.finding import FindingKind
from data.outliers import split_jumps, suspect_ticks
from data.sample import SAMPLE_SYMBOLS, read_sample
from framework.errors import ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = DataRequest(symbols=SAMPLE_SYMBOLS)


def table_rows(kinds: set[str]) -> dict[tuple[str, str, str], str]:
    path = Path(data.__file__).with_name("sample_actions.csv")
    with path.open(encoding="utf-8") as file:
        return {(r["symbol"], r["ex_date"], r["kind"]): r["value"] for r in csv.DictReader(file) if r["kind"] in kinds}


def derived_events(symbol: str) -> Iterator[tuple[tuple[str, str, str], float]]:
    """WIKI convention: adjusted return = split x (P_t + D) / P_(t-1), one of both a day."""
    raw = getattr(stocks, symbol)
    close, total = np.array(raw["close"]), np.array(raw["adj_close"])
    step = (total[1:] / total[:-1]) / (close[1:] / close[:-1])
    for index in np.flatnonzero(np.abs(step - 1.0) > 1e-6):
        value = step[index]
        is_split = abs(value - round(value)) < 1e-6
        key = (symbol, raw["date"][index + 1], "split" if is_split else "dividend")
        yield key, round(value) if is_split else (value - 1.0) * close[index + 1]


def test_the_table_of_splits_and_dividends_is_what_the_adjusted_closes_imply_both_ways():
    derived = dict(event for symbol in SAMPLE_SYMBOLS for event in derived_events(symbol))
    table = table_rows({"split", "dividend"})
    assert set(table) == set(derived)
    for key, value in derived.items():
        assert float(table[key]) == pytest.approx(value, abs=1e-6), key


def test_known_splits_and_the_special_dividend_are_in_the_table():
    table = table_rows({"split", "dividend"})
    assert table["AAPL", "2000-06-21", "split"] == "2"
    assert table["AAPL", "2005-02-28", "split"] == "2"
    assert table["MSFT", "2003-02-18", "split"] == "2"
    assert table["MSFT", "2004-11-15", "dividend"] == "3.08"
    assert sum(symbol == "IBM" for symbol, _, _ in table) == 52


def test_the_whole_sample_loads_under_the_default_policies_without_a_finding():
    loaded = load(ALL)
    assert loaded.findings == ()
    assert {symbol: len(series) for symbol, series in loaded.series.items()} == {
        "AAPL": 3270, "FB": 196, "GOOG": 2148, "IBM": 3270, "MSFT": 3270
    }  # fmt: skip


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_total_returns_from_prices_and_dividends_equal_those_of_the_adjusted_closes(symbol):
    series = load(ALL).series[symbol]
    ours = (series.close[1:] + series.dividend[1:]) / series.close[:-1]
    total = np.array(getattr(stocks, symbol)["adj_close"])
    theirs = total[1:] / total[:-1]
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)
    assert np.prod(ours) == pytest.approx(total[-1] / total[0], rel=1e-7)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_adjust_adj_close_gives_the_adjusted_closes_and_no_dividends(symbol):
    series = load(DataRequest(symbols=(symbol,), adjust="adj_close")).series[symbol]
    np.testing.assert_allclose(series.close, getattr(stocks, symbol)["adj_close"], rtol=1e-12)
    assert not series.dividend.any()


def test_no_day_loses_half_but_the_one_that_did():
    falls = []
    for symbol, series in load(ALL).series.items():
        returns = series.close[1:] / series.close[:-1] - 1.0
        falls += [(symbol, str(np.datetime64(int(series.timestamp[i + 1]), "ns"))[:10]) for i in np.flatnonzero(returns < -0.3)]
    assert falls == [("AAPL", "2000-09-29")]


def test_prices_volumes_and_dividends_are_in_the_shares_of_the_last_bar():
    raw = stocks.AAPL
    whole = load(DataRequest(symbols=("AAPL",))).series["AAPL"]
    before_2005 = load(DataRequest(symbols=("AAPL",), end=date(2005, 2, 25))).series["AAPL"]
    assert whole.open[0] == raw["open"][0] / 4
    assert whole.volume[0] == raw["volume"][0] * 4
    assert before_2005.open[0] == raw["open"][0] / 2
    assert whole.close[-1] == raw["close"][-1]
    assert before_2005.close[-1] == raw["close"][len(before_2005) - 1]
    msft = load(DataRequest(symbols=("MSFT",))).series["MSFT"]
    assert msft.dividend.max() == pytest.approx(3.08)
    assert msft.dividend[stocks.MSFT["date"].index("2003-02-19")] == pytest.approx(0.08)


def test_each_confirmed_event_would_be_a_finding_if_it_were_not_confirmed():
    confirmed = {(symbol, day, kind) for (symbol, day, _), kind in table_rows({"confirmed"}).items()}
    found = set()
    for symbol in SAMPLE_SYMBOLS:
        raw = read_sample(symbol, ALL)
        bars = adjusted(raw, "splits")
        for finding in suspect_ticks(bars) + split_jumps(bars, np.arange(1, len(bars))):
            found.add((symbol, str(np.datetime64(finding.timestamp, "D")), str(finding.kind)))
    assert found == confirmed == {("AAPL", "2000-09-29", "split_jump"), ("AAPL", "2010-05-06", "suspect_tick")}


def test_a_split_left_out_of_the_table_would_be_found():
    raw = read_sample("MSFT", ALL)
    bars = replace(raw, split=np.ones(len(raw)))
    (finding,) = split_jumps(bars, np.arange(1, len(bars)))
    assert finding.kind is FindingKind.SPLIT_JUMP
    assert finding.timestamp == np.datetime64("2003-02-18", "D").astype(np.int64)
    assert "a split of 2 (new for old)" in finding.detail


def test_an_unknown_symbol_names_those_there_are():
    with pytest.raises(MissingDataError, match=r"GOGL is not in the sample; did you mean GOOG\?; there are AAPL, FB, GOOG, IBM, MSFT"):
        load(DataRequest(symbols=("GOGL",)))


def test_an_intraday_sample_is_refused():
    with pytest.raises(ConfigError, match=r"\[data\] resolution = '5m'.*daily"):
        load(DataRequest(symbols=("AAPL",), resolution="5m"))


def test_raw_prices_across_a_split_are_refused_with_the_key_to_change():
    with pytest.raises(ConfigError, match=r'adjust = "none": AAPL has a split of 2 at 2000-06-21.*set adjust = "splits"'):
        load(DataRequest(symbols=("AAPL",), adjust="none"))
    unsplit = load(DataRequest(symbols=("IBM",), adjust="none")).series["IBM"]
    assert unsplit.close.tolist() == stocks.IBM["close"]


def test_a_symbol_that_starts_later_than_the_range_is_fine():
    loaded = load(DataRequest(symbols=("AAPL", "FB"), start=date(2012, 1, 3), end=date(2012, 12, 31)))
    assert len(loaded.series["AAPL"]) == 252 + 250
    assert str(np.datetime64(int(loaded.series["FB"].timestamp[0]), "ns"))[:10] == "2012-05-18"
