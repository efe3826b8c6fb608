"""Sound bars are told by a quick look; what it lets pass is what a look at every row would."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import DataRequest, spans
from data.attendance import first_bars, gap_findings, open_time, outside_sessions
from data.calendar import session_closes, sessions_of_days
from data.raw_bars import RawBars
from data.validation import Validation, validated
from framework.engine.market import each_bar, last_bars, session_numbers, session_times
from tests.builders import MINUTE

FIRST_DAY, MANY = date(2012, 1, 3), 40
DAILY = DataRequest(symbols=("A",))
MINUTES = DataRequest(symbols=("A",), resolution="30m")
SESSIONS = sessions_of_days((FIRST_DAY - date(1970, 1, 1)).days, (FIRST_DAY - date(1970, 1, 1)).days + 90, "XNYS")
#: What is done to one row, and what may come of it.
DEFECTS = {
    "a price that is none": ("open", np.nan),
    "a price below zero": ("low", -1.0),
    "an infinite high": ("high", np.inf),
    "a high below the low": ("high", 50.0),
    "no volume": ("volume", 0.0),
    "a volume that is none": ("volume", np.nan),
    "a wick": ("high", 150.0),
    "a jump": ("close", 51.0),
    "a split": ("split", 2.0),
    "a dividend": ("dividend", 0.5),
}


def raw_bars(request: DataRequest, defects: list[tuple[str, int]], moved: list[int]) -> RawBars:
    """Bars of one symbol; rows ``moved`` come an hour, or a day, later than they should."""
    if request.is_daily:
        when = session_closes(FIRST_DAY, date(2012, 3, 30)).day[:MANY].copy()
    else:
        opens = session_closes(FIRST_DAY, date(2012, 1, 6)).open
        when = np.concatenate([one + np.arange(1, 14) * 30 * MINUTE for one in opens])[:MANY].copy()
    for row in moved:
        when[row % len(when)] += 1 if request.is_daily else 60 * MINUTE
    rows = len(when)
    wave = 100.0 + np.sin(np.arange(rows))
    columns = {"open": wave, "high": wave + 1.0, "low": wave - 1.0, "close": wave + 0.5, "volume": np.full(rows, 1e6)}
    columns |= {"dividend": np.zeros(rows), "split": np.ones(rows), "adj_close": np.full(rows, np.nan), "pay_day": np.zeros(rows, np.int64)}
    for name, row in defects:
        column, value = DEFECTS[name]
        columns[column][row % rows] = value
    return RawBars("A", "a test", range(1, rows + 1), when, **columns)


def told(bars: RawBars) -> list[object]:
    """Every field, bit for bit."""
    return [repr(np.asarray(getattr(bars, one.name)).tolist()) for one in fields(bars)]


spoilt = st.lists(st.tuples(st.sampled_from(sorted(DEFECTS)), st.integers(0, MANY - 1)), max_size=2)
late = st.lists(st.integers(0, MANY - 1), max_size=2)


@pytest.mark.parametrize("request_", [DAILY, MINUTES], ids=["daily", "minutes"])
@given(symbols=st.lists(st.tuples(spoilt, late), min_size=1, max_size=3))
def test_a_symbol_after_others_is_checked_as_if_it_were_alone(request_, symbols):
    validation = Validation(SESSIONS, request_)
    for defects, moved in symbols:
        raw = raw_bars(request_, defects, moved)
        bars, findings = validation(raw)
        alone, expected = validated(raw, SESSIONS, request_)
        assert told(bars) == told(alone)
        assert findings == expected


@pytest.mark.parametrize("request_", [DAILY, MINUTES], ids=["daily", "minutes"])
@given(defects=spoilt, moved=late, rows=st.sampled_from((1, 3, 7)))
def test_the_size_of_the_pieces_does_not_matter(request_, defects, moved, rows):
    raw = raw_bars(request_, defects, moved)
    bars, findings = validated(raw, SESSIONS, request_)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "ROWS", rows)
        again, found = validated(raw, SESSIONS, request_)
    assert told(bars) == told(again)
    assert findings == found


@given(steps=st.lists(st.integers(1, 4_000), min_size=1, max_size=60))
def test_times_are_placed_in_sessions_as_each_of_them_alone(steps):
    when = int(SESSIONS.open[20]) + np.cumsum(steps) * MINUTE
    when = when[when <= SESSIONS.close[-1]]
    index = np.searchsorted(SESSIONS.close, when)
    assert first_bars(when, SESSIONS).tolist() == [0, *(np.flatnonzero(np.diff(index)) + 1).tolist()]
    outside = when <= SESSIONS.open[index]
    found = outside_sessions(when, SESSIONS, MINUTES)
    assert (found is None and not outside.any()) or found.tolist() == outside.tolist()
    passed = np.diff(open_time(when[~outside], SESSIONS))
    raw = replace(raw_bars(MINUTES, [], []).take(np.zeros(len(when), dtype=int)), when=when)
    assert len(gap_findings(raw, found, SESSIONS, MINUTES)) == int((passed > MINUTES.step).sum())


@given(steps=st.lists(st.integers(1, 5_000), max_size=200), first=st.integers(0, 10**12))
def test_sessions_are_found_without_dividing_every_time(steps, first):
    times = np.array(first, dtype=np.int64) + np.cumsum(np.array(steps, dtype=np.int64)) * MINUTE
    numbers = session_numbers(times)
    last, found = session_times(times)
    assert each_bar(found, last).tolist() == numbers.tolist()
    assert last_bars(times).tolist() == np.flatnonzero(np.diff(numbers, append=numbers[-1:] + 1)).tolist()
