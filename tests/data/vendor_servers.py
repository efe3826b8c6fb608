"""Loopback servers shaped like the vendors': the same paths, questions, pages and errors, over bars that are made up."""

# ruff: noqa: ARG001 - every answer is asked for in one way
from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY, SECRET = "an-example-key", "an-example-secret"
#: Sessions of 2012 with open, high, low, close, volume; a split of two for one on the third, a dividend on the second.
DAYS = ("2012-01-03", "2012-01-04", "2012-01-05", "2012-01-06")
RAW = (
    (100.0, 104.0, 99.0, 103.0, 1e6),
    (103.0, 105.0, 101.0, 102.0, 1.1e6),
    (51.0, 53.0, 50.0, 52.0, 2e6),
    (52.0, 54.0, 51.0, 53.0, 2.1e6),
)
ADJUSTED = (*((a / 2, b / 2, c / 2, d / 2, e * 2) for a, b, c, d, e in RAW[:2]), *RAW[2:])
#: Midnight in New York on each day, and its open, in Unix seconds.
MIDNIGHTS = tuple(1325566800 + 86_400 * place for place in range(4))
OPENS = tuple(one + 9 * 3600 + 1800 for one in MIDNIGHTS)


class Server(ThreadingHTTPServer):
    """Keeps what it was asked, and fails as often as it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked, self.failures, self.code = [], 0, 503

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def server():
    with Server() as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        found.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Nothing on stderr."""

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.asked.append((parts.path, query))
        if self.server.failures:
            self.server.failures -= 1
            return self._answer(self.server.code, {"message": "busy"})
        for start, vendor in (("/v2/stocks", _alpaca_bars), ("/v1/corporate-actions", _alpaca_actions), ("/v2/aggs", _polygon_bars)):
            if parts.path.startswith(start):
                return self._answer(*vendor(self, parts.path, query))
        if parts.path.startswith("/v3/reference"):
            return self._answer(*_polygon_reference(self, parts.path, query))
        return self._answer(*_yahoo(parts.path, query))

    def _answer(self, code, body):
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _alpaca_knows(handler):
    return (handler.headers["APCA-API-KEY-ID"], handler.headers["APCA-API-SECRET-KEY"]) == (KEY, SECRET)


def _alpaca_bars(handler, path, query):
    if not _alpaca_knows(handler):
        return 403, {"message": "forbidden."}
    if query["symbols"] != "AAPL":
        return 200, {"bars": {}, "next_page_token": None}
    daily = query["timeframe"] == "1Day"
    opened = [f"{day}T05:00:00Z" for day in DAYS] if daily else [f"{DAYS[0]}T14:{30 + 5 * place}:00Z" for place in range(4)]
    rows = [{"t": moment, **dict(zip("ohlcv", bar, strict=True)), "n": 10, "vw": bar[3]} for moment, bar in zip(opened, RAW, strict=True)]
    if "page_token" not in query:
        return 200, {"bars": {"AAPL": rows[:3]}, "next_page_token": "more"}
    return 200, {"bars": {"AAPL": rows[3:]}, "next_page_token": None}


def _alpaca_actions(handler, path, query):
    split = {"symbol": "AAPL", "new_rate": 2, "old_rate": 1, "ex_date": DAYS[2], "process_date": DAYS[2]}
    paid = {"symbol": "AAPL", "rate": 0.5, "special": False, "ex_date": DAYS[1], "payable_date": DAYS[3]}
    return 200, {"corporate_actions": {"forward_splits": [split], "cash_dividends": [paid]}, "next_page_token": None}


def _polygon_bars(handler, path, query):
    if handler.headers["Authorization"] != f"Bearer {KEY}":
        return 401, {"status": "ERROR", "error": "Unknown API Key"}
    _, symbol, _, count, span, *_ = path.removeprefix("/v2/aggs/").split("/")
    if symbol != "AAPL":
        return 200, {"status": "OK", "resultsCount": 0}
    steps = [one * 1000 for one in MIDNIGHTS] if span == "day" else [(OPENS[0] + 60 * int(count) * place) * 1000 for place in range(4)]
    rows = [{"t": moment, **dict(zip("ohlcv", bar, strict=True)), "n": 10, "vw": bar[3]} for moment, bar in zip(steps, RAW, strict=True)]
    if "cursor" not in query:
        following = f"{handler.server.base}{path}?cursor=abc"
        return 200, {"status": "OK", "results": rows[:1], "next_url": following}
    return 200, {"status": "OK", "results": rows[1:]}


def _polygon_reference(handler, path, query):
    if path.endswith("splits"):
        return 200, {"status": "OK", "results": [{"execution_date": DAYS[2], "split_from": 1, "split_to": 2, "ticker": "AAPL"}]}
    return 200, {"status": "OK", "results": [{"cash_amount": 0.5, "ex_dividend_date": DAYS[1], "pay_date": DAYS[3], "ticker": "AAPL"}]}


def _yahoo(path, query):
    symbol = path.rsplit("/", 1)[-1]
    if symbol != "AAPL":
        return 200, {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}}
    quote = {name: [*(bar[place] for bar in ADJUSTED), None] for place, name in enumerate(("open", "high", "low", "close", "volume"))}
    events = {"dividends": {"1": {"amount": 0.25, "date": OPENS[1]}}, "splits": {"2": {"date": OPENS[2], "numerator": 2, "denominator": 1}}}
    meta = {"currency": "USD", "symbol": "AAPL", "exchangeTimezoneName": "America/New_York"}
    result = {"meta": meta, "timestamp": [*OPENS, OPENS[3] + 3 * 86_400], "events": events, "indicators": {"quote": [quote]}}
    return 200, {"chart": {"result": [result], "error": None}}
