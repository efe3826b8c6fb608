"""The arrays driver plays what Cerebro plays: the same slices, and to the last bit the same run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.engine import arrays
from framework.engine.arrays import ArraysDriver, windows
from tests.builders import Scripted, assembled, bars, daily, minutes, play, still
from tests.properties.worlds import Programmed, worlds

MONDAY = date(2012, 1, 9)
times_of_symbols = st.lists(st.sets(st.integers(1, 60), max_size=30).map(sorted), min_size=1, max_size=5)


def brute_force(times):
    return [(now, [row for row, one in enumerate(times) if now in one]) for now in sorted({now for one in times for now in one})]


def played_out(times):
    return [(now, list(rows)) for window in windows([np.array(one, dtype=np.int64) for one in times]) for now, rows in window]


@given(times_of_symbols, st.integers(1, 7))
def test_slices_are_all_closes_in_turn_each_with_the_symbols_that_have_it(times, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "CHUNK", chunk)
        found = played_out(times)
    assert found == brute_force(times)


@given(st.sets(st.integers(1, 60), min_size=1), st.integers(1, 4))
def test_symbols_on_one_time_line_come_together(times, count):
    line = np.array(sorted(times), dtype=np.int64)
    assert played_out([line] * count) == [(now, list(range(count))) for now in sorted(times)]


def same(one, other):
    first, second = one.simulation, other.simulation
    assert first.driver.name == "arrays"
    assert second.driver.name == "backtrader"
    assert first.journal.decisions_hash == second.journal.decisions_hash
    assert first.journal.fills == second.journal.fills
    assert first.journal.account_events == second.journal.account_events
    assert first.journal.refusals == second.journal.refusals
    assert first.journal.transitions == second.journal.transitions
    assert first.engine.desk.book == second.engine.desk.book
    assert one.equity == other.equity


def on_both(world, series):
    return [play(Programmed(world.program), *series, **world.config, engine={"name": name}) for name in ("arrays", "backtrader")]


@given(worlds())
def test_it_gives_the_run_that_cerebro_gives(world):
    same(*on_both(world, world.series))


@given(worlds(), st.data())
def test_it_gives_the_run_that_cerebro_gives_on_minutes_with_gaps(world, data):
    series = []
    for one in world.series:
        numbers = data.draw(st.sets(st.integers(1, 390), min_size=len(one), max_size=len(one)))
        series.append(replace(one, timestamp=np.array(minutes(MONDAY, sorted(numbers)), dtype=np.int64)))
    minute_world = replace(world, config={**world.config, "data": {"resolution": "1m"}})
    same(*on_both(minute_world, series))


def test_history_before_the_first_decision_is_seen_and_not_played():
    series = [bars("A", still(100, 6)), bars("B", still(50, 3), daily(6)[3:])]
    seen = []
    script = Scripted(lambda ctx: seen.append((len(ctx.bars("A")), len(ctx.bars("B")))))
    play(script, *series, first=daily(6)[2], engine={"name": "arrays"})
    assert seen == [(3, 0), (4, 1), (5, 2), (6, 3)]


def test_a_run_of_our_own_strategies_is_played_by_it_unless_asked_otherwise():
    assert isinstance(assembled(Scripted({}), [bars("A", still(100, 2))]).driver, ArraysDriver)
