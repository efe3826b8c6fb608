"""Bars against the exchange calendar: stamps of daily bars, bars while it was closed, sessions without bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from data.finding import NS_PER_DAY, NS_PER_SECOND, Finding, FindingKind, moment
from data.spans import spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.calendar import Sessions
    from data.raw_bars import RawBars
    from data.request import DataRequest
    from framework.domain.market import Integers

    Mask = NDArray[np.bool_]


def stamped(raw: RawBars, sessions: Sessions, request: DataRequest) -> RawBars:
    """``raw`` with ``when`` in ns UTC.

    A daily bar is stamped at its session's close. A date that is no session has none: it takes the time of day of the session before it,
    so that it stays in its place if policy accepts it.
    """
    if not request.is_daily:
        return raw
    last = np.searchsorted(sessions.day, raw.when, side="right") - 1
    return replace(raw, when=sessions.close[last] + (raw.when - sessions.day[last]) * NS_PER_DAY)


def first_bars(when: Integers, sessions: Sessions) -> Integers:
    """Positions of the first of ``when`` (int64[n], ns UTC, ascending) in each of ``sessions`` that has one, or in the time before it."""
    ends = np.searchsorted(when, sessions.close, side="right")
    found: Integers = ends[:-1][np.diff(ends) > 0]
    return np.append([0], found) if ends[0] and len(when) else found


def outside_sessions(when: Integers, sessions: Sessions, request: DataRequest) -> Mask | None:
    """Which of ``when`` (int64[n], ns UTC, ascending) are no close of a session (daily) or lie in none (intraday).

    bool[n]; ``None`` where all are what they should be.
    """
    if request.is_daily:
        foreign: Mask = sessions.close[np.minimum(np.searchsorted(sessions.close, when), len(sessions.close) - 1)] != when
        return foreign if foreign.any() else None
    if not (sessions.break_start < sessions.break_end).any():
        firsts = when[first_bars(when, sessions)]
        if (firsts > sessions.open[np.searchsorted(sessions.close, firsts)]).all():
            return None
    index = np.searchsorted(sessions.close, when)
    in_break = (when > sessions.break_start[index]) & (when <= sessions.break_end[index])
    outside: Mask = (when <= sessions.open[index]) | in_break
    return outside if outside.any() else None


def closed_findings(raw: RawBars, outside: Mask | None, request: DataRequest) -> list[Finding]:
    """One finding for each unbroken run of rows outside of every session."""
    if outside is None:
        return []
    action = {"accept": "accepted"}.get(request.action(FindingKind.NOT_A_SESSION), "dropped")
    positions = np.flatnonzero(outside)
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1)
    return [_closed(raw, run, request, action) for run in runs]


def _closed(raw: RawBars, run: Integers, request: DataRequest, action: str) -> Finding:
    first, last = int(raw.when[run[0]]), int(raw.when[run[-1]])
    if request.is_daily:
        what = f"{_day(first)} is no session of {request.calendar}"
    else:
        what = f"{moment(first)} is outside of the sessions of {request.calendar}; timestamps are the bars' closes"
    if len(run) > 1:
        what += f"; {len(run)} rows up to {_day(last) if request.is_daily else moment(last)}"
    return Finding(FindingKind.NOT_A_SESSION, raw.symbol, first, what, int(raw.row[run[0]]), action)


def overlap_findings(raw: RawBars, outside: Mask | None, sessions: Sessions, request: DataRequest) -> list[Finding]:
    """One finding for all intraday bars that reach back into the bar before; the close and a break may cut one short."""
    if request.is_daily:
        return []
    when = raw.when if outside is None else raw.when[~outside]
    parts = [np.flatnonzero(np.diff(when[span]) < request.step) + span.start for span in spans(len(when), overlap=1)]
    short = np.concatenate(parts) + 1 if parts else np.empty(0, np.int64)
    index = np.searchsorted(sessions.close, when[short])
    is_cut = (when[short] == sessions.close[index]) | (when[short] == sessions.break_start[index])
    late = short[~is_cut & (when[short - 1] > sessions.open[index])]
    if len(late) == 0:
        return []
    first = int(late[0])
    place = first if outside is None else int(np.flatnonzero(~outside)[first])
    seconds = (int(when[first]) - int(when[first - 1])) / NS_PER_SECOND
    detail = (
        f"{len(late)} of {len(raw)} bars of {request.resolution} close sooner after the one before, this one {seconds:g} s after it: "
        "is the resolution another?"
    )
    return [Finding(FindingKind.OVERLAP, raw.symbol, int(when[first]), detail, int(raw.row[place]), "accepted")]


def gap_findings(raw: RawBars, outside: Mask | None, sessions: Sessions, request: DataRequest) -> list[Finding]:
    """One finding for each run of missing bars between the first and the last; rows outside of sessions do not count.

    Intraday, time is counted while the exchange was open only; bars may be cut short by the open or the close.
    """
    when = raw.when if outside is None else raw.when[~outside]
    if request.is_daily:
        return _missing_sessions(raw.symbol, when, sessions, request.calendar)
    # The exchange has not been open for longer than time has passed.
    step = request.step
    parts = [np.flatnonzero(np.diff(when[span]) > step) + span.start for span in spans(len(when), overlap=1)]
    wide = np.concatenate(parts) if parts else np.empty(0, np.int64)
    elapsed = open_time(when[wide + 1], sessions) - open_time(when[wide], sessions)
    return [
        _missing_bars(raw.symbol, when, index, passed, step)
        for index, passed in zip(wide.tolist(), elapsed.tolist(), strict=True)
        if passed > step
    ]


def open_time(when: Integers, sessions: Sessions) -> Integers:
    """How long the exchange had been open, ns, from the first of ``sessions`` up to each of ``when`` (int64[n], ns UTC)."""
    length = sessions.close - sessions.open - (sessions.break_end - sessions.break_start)
    before = np.concatenate([[0], np.cumsum(length)])
    index = np.searchsorted(sessions.close, when)
    paused = np.clip(when - sessions.break_start[index], 0, sessions.break_end[index] - sessions.break_start[index])
    elapsed: Integers = before[index] + np.maximum(when - sessions.open[index], 0) - paused
    return elapsed


def _missing_sessions(symbol: str, when: Integers, sessions: Sessions, calendar: str) -> list[Finding]:
    index = np.searchsorted(sessions.close, when)
    findings = []
    for position in np.flatnonzero(np.diff(index) > 1):
        closes = sessions.close[index[position] + 1 : index[position + 1]]
        first, last = _day(int(closes[0])), _day(int(closes[-1]))
        span = f"on {first}" if len(closes) == 1 else f"for {len(closes)} sessions, {first} .. {last}"
        findings.append(Finding(FindingKind.GAP, symbol, int(closes[0]), f"no bar {span}, when {calendar} was open", None, "accepted"))
    return findings


def _missing_bars(symbol: str, when: Integers, index: int, elapsed: int, step: int) -> Finding:
    count = -(-elapsed // step) - 1
    detail = f"{count} bar{'s' * (count > 1)} missing between {moment(int(when[index]))} and {moment(int(when[index + 1]))}"
    return Finding(FindingKind.GAP, symbol, int(when[index]) + step, detail, None, "accepted")


def _day(close: int) -> date:
    """The date of a session's close; the nanosecond keeps a close at midnight on its own day."""
    return date(1970, 1, 1) + timedelta(days=(close - 1) // NS_PER_DAY)
