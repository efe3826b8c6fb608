"""Real market data for tests, as arrays: sample stocks, the S&P 500, and two published series."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np
from arch.data import sp500
from bokeh_sampledata import stocks

STORED = Path(__file__).parents[2] / "data_reference"


def simple(prices: np.ndarray) -> np.ndarray:
    """Simple returns."""
    return prices[1:] / prices[:-1] - 1.0


def _dated(name: str) -> dict[str, float]:
    table = getattr(stocks, name)
    return dict(zip((str(day)[:10] for day in table["date"]), table["adj_close"], strict=True))


@cache
def stock(name: str) -> np.ndarray:
    """All simple returns of a sample stock, dividends included."""
    return simple(np.array(getattr(stocks, name)["adj_close"], dtype=np.float64))


@cache
def four_stocks() -> np.ndarray:
    """Joint returns [2147, 4] of AAPL, GOOG, IBM and MSFT."""
    return np.column_stack([stock(name)[-2147:] for name in ("AAPL", "GOOG", "IBM", "MSFT")])


@cache
def four_stock_days() -> list[str]:
    """The dates of ``four_stocks``."""
    return list(_dated("GOOG"))[1:]


@cache
def index_returns() -> np.ndarray:
    """All simple returns of the S&P 500, 1999 to 2018."""
    return simple(sp500.load()["Adj Close"].to_numpy(dtype=np.float64))


@cache
def stock_and_index() -> tuple[np.ndarray, np.ndarray]:
    """Returns of AAPL and of the S&P 500 on their common dates."""
    table = sp500.load()["Adj Close"]
    index = dict(zip((str(day)[:10] for day in table.index), table.to_numpy(dtype=np.float64), strict=True))
    asset = _dated("AAPL")
    days = [day for day in asset if day in index]
    return simple(np.array([asset[day] for day in days])), simple(np.array([index[day] for day in days]))


def _stored(name: str) -> list[list[str]]:
    with gzip.open(STORED / name, "rt", encoding="utf-8") as lines:
        return [line.strip().split(",") for line in lines][1:]


@cache
def mark_pound() -> np.ndarray:
    """Returns of the mark against the pound as fractions."""
    return np.array([float(row[0]) for row in _stored("mark_pound.csv.gz")]) / 100.0


@cache
def stale_stock() -> tuple[list[str], np.ndarray]:
    """Dates and returns of a stock that hardly traded."""
    rows = _stored("rrc.csv.gz")
    return [row[0] for row in rows][1:], simple(np.array([float(row[1]) for row in rows]))
