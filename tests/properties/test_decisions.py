"""Decisions come from the past alone, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.market import BarSeries
from framework.engine.journal import decision_line
from tests.properties.worlds import changes_of_position, markets, moves_with, worlds

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split", "pay_day")
#: Splits that floats divide by without a rest: adjusted to whatever bar, prices are the same when quoted.
EXACT = markets(moves_with(2.0, 0.5))


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
    """The bars until ``moment``, as they would have been loaded then: in the shares of their own last bar."""
    count = int(np.searchsorted(series.timestamp, moment, side="right"))
    shares = prod(series.split[count:])
    columns = {name: getattr(series, name)[:count].copy() for name in COLUMNS}
    columns |= {name: columns[name] * shares for name in ("open", "high", "low", "close", "dividend")}
    return BarSeries(series.symbol, **columns | {"volume": columns["volume"] / shares})


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


@given(worlds(EXACT), st.data())
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


TRANSITIONS = st.sampled_from(
    [
        {"enabled": True, "max_daily_loss_pct": 0.002, "resets_daily": False},
        {"enabled": True, "max_drawdown_pct": 0.005, "max_violations": 1},
        {"enabled": True, "max_consecutive_losses": 1, "resets_daily": False},
    ]
)


@given(worlds(guards=TRANSITIONS, limits=st.just({"profile": "venue"})))
def test_once_a_breaker_has_tripped_for_good_nothing_is_entered_any_more(world):
    played = world.play()
    journal = played.simulation.journal
    tripped = next((one.timestamp for one in journal.transitions if one.after > one.before), None)
    if tripped is None:
        return
    sent_before = {order.order_id: order.created_at < tripped or order.role.protects for order in journal.orders}
    for fill, before, after in changes_of_position(journal):
        assert sent_before[fill.order_id] or (before * after >= 0 and abs(after) < abs(before))
