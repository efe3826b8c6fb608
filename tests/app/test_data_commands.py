"""``onetape data``: bars come in, are listed and checked, and a backtest runs on them."""

from __future__ import annotations

import json

import pytest

from tests.app.project import ROWS, call, changed, config, csv_text, write
from tests.data.vendor_servers import KEY, SECRET, server


def test_bars_come_in_are_listed_and_checked_and_a_backtest_runs_on_them(folder):
    write({"bars/IBM.csv": csv_text(ROWS)}, folder)
    code, out, err = call("data", "import", "bars")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "IBM 1d raw: 60 new bars, 0 mended, 0 there already",
        '1 series in catalog; next: [data] source = "catalog", path = "catalog"',
    ]
    assert json.loads(call("data", "import", "bars/IBM.csv", "--json").out) == [
        {"symbol": "IBM", "resolution": "1d", "kind": "raw", "new": 0, "healed": 0, "same": 60, "findings": []}
    ]
    assert call("data", "list").out.splitlines() == ["IBM  1d  raw  60  2012-01-03  2012-03-28", "1 series in catalog"]
    (row,) = json.loads(call("data", "list", "--json").out)
    assert row == {"symbol": "IBM", "resolution": "1d", "kind": "raw", "bars": 60, "first": "2012-01-03", "last": "2012-03-28"}
    assert call("data", "check").out == "IBM 1d raw: 60 bars, sound\n"
    settings = {"source": "catalog", "start": None, "end": None}
    write(config(universe={"symbols": ["IBM"]}, data=settings), folder)
    assert json.loads(call("backtest", "--json").out)["bars"] == 60
    assert call("data", "import", "bars", "--quiet") == call("data", "check", "--quiet") == call("data", "list", "--quiet") == (0, "", "")


def test_what_is_refused_comes_in_where_policy_says_so_and_a_check_ends_with_1(folder):
    write({"bars/IBM.csv": csv_text([*ROWS[:20], *ROWS[21:]])}, folder)
    code, out, err = call("data", "import", "bars")
    assert (code, out) == (3, "")
    assert "gap" in err
    assert call("data", "import", "bars", "--policy", "gap=accept").out.splitlines()[1].startswith("  gap: no bar on 2012-02-01")
    code, out, _ = call("data", "check")
    assert code == 1
    assert out.startswith("IBM 1d raw: 59 bars, 1 findings that a run refuses\n  gap: no bar on 2012-02-01")
    assert call("data", "check", "--policy", "gap=accept").code == 0
    told = json.loads(call("data", "check", "--json").out)
    assert told["passed"] is False
    assert told["series"][0]["findings"][0]["refused"] is True


def test_broken_bars_are_mended_by_a_better_file(folder):
    write({"bars/IBM.csv": csv_text(ROWS)}, folder)
    call("data", "import", "bars")
    write({"bars/IBM.csv": csv_text(changed(5, volume=7.0))}, folder)
    assert call("data", "import", "bars").out.startswith("IBM 1d raw: 0 new bars, 1 mended, 59 there already")


def test_the_sample_can_be_fetched():
    out = call("data", "fetch", "sample", "--symbols", "ibm,MSFT", "--catalog", "mine").out
    assert [line.split()[0] for line in out.splitlines()] == ["IBM", "MSFT", "2"]


def test_bars_of_a_vendor_come_into_the_catalogue(monkeypatch):
    fetch = ("data", "fetch", "alpaca", "--symbols", "AAPL", "--start", "2012-01-03", "--end", "2012-01-06")
    with server() as there:
        monkeypatch.setenv("ONETAPE_ALPACA_URL", there.base)
        code, out, err = call(*fetch)
        assert (code, out) == (2, "")
        assert "ALPACA_API_KEY is not set" in err
        monkeypatch.setenv("ALPACA_API_KEY", KEY)
        monkeypatch.setenv("ALPACA_API_SECRET", SECRET)
        code, out, err = call(*fetch)
        assert (code, err) == (0, "")
        assert out.startswith("AAPL 1d raw: 4 new bars, 0 mended, 0 there already")
        monkeypatch.setenv("ONETAPE_YFINANCE_URL", there.base)
        assert call("data", "fetch", "yfinance", *fetch[3:]).out.startswith("AAPL 1d adjusted: 4 new bars")
    assert len(json.loads(call("data", "list", "--json").out)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("quandl", "--start", "2012-01-03", "--end", "2012-01-06", "--symbols", "AAPL"), "data fetch quandl: there are sample, alpaca"),
        (("yfinance", "--symbols", "AAPL"), "--start is missing: write a date as 2012-01-31"),
        (("yfinance", "--symbols", "AAPL", "--start", "2012-01-06", "--end", "2012-01-03"), "--start 2012-01-06 is after --end 2012-01-03"),
        (("yfinance", "--start", "2012-01-03", "--end", "2012-01-06"), "[universe] symbols is empty"),
    ],
)
def test_what_cannot_be_fetched_is_refused(arguments, message):
    code, out, err = call("data", "fetch", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_what_cannot_be_meant_is_refused(folder):
    write({"bars/IBM.csv": csv_text(ROWS)}, folder)
    for arguments, message, code in (
        (("import", "none"), "none holds no .csv file", 3),
        (("import", "bars", "--format", "xls"), "--format 'xls' does not exist", 2),
        (("import", "bars", "--policy", "gap"), "--policy 'gap': write KIND=POLICY", 2),
        (("import", "bars", "--policy", "gasp=accept"), "gasp: no such kind of finding; did you mean gap?", 2),
        (("import", "bars", "--resolution", "1w"), "resolution = '1w'", 2),
        (("check",), "there is nothing to check in catalog", 2),
    ):
        done = call("data", *arguments)
        assert (done.code, message in done.err) == (code, True), done
    assert json.loads(call("data", "list", "--json").out) == []
