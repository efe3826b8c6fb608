"""From a request to a ``Dataset``: read, cut to the range, stamp, check, adjust, and refuse or let pass."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from data.calendar import sessions_of_days
from data.dataset import Dataset
from data.files import read_csv, read_frame, read_parquet
from data.finding import NS_PER_DAY, NS_PER_SECOND, moment
from data.policy import refuse
from data.sample import read_sample
from data.validation import validated
from framework.domain.market import BarSeries
from framework.errors import BadDataError, ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from data.calendar import Sessions
    from data.finding import Finding
    from data.raw_bars import RawBars
    from data.request import DataRequest

EPOCH = date(1970, 1, 1)


def load(request: DataRequest, frames: Mapping[str, pd.DataFrame] | None = None) -> Dataset:
    """The bars of ``request``, validated and adjusted; the result does not depend on the order of symbols or files.

    Args:
        request: What to load.
        frames: DataFrames by symbol; when given they are the source, whatever ``request.source`` says.

    Raises:
        ConfigError: The request cannot be meant, or names a calendar that does not exist.
        MissingDataError: A folder, file, symbol, package or date range is not there.
        BadDataError: Something unreadable, fewer than two bars to trade, or findings whose policy is to refuse.
    """
    raws = [_cut(_read(symbol, request, frames), request) for symbol in sorted(request.symbols)]
    sessions = _sessions(raws, request)
    checked = [validated(raw, sessions, request) for raw in raws]
    findings = sorted([finding for _, found in checked for finding in found], key=_by_symbol_and_time)
    refuse(findings, request.policy, {raw.symbol: raw.origin for raw in raws})
    first_trade = _first_trade([bars for bars, _ in checked], request)
    series = {bars.symbol: _series(bars, first_trade) for bars, _ in checked}
    return Dataset(series, first_trade, tuple(findings))


def _by_symbol_and_time(finding: Finding) -> tuple[str, int, str]:
    return finding.symbol, finding.timestamp or 0, finding.kind


def _read(symbol: str, request: DataRequest, frames: Mapping[str, pd.DataFrame] | None) -> RawBars:
    if frames is not None:
        return read_frame(symbol, frames, request)
    if request.source == "frames":
        raise ConfigError('[data] source = "frames" needs DataFrames: run(config, data={"AAPL": frame}); else set sample, csv or parquet')
    return {"sample": read_sample, "csv": read_csv, "parquet": read_parquet}[request.source](symbol, request)


def _cut(raw: RawBars, request: DataRequest) -> RawBars:
    """Only the rows the run can see: what lies outside of the range is not checked either."""
    keep = np.ones(len(raw), dtype=bool) if request.end is None else raw.when < _day_start(request.end + timedelta(days=1), request)
    if request.start is not None:
        times = np.unique(raw.when[keep])
        first = int(np.searchsorted(times, _day_start(request.start, request)))
        if first == len(times):
            raise _out_of_range(raw, request)
        keep &= raw.when >= times[max(0, first - request.warmup)]
    if not keep.any():
        raise _out_of_range(raw, request)
    return raw.take(keep)


def _day_start(day: date, request: DataRequest) -> int:
    """The least ``when`` of a bar of ``day``: a bar that closes at midnight belongs to the day before."""
    if request.is_daily:
        return (day - EPOCH).days
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(request.timezone))
    return int(midnight.timestamp()) * NS_PER_SECOND + 1


def _out_of_range(raw: RawBars, request: DataRequest) -> MissingDataError:
    first, last = (_written(int(when), request) for when in (raw.when.min(), raw.when.max()))
    asked = f"start = {request.start or 'unset'}, end = {request.end or 'unset'}"
    return MissingDataError(f"{raw.symbol}: no bar with [data] {asked}; the data ({raw.origin}) runs from {first} to {last}")


def _written(when: int, request: DataRequest) -> str:
    return str(EPOCH + timedelta(days=when)) if request.is_daily else moment(when)


def _sessions(raws: list[RawBars], request: DataRequest) -> Sessions:
    unit = 1 if request.is_daily else NS_PER_DAY
    first, last = min(int(raw.when.min()) for raw in raws), max(int(raw.when.max()) for raw in raws)
    return sessions_of_days(first // unit, last // unit, request.calendar)


def _first_trade(checked: list[RawBars], request: DataRequest) -> int:
    """Close of the first bar of any symbol from ``start`` on; the last moment there is when no bar is left, which ``_series`` refuses."""
    after = np.iinfo(np.int64).min
    if request.start is not None:
        # A daily bar is stamped after midnight UTC of its date wherever the exchange is.
        after = _day_start(request.start, request) * NS_PER_DAY + 1 if request.is_daily else _day_start(request.start, request)
    times = np.concatenate([bars.when for bars in checked])
    return int(times[times >= after].min(initial=np.iinfo(np.int64).max))


def _series(bars: RawBars, first_trade: int) -> BarSeries:
    traded = int((bars.when >= first_trade).sum())
    if traded < 2:
        raise BadDataError(
            f"{bars.symbol} ({bars.origin}): {traded} bar{'s' * (traded != 1)} in the range to trade, at least 2 are needed: "
            "a decision at one bar is filled at the next; widen [data] start and end, or remove the symbol"
        )
    names = ("open", "high", "low", "close", "volume", "dividend", "split")
    columns = {name: np.ascontiguousarray(getattr(bars, name), dtype=np.float64) for name in names}
    return BarSeries(bars.symbol, np.ascontiguousarray(bars.when, dtype=np.int64), **columns)
