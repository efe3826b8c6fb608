"""Universes as they were known: who had left is still in the past, who had not come is not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.universes import read_universe
from framework.errors import BadDataError, MissingDataError

TEXT = "symbol,from,to\nLEH,1994-05-31,2008-09-15\nAAPL,1982-11-30,\nIBM,2000-01-03,2005-01-03\nIBM,2010-01-04,\n"


@pytest.fixture
def universe(tmp_path):
    (tmp_path / "members.csv").write_text(TEXT, encoding="utf-8")
    return read_universe(tmp_path / "members.csv")


def test_members_are_those_of_the_day(universe):
    assert universe.symbols == ("AAPL", "IBM", "LEH")
    assert universe.on(date(2004, 6, 1)) == ("AAPL", "IBM", "LEH")
    assert universe.on(date(2008, 9, 14)) == ("AAPL", "LEH")
    assert universe.on(date(2008, 9, 15)) == ("AAPL",)
    assert universe.on(date(2012, 1, 3)) == ("AAPL", "IBM")
    assert universe.on(date(1980, 1, 1)) == ()


def test_a_mask_has_the_members_at_each_close(universe):
    closes = pd.to_datetime(["2005-01-02 21:00", "2008-09-12 20:00", "2008-09-16 00:30", "2010-01-04 21:00"], utc=True).as_unit("ns").asi8
    found = universe.mask(("AAPL", "IBM", "LEH", "MSFT"), closes)
    assert found.tolist() == [
        [True, True, True, False],
        [True, False, True, False],
        [True, False, False, False],
        [True, True, False, False],
    ]
    assert found.dtype == np.bool_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("symbol,from\nAAPL,2000-01-01\n", ":1: the first line must be symbol,from,to"),
        ("symbol,from,to\nAAPL,2000-01-01\n", ":2: 'AAPL,2000-01-01'; write it as"),
        ("symbol,from,to\naapl,2000-01-01,\n", ":2: 'aapl,2000-01-01,'; write it as"),
        ("symbol,from,to\nAAPL,January,\n", ":2: .*write dates as 2012-01-31"),
        ("symbol,from,to\nAAPL,2001-01-01,2000-01-01\n", ":2: it ends on 2000-01-01, not after it begins on 2001-01-01"),
        (
            "symbol,from,to\nAAPL,2000-01-01,\nAAPL,2001-01-01,\n",
            "AAPL is a member from 2000-01-01 and again from 2001-01-01, before it left",
        ),
        ("", ":1: the first line must be"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, text, message):
    (tmp_path / "members.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadDataError, match=message):
        read_universe(tmp_path / "members.csv")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingDataError, match="symbol,from,to"):
        read_universe(tmp_path / "none.csv")
