"""What is seen of many symbols at once is what is seen of each alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.market import Bar, ClosedBar
from framework.engine.market import Market
from tests.builders import bars, daily

SESSIONS = 9
TIMES = daily(SESSIONS)


def market(kept, seen):
    """A symbol for each list of sessions in ``kept``, its close telling symbol and session; everybody has seen ``seen`` sessions."""
    made = {}
    for number, sessions in enumerate(kept):
        closes = [10.0 + number + session * (1.0 + 0.1 * number) for session in sessions]
        name = "ABCDEF"[number]
        made[name] = bars(name, [(close, close, close, close) for close in closes], [TIMES[session] for session in sessions])
    found = Market(made, daily=True)
    found.cursor[:] = [sum(session < seen for session in sessions) - 1 for sessions in kept]
    return found


def returns_by_session(sessions, number, seen):
    """Session -> return of symbol ``number``, computed apart."""
    closes = {session: 10.0 + number + session * (1.0 + 0.1 * number) for session in sessions if session < seen}
    days = sorted(closes)
    return {day: closes[day] / closes[before] - 1.0 for before, day in pairwise(days)}


KEPT = st.lists(st.sets(st.integers(0, SESSIONS - 1), min_size=1).map(sorted) | st.just(list(range(SESSIONS))), min_size=1, max_size=6)


@given(kept=KEPT, seen=st.integers(0, SESSIONS), lookback=st.integers(1, SESSIONS))
def test_joint_returns_are_those_of_the_sessions_that_all_have(kept, seen, lookback):
    alone = [returns_by_session(sessions, number, seen) for number, sessions in enumerate(kept)]
    last = [sorted(one)[-lookback:] for one in alone]
    common = sorted(set.intersection(*(set(one) for one in last)))
    expected = np.array([[one[day] for one in alone] for day in common]).reshape(len(common), len(kept))
    assert market(kept, seen).joint_returns(list(range(len(kept))), lookback) == pytest.approx(expected, abs=1e-12)


@given(kept=KEPT, seen=st.integers(0, SESSIONS), lookback=st.integers(1, SESSIONS))
def test_windows_and_prices_of_many_are_those_of_each(kept, seen, lookback):
    made, rows = market(kept, seen), list(range(len(kept)))
    windows = made.windows({row: made.sessions_seen(row) for row in rows}, lookback)
    assert [window.tolist() for window in windows] == [made.daily_returns(row, lookback).tolist() for row in rows]
    expected = [list(returns_by_session(sessions, number, seen).values())[-lookback:] for number, sessions in enumerate(kept)]
    assert [window.tolist() for window in windows] == [pytest.approx(one, abs=1e-12) for one in expected]
    assert made.prices(rows).tolist() == [made.price_micros(row) / 1_000_000 for row in rows]


def test_a_bar_of_one_symbol_leaves_the_sessions_of_its_neighbor_alone():
    shared = bars("A", [(1.0 + day, 9.0, 1.0, 2.0 + day) for day in range(4)])
    both = {"A": shared, "B": replace(shared, symbol="B")}
    market = Market(both, daily=False)
    first, other = market.sessions_by_row
    assert first.times is other.times
    minute_later = int(shared.timestamp[-1]) + 60_000_000_000
    for number in range(2):  # in the same session, twice
        market.extend({0: ClosedBar(Bar("A", minute_later + number, 2.0, 9.0, 1.0, 7.0, 1e6))})
    assert first.last_bars.tolist() == [0, 1, 2, 5]
    assert other.last_bars.tolist() == [0, 1, 2, 3]
    assert (first.volumes(4, 4)[-1], other.volumes(4, 4)[-1]) == (shared.volume[-1] + 2e6, shared.volume[-1])
