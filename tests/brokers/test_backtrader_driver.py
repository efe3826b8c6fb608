"""Cerebro only turns the crank: its slices are the union of all closes, and a plain loop in its place gives the same run."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from brokers.backtrader.driver import BacktraderDriver
from tests.builders import Scripted, assembled, bars, daily, minutes, play, still
from tests.properties.worlds import Programmed, worlds

BACKTRADER = {"name": "backtrader"}


def plain_loop(simulation, first=0):
    """The driver in ten lines, without backtrader: the union of all closes, each with the symbols that have a bar there."""
    market = simulation.market
    for row, series in enumerate(market.series):
        market.cursor[row] = int(np.searchsorted(series.timestamp, first)) - 1
    for timestamp in sorted({int(time) for one in market.series for time in one.timestamp if time >= first}):
        rows = [row for row, one in enumerate(market.series) if timestamp in one.timestamp]
        for row in rows:
            market.cursor[row] += 1
        market.now = timestamp
        market.on_bars(rows)
        simulation.broker.on_slice(rows)
        simulation.engine.on_slice(timestamp)


def looped(strategy, series, first=0, **config):
    simulation = assembled(strategy, series, first, **config)
    with simulation.broker:
        simulation.engine.start(first)
        plain_loop(simulation, first)
        simulation.engine.stop()
    return simulation


@st.composite
def sparse_times(draw):
    """Minutes of one session at which each of up to four symbols has a bar."""
    count = draw(st.integers(1, 4))
    return [sorted(draw(st.sets(st.integers(1, 390), min_size=1, max_size=12))) for _ in range(count)]


@given(sparse_times())
def test_slices_are_the_union_of_all_closes_and_each_sees_its_bars(numbers):
    monday = date(2012, 1, 9)
    series = [bars(symbol, still(100, len(times)), minutes(monday, times)) for symbol, times in zip("DCBA", numbers, strict=False)]
    seen = []
    strategy = Scripted(lambda ctx: seen.append((round(ctx.now.timestamp()) * 10**9, [len(ctx.bars(symbol)) for symbol in ctx.symbols])))
    played = play(strategy, *series, data={"resolution": "1m"}, engine=BACKTRADER)
    counted = [[int((one.timestamp <= time).sum()) for one in sorted(series, key=lambda one: one.symbol)] for time in played.times]
    assert seen == list(zip(played.times, counted, strict=True))


@given(worlds())
def test_a_plain_loop_in_its_place_gives_the_same_run(world):
    driven = play(Programmed(world.program), *world.series, **world.config, engine=BACKTRADER).simulation
    plain = looped(Programmed(world.program), world.series, **world.config)
    assert plain.journal.decisions_hash == driven.journal.decisions_hash
    assert plain.journal.fills == driven.journal.fills
    assert plain.journal.refusals == driven.journal.refusals
    assert plain.engine.desk.book == driven.engine.desk.book


def test_the_plain_loop_agrees_about_history_before_the_first_decision():
    series = [bars("A", still(100, 6)), bars("B", still(50, 3), daily(6)[3:])]
    script = {0: lambda ctx: (ctx.buy("A", 1), ctx.buy("B", 1))}
    driven = play(script, *series, first=daily(6)[2], engine=BACKTRADER).simulation
    plain = looped(Scripted(script), series, daily(6)[2])
    assert driven.journal.fills == plain.journal.fills
    assert driven.journal.refusals == plain.journal.refusals
    assert [fill.symbol for fill in driven.journal.fills] == ["A"]


def test_nanoseconds_survive_the_floats_that_order_the_feeds():
    # A float of days since year 1 is good to some ten microseconds; these closes differ from round minutes by less.
    times = [minute + 7 + number for number, minute in enumerate(minutes(date(2012, 1, 3), range(1, 51)))]
    played = play(lambda ctx: ctx.buy("A", 1), bars("A", still(100, 50), times), data={"resolution": "1m"}, engine=BACKTRADER)
    assert [order.created_at for order in played.orders] == times
    assert [fill.timestamp for fill in played.simulation.journal.fills] == times[1:]


def test_the_driver_says_its_name():
    simulation = assembled(Scripted({}), [bars("A", still(100, 2))], engine=BACKTRADER)
    assert isinstance(simulation.driver, BacktraderDriver)
    assert simulation.driver.name == "backtrader"
