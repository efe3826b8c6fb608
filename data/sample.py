"""The sample: real daily bars of five US shares, 2000-03-01 to 2013-03-01.

Prices, volumes and ``adj_close`` come from the package bokeh_sampledata (Quandl WIKI prices, public domain). They are raw, so the
splits and dividends stand in ``sample_actions.csv`` beside this file: ``symbol,ex_date,kind,value`` with ``split`` (new shares for one
old), ``dividend`` (dollars a share of that day) and ``confirmed`` (a finding of validation that really happened: on 2000-09-29 Apple
opened 47 % down after a profit warning, and 2010-05-06 was the "flash crash").
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.finding import FindingKind
from data.policy import near
from data.raw_bars import RawBars
from framework.errors import ConfigError, MissingDataError

if TYPE_CHECKING:
    from types import ModuleType

    from data.request import DataRequest
    from framework.domain.market import Floats

SAMPLE_SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
#: Earlier releases of the package hold other prices, which the table of splits and dividends does not fit.
SAMPLE_VERSION = "2026.1"
ACTIONS_FILE = Path(__file__).with_name("sample_actions.csv")


def read_sample(symbol: str, request: DataRequest) -> RawBars:
    """All bars of ``symbol`` in the sample.

    Raises:
        ConfigError: Another resolution than ``1d`` is asked for.
        MissingDataError: The symbol is not in the sample, or the package is not installed.
    """
    if not request.is_daily:
        raise ConfigError(f'[data] resolution = {request.resolution!r}: the sample holds daily bars only; allowed: "1d"')
    if symbol not in SAMPLE_SYMBOLS:
        raise MissingDataError(
            f"{symbol} is not in the sample{near(symbol, SAMPLE_SYMBOLS)}; there are {', '.join(SAMPLE_SYMBOLS)}; "
            'for other symbols set [data] source = "csv" and path'
        )
    table = getattr(_sample_module(), symbol)
    columns = {name: np.array(table[name], dtype=np.float64) for name in ("open", "high", "low", "close", "volume", "adj_close")}
    dates: list[str] = table["date"]
    count = len(dates)
    actions = [(dates.index(ex_date), kind, value) for ex_date, kind, value in _actions(symbol)]
    return RawBars(
        symbol=symbol,
        origin="the sample",
        row=range(1, count + 1),
        when=np.array(dates, dtype="datetime64[D]").astype(np.int64),
        dividend=_placed(actions, "dividend", np.zeros(count)),
        split=_placed(actions, "split", np.ones(count)),
        pay_day=np.zeros(count, dtype=np.int64),
        confirmed=frozenset((index + 1, FindingKind(value)) for index, kind, value in actions if kind == "confirmed"),
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns["volume"],
        adj_close=columns["adj_close"],
    )


def _sample_module() -> ModuleType:
    try:
        from importlib.metadata import version

        import bokeh_sampledata.stocks as module
    except ImportError:
        raise MissingDataError('the sample data is not installed; remedy: pip install "onetape[sample]"') from None
    found = version("bokeh_sampledata")
    if found != SAMPLE_VERSION:
        raise MissingDataError(f'the sample needs bokeh_sampledata {SAMPLE_VERSION}, found {found}; remedy: pip install "onetape[sample]"')
    return module


def _actions(symbol: str) -> list[tuple[str, str, str]]:
    with ACTIONS_FILE.open(encoding="utf-8", newline="") as file:
        return [(row["ex_date"], row["kind"], row["value"]) for row in csv.DictReader(file) if row["symbol"] == symbol]


def _placed(actions: list[tuple[int, str, str]], wanted: str, column: Floats) -> Floats:
    for index, kind, value in actions:
        if kind == wanted:
            column[index] = float(value)
    return column
