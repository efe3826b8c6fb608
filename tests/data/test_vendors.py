"""Bars from vendors, asked of loopback servers shaped like theirs."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from data.vendors import Polygon, Wanted, vendor
from framework.errors import AuthenticationError, BadDataError, BrokerError, ConfigError, MissingDataError
from framework.runtime.network.downloads import downloader
from tests.data.vendor_servers import ADJUSTED, DAYS, KEY, RAW, SECRET, server

KEYS = {"alpaca": (KEY, SECRET), "polygon": (KEY,), "yfinance": ()}
PRICES = ["open", "high", "low", "close", "volume"]


@pytest.fixture
def there():
    with server() as found:
        yield found


def asked(there, name, symbol="AAPL", resolution="1d", keys=None, sleep=None):
    found = vendor(name, downloader(sleep=sleep), KEYS[name] if keys is None else keys, there.base)
    return found.bars(Wanted(symbol, resolution, date(2012, 1, 3), date(2012, 1, 6)))


@pytest.mark.parametrize("name", ["alpaca", "polygon"])
def test_daily_bars_come_raw_page_by_page_with_splits_and_dividends(there, name):
    table = asked(there, name)
    assert table["timestamp"].tolist() == list(DAYS)
    assert [tuple(row) for row in table[PRICES].to_numpy().tolist()] == list(RAW)
    assert table["split"].tolist() == [1.0, 1.0, 2.0, 1.0]
    assert table["dividend"].tolist() == [0.0, 0.5, 0.0, 0.0]
    assert vendor(name, downloader(), KEYS[name], there.base).is_raw


def test_yahoo_s_bars_are_adjusted_and_the_session_under_way_is_left_out(there):
    table = asked(there, "yfinance")
    assert table["timestamp"].tolist() == list(DAYS)
    assert [tuple(row) for row in table[PRICES].to_numpy().tolist()] == list(ADJUSTED)
    assert table["dividend"].tolist() == [0.0, 0.25, 0.0, 0.0]
    assert (table["split"] == 1.0).all()
    assert not vendor("yfinance", downloader(), (), there.base).is_raw


@pytest.mark.parametrize("name", ["alpaca", "polygon"])
def test_intraday_bars_are_stamped_with_their_closes(there, name):
    table = asked(there, name, resolution="5m")
    opened = pd.Timestamp("2012-01-03 09:30", tz="America/New_York")
    assert [pd.Timestamp(one) for one in table["timestamp"]] == [opened + pd.Timedelta(minutes=5 * place) for place in range(1, 5)]


def test_what_is_asked_is_what_the_documentation_says(there):
    asked(there, "alpaca", resolution="5m")
    path, query = there.asked[0]
    assert path == "/v2/stocks/bars"
    assert query["timeframe"] == "5Min"
    assert query["adjustment"] == "raw"
    assert (query["start"], query["end"]) == ("2012-01-03", "2012-01-06T23:59:59Z")
    assert "more" in there.asked[1][1].values()
    there.asked.clear()
    asked(there, "polygon", resolution="1h")
    assert there.asked[0][0] == "/v2/aggs/ticker/AAPL/range/1/hour/2012-01-03/2012-01-06"
    assert there.asked[0][1]["adjusted"] == "false"
    there.asked.clear()
    asked(there, "yfinance")
    assert there.asked[0][0] == "/v8/finance/chart/AAPL"
    assert there.asked[0][1]["period2"] == str(1325548800 + 4 * 86_400)


@pytest.mark.parametrize("name", KEYS)
def test_a_symbol_without_bars_is_missing(there, name):
    with pytest.raises(MissingDataError, match="NONE"):
        asked(there, name, "NONE")


@pytest.mark.parametrize("name", ["alpaca", "polygon"])
def test_a_wrong_key_is_refused_at_once_and_shown_nowhere(there, name):
    with pytest.raises(AuthenticationError) as caught:
        asked(there, name, keys=("not-the-key",) * len(KEYS[name]))
    assert "refused the key (HTTP 40" in str(caught.value)
    assert "not-the-key" not in str(caught.value)
    assert len(there.asked) == 1


def test_a_busy_vendor_is_asked_again_with_longer_pauses(there):
    pauses = []
    there.failures = 3
    assert len(asked(there, "yfinance", sleep=pauses.append)) == 4
    assert len(pauses) == 3
    assert pauses == sorted(pauses)
    there.failures, there.code = 5, 429
    with pytest.raises(BrokerError, match=r"/v8/finance/chart/AAPL answered HTTP 429"):
        asked(there, "yfinance", sleep=pauses.append)
    there.failures, there.code = 1, 404
    with pytest.raises(BrokerError, match="answered HTTP 404"):
        asked(there, "yfinance", sleep=pauses.append)


def test_nobody_there_is_said(there):
    base = there.base
    there.server_close()
    get = downloader(sleep=lambda _: None)
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1:\d+/x cannot be reached"):
        get(f"{base}/x", {})


def test_a_key_goes_nowhere_without_encryption_and_to_nobody_else():
    with pytest.raises(ConfigError, match="use https"):
        downloader()("http://example.com/x", {})

    def elsewhere(*_):
        return b'{"results": [], "next_url": "https://elsewhere.example/next"}'

    with pytest.raises(BadDataError, match=r"next page lies elsewhere, at elsewhere\.example"):
        Polygon(elsewhere, "https://api.polygon.io", KEY).bars(Wanted("AAPL", "1d", date(2012, 1, 3), date(2012, 1, 6)))


@pytest.mark.parametrize("answer", [b"<html>", b"[]"])
def test_an_answer_of_another_shape_is_named(answer):
    with pytest.raises(BadDataError, match="polygon answered"):
        Polygon(lambda *_: answer, "https://api.polygon.io", KEY).bars(Wanted("AAPL", "1d", date(2012, 1, 3), date(2012, 1, 6)))


def test_another_vendor_is_refused():
    with pytest.raises(ConfigError, match="data fetch quandl: there are sample, alpaca, polygon, yfinance"):
        vendor("quandl", downloader(), ())
