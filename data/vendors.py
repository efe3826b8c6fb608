"""Vendors of bars over HTTP: Alpaca, Polygon (Massive) and Yahoo, each read through one function that gets a page.

A vendor is asked for raw bars, with its splits and dividends beside them; Yahoo adjusts for splits and cannot be asked not to. Bars are
stamped with their closes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from data.request import bar_length
from framework.errors import BadDataError, ConfigError, MissingDataError

if TYPE_CHECKING:
    import pandas as pd

#: Gets the page at a URL with these headers; raises for anything but an answer of 200.
Get = Callable[[str, Mapping[str, str]], bytes]

ALPACA, POLYGON, YFINANCE = VENDORS = ("alpaca", "polygon", "yfinance")
BASES = ((ALPACA, "https://data.alpaca.markets"), (POLYGON, "https://api.polygon.io"), (YFINANCE, "https://query1.finance.yahoo.com"))
#: Secrets that each needs.
KEYS = ((ALPACA, ("ALPACA_API_KEY", "ALPACA_API_SECRET")), (POLYGON, ("POLYGON_API_KEY",)), (YFINANCE, ()))
_MOST_PAGES = 10_000


class Wanted(NamedTuple):
    """Bars of ``symbol`` with dates from ``start`` to ``end``, both included."""

    symbol: str
    resolution: str
    start: date
    end: date

    @property
    def step(self) -> tuple[int, str]:
        """Length of a bar as a number of minutes, hours or days: (5, "m")."""
        return int(self.resolution[:-1]), self.resolution[-1]


class Vendor(Protocol):
    """Who has bars; ``is_raw`` says whether they are as they were traded."""

    is_raw: bool

    def bars(self, wanted: Wanted) -> pd.DataFrame:
        """A table of timestamp (close, UTC; the date of daily bars), open, high, low, close, volume, dividend, split.

        Raises:
            MissingDataError: There is none.
            BadDataError: The answer is not what the vendor's documentation says.
        """
        ...


def vendor(name: str, get: Get, secrets: tuple[str, ...], base: str | None = None) -> Vendor:
    """The vendor called ``name``; ``secrets`` are those of ``KEYS``, ``base`` is another address than its own.

    Raises:
        ConfigError: There is no such vendor.
    """
    address = base or dict(BASES).get(name, "")
    if name == ALPACA:
        return Alpaca(get, address, *secrets)
    if name == POLYGON:
        return Polygon(get, address, *secrets)
    if name == YFINANCE:
        return Yahoo(get, address)
    raise ConfigError(f"data fetch {name}: there are sample, {', '.join(VENDORS)}")


def _asked(get: Get, url: str, headers: Mapping[str, str], owner: str) -> dict[str, Any]:
    try:
        found = json.loads(get(url, headers))
    except ValueError as error:
        raise BadDataError(f"{owner} answered something else than JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadDataError(f"{owner} answered {type(found).__name__}, not an object")
    return found


class Alpaca:
    """Alpaca's market data, version 2: /v2/stocks/bars and /v1/corporate-actions."""

    is_raw = True

    def __init__(self, get: Get, base: str, key: str, secret: str) -> None:
        self._get, self._base = get, base
        self._headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret}

    def bars(self, wanted: Wanted) -> pd.DataFrame:
        """See ``Vendor``."""
        count, unit = wanted.step
        names = {"m": "Min", "h": "Hour", "d": "Day"}
        span = {"start": wanted.start.isoformat(), "end": _last_moment(wanted.end)}
        question = {"symbols": wanted.symbol, "timeframe": f"{count}{names[unit]}", **span, "limit": 10_000, "adjustment": "raw"}
        rows = [row for page in self._pages("/v2/stocks/bars", question) for row in (page.get("bars") or {}).get(wanted.symbol, [])]
        opened = [datetime.fromisoformat(row["t"]) for row in rows]
        table = _table(wanted, "alpaca", opened, [[row[name] for name in "ohlcv"] for row in rows])
        return _with_actions(table, *self._actions(wanted))

    def _actions(self, wanted: Wanted) -> tuple[dict[date, float], dict[date, float]]:
        kinds = "forward_split,reverse_split,cash_dividend"
        span = {"start": wanted.start.isoformat(), "end": wanted.end.isoformat()}
        splits: dict[date, float] = {}
        dividends: dict[date, float] = {}
        for page in self._pages("/v1/corporate-actions", {"symbols": wanted.symbol, "types": kinds, **span, "limit": 1000}):
            found = page.get("corporate_actions") or {}
            for one in (*found.get("forward_splits", []), *found.get("reverse_splits", [])):
                splits[date.fromisoformat(one["ex_date"])] = one["new_rate"] / one["old_rate"]
            for one in found.get("cash_dividends", []):
                day = date.fromisoformat(one["ex_date"])
                dividends[day] = dividends.get(day, 0.0) + one["rate"]
        return splits, dividends

    def _pages(self, path: str, question: Mapping[str, object]) -> list[dict[str, Any]]:
        pages: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while len(pages) < _MOST_PAGES:
            pages.append(_asked(self._get, f"{self._base}{path}?{urlencode({**question, **token})}", self._headers, "alpaca"))
            following = pages[-1].get("next_page_token")
            if not following:
                return pages
            token = {"page_token": str(following)}
        raise BadDataError(f"alpaca has more than {_MOST_PAGES:,} pages; ask for a shorter range")


