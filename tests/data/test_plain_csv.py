"""Plain files are read without pandas, to the same bits, and every other file is left to the thorough reader."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import DataRequest, files
from data.plain_csv import read_plainly
from data.raw_bars import RawBars

HEADER = "date,open,high,low,close,volume"
ROW = "2012-01-03,1.5,2,1,1.75,1e3"
NAMES = [name for name in RawBars.__slots__ if name not in {"symbol", "origin", "delisting", "confirmed"}]


def plainly(text, **request):
    return read_plainly("AAPL", "AAPL.csv", text.encode(), DataRequest(symbols=("AAPL",), source="csv", **request))


def thoroughly(text, folder, patch):
    (folder / "AAPL.csv").write_text(text, encoding="utf-8")
    with patch.context() as patched:
        patched.setattr(files, "read_plainly", lambda *_: None)
        return files.read_csv("AAPL", DataRequest(symbols=("AAPL",), source="csv", path=folder))


def assert_same(one, other):
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)


number = st.one_of(st.decimals(0, 10**6, places=4).map(str), st.floats(0, 1e12, allow_nan=False).map(repr), st.integers(0, 10**12).map(str))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("plain")


@given(st.lists(st.tuples(st.dates(date(1701, 1, 1), date(2198, 12, 31)), *[number] * 5), min_size=1, max_size=8))
def test_a_plain_file_is_read_to_the_same_bits(place, rows):
    text = "\n".join([HEADER, *(",".join([str(day), *numbers]) for day, *numbers in rows)])
    assert_same(plainly(text), thoroughly(text, place, pytest.MonkeyPatch))


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{ROW}\n",
        f"{HEADER}\r\n{ROW}\r\n",
        f"\ufeff{HEADER}\n{ROW}",
        f"{HEADER},dividend,split\n{ROW},0.25,2\n",
        f"{HEADER},Adj Close,note\n{ROW},1.2,something\n",
        "Timestamp,Open,High,Low,Close,Volume\n" + ROW,
    ],
    ids=["plain", "windows", "byte order mark", "events", "more columns", "capitals"],
)
def test_forms_that_are_plain(text, tmp_path, monkeypatch):
    assert_same(plainly(text), thoroughly(text, tmp_path, monkeypatch))


@pytest.mark.parametrize(
    "text",
    [
        HEADER,
        f"{HEADER}\n{ROW}\n\n{ROW}",
        f"{HEADER}\n{ROW},7",
        f"{HEADER}\n{ROW.replace('1.5', '')}",
        f"{HEADER}\n{ROW.replace('1.5', '1_5')}",
        f"{HEADER}\n{ROW.replace('1.5', ' 1.5')}",
        f"{HEADER}\n{ROW.replace('1.5', 'nan')}",
        f"{HEADER}\n{ROW.replace('1.5', '1.5.5')}",
        f"{HEADER}\n{ROW.replace('2012-01-03', '2012-01-03T00:00:00Z')}",
        f"{HEADER}\n{ROW.replace('2012-01-03', '2012-13-03')}",
        f"{HEADER}\n{ROW.replace('2012-01-03', '1200-01-03')}",
        f"{HEADER}\n{ROW.replace('2012-01-03', '2012/01/03')}",
        f"{HEADER},volume\n{ROW},5",
        f"{HEADER},timestamp\n{ROW},2012-01-03",
        f"{HEADER},pay_date\n{ROW},2012-01-05",
        f"{HEADER},dividends\n{ROW},1",
        "date,open,high,low,close\n2012-01-03,1,1,1,1",
    ],
)
def test_whatever_is_not_plain_is_left_to_the_other_reader(text):
    assert plainly(text) is None


def test_minutes_and_adjusted_closes_are_left_to_it_too():
    text = f"{HEADER},adj_close\n{ROW},1"
    assert plainly(text) is not None
    assert plainly(text, resolution="1m") is None
    assert plainly(text, adjust="adj_close") is None
