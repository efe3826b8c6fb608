"""From a request to a ``Dataset``: read, cut to the range, stamp, check, adjust, and refuse or let pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from data.acting import read_with
from data.actions import read_actions
from data.calendar import sessions_of_days
from data.catalog_source import read_catalog, with_actions_beside
from data.dataset import Dataset
from data.days import EPOCH, day_start
from data.files import read_csv, read_frame, read_parquet, rows_in_parquet
from data.finding import NS_PER_DAY, FindingKind, moment
from data.finer import made_of
from data.policy import refuse
from data.sample import read_sample
from data.shelf import Shelf
from data.times import SameTimes
from data.validation import Validation, validated
from framework.domain.market import BarSeries, events_in
from framework.errors import BadDataError, ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from data.calendar import Sessions
    from data.finding import Finding
    from data.raw_bars import RawBars
    from data.request import DataRequest
    from framework.domain.market import FinerBars, Floats, Integers

    Frames = Mapping[str, pd.DataFrame] | None

#: Bars that are kept in memory, about a hundred bytes each; more lie on the disk while they are not looked at.
FITS = 20_000_000
#: A bar without all of its finer bars shows in its range, or is walked as one.
_NO_MATTER_IF_FINER = frozenset({FindingKind.GAP, FindingKind.NOT_A_SESSION, FindingKind.ZERO_VOLUME})


def load(request: DataRequest, frames: Frames = None, finer_frames: Frames = None) -> Dataset:
    """The bars of ``request``, validated and adjusted; the result does not depend on the order of symbols or files.

    Args:
        request: What to load.
        frames: DataFrames by symbol; when given they are the source, whatever ``request.source`` says.
        finer_frames: The same for the finer bars that the request asks for.

    Raises:
        ConfigError: The request cannot be meant, or names a calendar that does not exist.
        MissingDataError: A folder, file, symbol, package or date range is not there.
        BadDataError: Something unreadable, fewer than two bars to trade, or findings whose policy is to refuse.
    """
    if frames is None and request.finer is None and rows_in_parquet(request) > FITS:
        return _one_by_one(request)
    checked, findings, sessions = _checked(request, frames)
    first_trade = _first_trade([bars.when for bars in checked], request)
    series = {bars.symbol: _series(bars, first_trade) for bars in checked}
    if request.finer is None:
        return Dataset(series, first_trade, tuple(findings))
    finer, found = _finer(request.for_finer(request.finer), finer_frames, series, sessions)
    return Dataset(series, first_trade, tuple(sorted([*findings, *found], key=_by_symbol_and_time)), finer)


def _checked(request: DataRequest, frames: Frames) -> tuple[list[RawBars], list[Finding], Sessions]:
    """Sound bars of every symbol, by symbol, what was found, and the sessions around them."""
    request = with_actions_beside(request)
    actions = read_actions(request.actions)

    known = SameTimes()

    def read(symbol: str) -> RawBars:
        return _read(symbol, request) if frames is None else read_frame(symbol, frames, request, known)

    raws = [_cut(read_with(symbol, actions, request, read), request) for symbol in sorted(request.symbols)]
    sessions = sessions_around(raws, request)
    validation = Validation(sessions, request)
    checked = [validation(raw) for raw in raws]
    findings = sorted([finding for _, found in checked for finding in found], key=_by_symbol_and_time)
    refuse(findings, request.policy, {raw.symbol: raw.origin for raw in raws})
    return [bars for bars, _ in checked], findings, sessions


def _one_by_one(request: DataRequest) -> Dataset:
    """The same for bars that do not fit into memory: each symbol is read, checked and put on the disk before the next one."""
    actions, shelf = read_actions(request.actions), Shelf()
    series: dict[str, BarSeries] = {}
    findings: list[Finding] = []
    origins: dict[str, str] = {}
    firsts = []
    for symbol in sorted(request.symbols):
        raw = _cut(read_with(symbol, actions, request, lambda name: _read(name, request)), request)
        bars, found = validated(raw, sessions_around([raw], request), request)
        findings, origins[symbol] = findings + found, raw.origin
        firsts.append(_first_trade([bars.when], request))
        series[symbol] = shelf.put(_columns(bars, symbol))
    findings.sort(key=_by_symbol_and_time)
    refuse(findings, request.policy, origins)
    first_trade = min(firsts)
    for symbol, one in series.items():
        _check_traded(symbol, origins[symbol], one.timestamp, first_trade)
        one.release()
    return Dataset(series, first_trade, tuple(findings))


def _finer(
    request: DataRequest, frames: Frames, coarse: Mapping[str, BarSeries], sessions: Sessions
) -> tuple[dict[str, FinerBars], list[Finding]]:
    """The finer bars of every symbol by the bars they make up, and what was found; gaps and foreign hours are no finding there."""
    checked, findings, _ = _checked(request, frames)
    kept = [replace(one, detail=f"{request.resolution} bars: {one.detail}") for one in findings if one.kind not in _NO_MATTER_IF_FINER]
    made = {bars.symbol: made_of(coarse[bars.symbol], _columns(bars, f"{bars.symbol} {request.resolution}"), sessions) for bars in checked}
    disagreeing = [finding for _, finding in made.values() if finding is not None]
    refuse(disagreeing, request.policy, {bars.symbol: bars.origin for bars in checked})
    return {symbol: bars for symbol, (bars, _) in made.items()}, kept + disagreeing


def _by_symbol_and_time(finding: Finding) -> tuple[str, int, str]:
    return finding.symbol, finding.timestamp or 0, finding.kind


def _read(symbol: str, request: DataRequest) -> RawBars:
    if request.source == "frames":
        given = "finer" if request.is_finer else "data"
        raise ConfigError(f'[data] source = "frames" needs DataFrames: run(config, {given}={{"AAPL": frame}}); else set csv or parquet')
    readers = {"sample": read_sample, "csv": read_csv, "parquet": read_parquet, "catalog": read_catalog}
    return readers[request.source](symbol, request)


def _cut(raw: RawBars, request: DataRequest) -> RawBars:
    """Only the rows the run can see: what lies outside of the range is not checked either."""
    if request.start is None and request.end is None and len(raw):
        return raw
    keep = np.ones(len(raw), dtype=bool) if request.end is None else raw.when < day_start(request.end + timedelta(days=1), request)
    if request.start is not None:
        times = np.unique(raw.when[keep])
        first = int(np.searchsorted(times, day_start(request.start, request)))
        if first == len(times):
            raise _out_of_range(raw, request)
        keep &= raw.when >= times[max(0, first - request.warmup)]
    if not keep.any():
        raise _out_of_range(raw, request)
    return raw.take(keep)


def _out_of_range(raw: RawBars, request: DataRequest) -> MissingDataError:
    first, last = (_written(int(when), request) for when in (raw.when.min(), raw.when.max()))
    asked = f"start = {request.start or 'unset'}, end = {request.end or 'unset'}"
    return MissingDataError(f"{raw.symbol}: no bar with [data] {asked}; the data ({raw.origin}) runs from {first} to {last}")


def _written(when: int, request: DataRequest) -> str:
    return str(EPOCH + timedelta(days=when)) if request.is_daily else moment(when)


def sessions_around(raws: list[RawBars], request: DataRequest) -> Sessions:
    """The sessions of the days that ``raws``, none of them empty, reach over, and of two months on either side."""
    unit = 1 if request.is_daily else NS_PER_DAY
    first, last = min(int(raw.when.min()) for raw in raws), max(int(raw.when.max()) for raw in raws)
    return sessions_of_days(first // unit, last // unit, request.calendar)


def _first_trade(times: list[Integers], request: DataRequest) -> int:
    """Close of the first bar of any symbol from ``start`` on; the last moment there is when no bar is left, which ``_series`` refuses."""
    after = np.iinfo(np.int64).min
    if request.start is not None:
        # A daily bar is stamped after midnight UTC of its date wherever the exchange is.
        after = day_start(request.start, request) * NS_PER_DAY + 1 if request.is_daily else day_start(request.start, request)
    firsts = [one[np.searchsorted(one, after) :][:1] for one in times]  # what was checked is in order
    return min((int(one[0]) for one in firsts if len(one)), default=np.iinfo(np.int64).max)


def _series(bars: RawBars, first_trade: int) -> BarSeries:
    _check_traded(bars.symbol, bars.origin, bars.when, first_trade)
    return _columns(bars, bars.symbol)


def _check_traded(symbol: str, origin: str, times: Integers, first_trade: int) -> None:
    traded = len(times) - int(np.searchsorted(times, first_trade))
    if traded < 2:
        raise BadDataError(
            f"{symbol} ({origin}): {traded} bar{'s' * (traded != 1)} in the range to trade, at least 2 are needed: "
            "a decision at one bar is filled at the next; widen [data] start and end, or remove the symbol"
        )


def _columns(bars: RawBars, name: str) -> BarSeries:
    def column(values: Floats) -> Floats:
        return values if values.strides == (0,) else np.ascontiguousarray(values, dtype=np.float64)

    return BarSeries(
        name,
        np.ascontiguousarray(bars.when, dtype=np.int64),
        column(bars.open),
        column(bars.high),
        column(bars.low),
        column(bars.close),
        column(bars.volume),
        column(bars.dividend),
        column(bars.split),
        np.ascontiguousarray(bars.pay_day, dtype=np.int64) if len(events_in(bars.pay_day, 0)) else None,
        bars.delisting,
    )