class Polygon:
    """Polygon's (now Massive's) aggregates, splits and dividends."""

    is_raw = True

    def __init__(self, get: Get, base: str, key: str) -> None:
        self._get, self._base = get, base
        self._headers = {"Authorization": f"Bearer {key}"}

    def bars(self, wanted: Wanted) -> pd.DataFrame:
        """See ``Vendor``."""
        count, unit = wanted.step
        span = {"m": "minute", "h": "hour", "d": "day"}[unit]
        path = f"/v2/aggs/ticker/{wanted.symbol}/range/{count}/{span}/{wanted.start}/{wanted.end}?adjusted=false&sort=asc&limit=50000"
        rows = self._rows(path)
        opened = [datetime.fromtimestamp(row["t"] / 1000, UTC) for row in rows]
        table = _table(wanted, "polygon", opened, [[row[name] for name in "ohlcv"] for row in rows])
        splits = self._rows(f"/v3/reference/splits?ticker={wanted.symbol}&limit=1000")
        paid = self._rows(f"/v3/reference/dividends?ticker={wanted.symbol}&limit=1000")
        dividends: dict[date, float] = {}
        for one in paid:
            day = date.fromisoformat(one["ex_dividend_date"])
            dividends[day] = dividends.get(day, 0.0) + one["cash_amount"]
        return _with_actions(
            table, {date.fromisoformat(one["execution_date"]): one["split_to"] / one["split_from"] for one in splits}, dividends
        )

    def _rows(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        url = f"{self._base}{path}"
        for _ in range(_MOST_PAGES):
            page = _asked(self._get, url, self._headers, "polygon")
            rows += page.get("results") or []
            following = page.get("next_url")
            if not following:
                return rows
            if urlsplit(str(following)).netloc != urlsplit(self._base).netloc:  # our key goes to nobody else
                raise BadDataError(f"polygon's next page lies elsewhere, at {urlsplit(str(following)).netloc}")
            url = str(following)
        raise BadDataError(f"polygon has more than {_MOST_PAGES:,} pages; ask for a shorter range")


class Yahoo:
    """Yahoo's chart service, which yfinance reads too; prices are adjusted for splits, dividends too."""

    is_raw = False

    def __init__(self, get: Get, base: str) -> None:
        self._get, self._base = get, base

    def bars(self, wanted: Wanted) -> pd.DataFrame:
        """See ``Vendor``."""
        first, last = (int(datetime.combine(day, time(), UTC).timestamp()) for day in (wanted.start, wanted.end + timedelta(days=1)))
        question = {"period1": first, "period2": last, "interval": wanted.resolution, "events": "div,splits", "includePrePost": "false"}
        chart = _asked(self._get, f"{self._base}/v8/finance/chart/{wanted.symbol}?{urlencode(question)}", {}, "yahoo").get("chart") or {}
        if chart.get("error"):
            raise MissingDataError(f"yahoo has no {wanted.symbol}: {chart['error'].get('description')}")
        (found,) = chart.get("result") or [{}]
        quote = (found.get("indicators") or {}).get("quote") or [{}]
        opened = [datetime.fromtimestamp(stamp, UTC) for stamp in found.get("timestamp") or []]
        columns = [quote[0].get(name) or [] for name in ("open", "high", "low", "close", "volume")]
        rows = [list(row) for row in zip(*columns, strict=True)]
        whole = [place for place, row in enumerate(rows) if None not in row]  # a session under way has holes
        table = _table(wanted, "yahoo", [opened[place] for place in whole], [rows[place] for place in whole])
        paid = ((found.get("events") or {}).get("dividends") or {}).values()
        return _with_actions(table, {}, {_new_york(one["date"]).date(): one["amount"] for one in paid})


def _last_moment(day: date) -> str:
    return datetime.combine(day, time(23, 59, 59), UTC).isoformat().replace("+00:00", "Z")


def _new_york(stamp: float) -> datetime:
    from zoneinfo import ZoneInfo

    return datetime.fromtimestamp(stamp, ZoneInfo("America/New_York"))


def _table(wanted: Wanted, owner: str, opened: list[datetime], rows: list[list[float]]) -> pd.DataFrame:
    """``rows`` of prices and volumes, stamped with closes: vendors say when a bar opened."""
    import pandas as pd

    if not rows:
        raise MissingDataError(f"{owner} has no {wanted.resolution} bars of {wanted.symbol} from {wanted.start} to {wanted.end}")
    table = pd.DataFrame(rows, columns=["open", "high", "low", "close", "volume"], dtype="float64")
    if wanted.resolution == "1d":
        stamps: list[Any] = [_new_york(moment.timestamp()).date().isoformat() for moment in opened]
    else:
        stamps = [moment.astimezone(UTC) + timedelta(seconds=bar_length(wanted.resolution) // 10**9) for moment in opened]
    table.insert(0, "timestamp", stamps)
    return table


def _with_actions(table: pd.DataFrame, splits: Mapping[date, float], dividends: Mapping[date, float]) -> pd.DataFrame:
    """``table`` with splits and dividends at the first bar of their days."""
    first: dict[date, int] = {}
    for row, stamp in enumerate(table["timestamp"]):
        day = date.fromisoformat(stamp) if isinstance(stamp, str) else _new_york(stamp.timestamp()).date()
        first.setdefault(day, row)
    columns = {"dividend": [0.0] * len(table), "split": [1.0] * len(table)}
    for name, found in (("split", splits), ("dividend", dividends)):
        for day, value in found.items():
            if day in first and first[day] > 0:  # what happened before the first bar is in its prices
                columns[name][first[day]] = float(value)
    return table.assign(**columns)
