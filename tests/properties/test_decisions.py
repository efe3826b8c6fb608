"""Decisions come from the past alone, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.market import BarSeries
from framework.engine.journal import decision_line
from tests.properties.worlds import markets, worlds

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split")


def before(played, moment):
    """Everything decided, traded and refused until ``moment``."""
    journal = played.simulation.journal
    return (
        [decision_line(one) for one in journal.orders if one.created_at <= moment],
        [one for one in journal.fills if one.timestamp <= moment],
        [one for one in journal.refusals if one.timestamp <= moment],
        [[change for change in one.changes if change.timestamp <= moment] for one in journal.orders if one.created_at <= moment],
    )


def cut(series, moment):
    """The bars until ``moment``."""
    count = int(np.searchsorted(series.timestamp, moment, side="right"))
    return BarSeries(series.symbol, *(getattr(series, name)[:count].copy() for name in COLUMNS))


def altered(series, moment):
    """The same bars until ``moment``, others afterwards."""
    later = series.timestamp > moment
    scaled = {
        name: np.where(later, getattr(series, name) * 3.0, getattr(series, name)) for name in ("open", "high", "low", "close", "volume")
    }
    return replace(series, **scaled, dividend=np.where(later, 0.0, series.dividend))


@given(worlds(), st.data())
def test_later_bars_change_nothing_that_was_decided_before(world, data):
    full = world.play()
    moment = data.draw(st.sampled_from(full.times))
    assert before(world.play(*(altered(one, moment) for one in world.series)), moment) == before(full, moment)


@given(worlds(), st.data())
def test_a_run_over_the_first_bars_is_the_first_part_of_the_run(world, data):
    full = world.play()
    moment = data.draw(st.sampled_from(full.times))
    prefix = [cut(one, moment) for one in world.series]
    if all(len(one) for one in prefix):
        assert before(world.play(*prefix), moment) == before(full, moment)


@given(worlds())
def test_the_same_inputs_give_the_same_decisions_in_whatever_order_they_are_handed_over(world):
    first, second = world.play(), world.play(*reversed(world.series))
    assert first.simulation.journal.decisions_hash == second.simulation.journal.decisions_hash
    assert first.simulation.journal.fills == second.simulation.journal.fills


STILL = markets(st.tuples(*[st.just(0)] * 3, st.just(5), st.just(10**7), st.just(False)))
NO_COSTS = st.fixed_dictionaries({"path": st.sampled_from(["pessimistic", "optimistic"])})


@given(
    worlds(
        STILL,
        limits=st.just({"profile": "conservative"}),
        fills=NO_COSTS,
        broker=st.sampled_from([{"name": "robinhood"}, {"name": "generic"}]),
    )
)
def test_limits_hold_after_fills_at_the_price_they_were_checked_at(world):
    # In a market that does not move, without costs, every fill is at the price of its check.
    def check(simulation):
        valuation = simulation.engine.desk.valuation
        equity = valuation.equity()
        assert equity == world.config["account"]["cash"] * 1_000_000
        assert all(abs(valuation.value(row)) <= 0.10 * equity for row in valuation.held_rows())
        assert valuation.gross() <= 0.80 * equity

    world.play(each=check)
