"""Decisions come from the past alone, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data.sectors import sector_map
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
VENUES = st.sampled_from([{"name": "robinhood"}, {"name": "generic"}])
FRACTIONS = st.sampled_from([0.03, 0.07, 0.15, 0.4, 0.9])
TIGHT = st.fixed_dictionaries(
    {
        "max_position_pct": FRACTIONS,
        "max_sector_exposure_pct": FRACTIONS,
        "max_total_exposure_pct": FRACTIONS,
        "max_portfolio_heat_pct": st.sampled_from([0.002, 0.01]),
        "max_portfolio_var_pct": st.sampled_from([0.004, 0.01]),
        "max_positions": st.integers(1, 2),
    }
)
LEAVE_OUT = {"max_position_pct": 0.05, "max_sector_exposure_pct": 0.30, "max_total_exposure_pct": 0.80, "max_portfolio_var_pct": 0.02}
#: VaR that is charged to a symbol whose own is not known or not believed, as of one that does not move.
ASSUMED = 0.05


def levels(simulation):
    """The level of the stop by symbol, in micros."""
    return {one.symbol: one.stop_micros for one in simulation.broker.get_open_orders() if one.role.value == "stop"}


@given(
    worlds(
        STILL,
        limits=st.just({"profile": "conservative"}) | TIGHT,
        fills=NO_COSTS,
        broker=VENUES,
        stops=st.sampled_from([{"attach": "entries", "method": "percent"}, {"attach": "never"}]),
    )
)
def test_limits_hold_after_fills_at_the_price_they_were_checked_at(world):
    # In a market that does not move, without costs, every fill is at the price of its check.
    limits, sectors = LEAVE_OUT | world.config["limits"], sector_map()

    def check(simulation):
        valuation, symbols = simulation.engine.desk.valuation, simulation.market.symbols
        equity, rows = valuation.equity(), valuation.held_rows()
        assert equity == world.config["account"]["cash"] * 1_000_000
        values = {symbols[row]: abs(valuation.value(row)) for row in rows}
        assert all(value <= limits["max_position_pct"] * equity for value in values.values())
        assert sum(values.values()) <= limits["max_total_exposure_pct"] * equity
        assert sum(values.values()) * ASSUMED <= limits["max_portfolio_var_pct"] * equity
        assert len(values) <= limits.get("max_positions", 3)
        for sector in {sectors.get(symbol, "") for symbol in values}:
            together = sum(value for symbol, value in values.items() if sectors.get(symbol, "") == sector)
            assert together <= limits["max_sector_exposure_pct"] * equity
        # A position without a stop risks its value, unless it is leaving.
        stops = levels(simulation)
        heat = sum(value * abs(100_000_000 - stops[symbol]) / 100_000_000 for symbol, value in values.items() if symbol in stops)
        assert heat <= limits.get("max_portfolio_heat_pct", 1.0) * equity + 1_000

    world.play(each=check)


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
    held = dict.fromkeys(played.simulation.market.symbols, 0)
    sent_before = {order.order_id: order.created_at < tripped or order.role.protects for order in journal.orders}
    for fill in journal.fills:
        before = held[fill.symbol]
        held[fill.symbol] += fill.side.sign * fill.quantity_micros
        assert sent_before[fill.order_id] or (before * held[fill.symbol] >= 0 and abs(held[fill.symbol]) < abs(before))
