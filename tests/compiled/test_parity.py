"""The compiled loop against an event driver: random runs, with no tolerance at all."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
import pytest

from framework.app.assembly.assemble import Simulation, backtest
from framework.app.assembly.venues import venue_of
from framework.app.backtest.booked import Booked, booked_by
from framework.app.backtest.compiling import attempted, objections
from framework.app.backtest.curves import Curves
from framework.app.backtest.looped import Kernels, Looped
from framework.compiled import decide, exits, guards, venue
from framework.compiled.facts import Facts
from framework.compiled.loop import play
from framework.compiled.trips import closed_trips
from framework.domain.order import Order
from framework.errors import InvariantError
from framework.rules.fills import path_order
from framework.rules.stops.atr import on_tick
from tests.campaigns import size
from tests.compiled.drawn import Case, drawn_case


class Left(NamedTuple):
    """What can be compared of a run."""

    fills: list[object]
    decisions_hash: str
    events: list[object]
    curves: list[list[float]]
    idle: dict[str, int]
    working: list[object]
    books: tuple[object, ...]
    lengths: tuple[int, ...]
    trips: list[list[float]]
    notes: tuple[str, ...]


def left_by(simulation: Simulation, booked: Booked) -> Left:
    """The books are asked first, as columns; what is told as objects comes after them."""
    books = (booked.fees, booked.slippage, booked.traded, dict(booked.positions), booked.decisions_hash)
    lengths = tuple(len(one) for one in (booked.fills, booked.orders, booked.account_events, booked.refusals, booked.events))
    trips = [column.tolist() for column in booked.trades.figures()]
    curves = [np.asarray(column).astype(str).tolist() for column in columns_of(booked)]
    return Left(
        list(booked.fills),
        booked.decisions_hash,
        [plain(one) for one in booked.events],
        curves,
        dict(simulation.broker.idle_bars),
        [plain(one) for one in simulation.engine.desk.blotter.of()],
        books,
        lengths,
        trips,
        booked.notes,
    )


def plain(event: object) -> object:
    """An order by its fields: it is compared as what it is, not as which one."""
    return tuple(getattr(event, one.name) for one in fields(event)) if isinstance(event, Order) else event


def columns_of(booked: Booked) -> tuple[object, ...]:
    risk = booked.forecasts
    return booked.timestamps, booked.equity, booked.cash, booked.exposure, risk.var_1d, risk.joint_var_1d


def by_events(case: Case) -> Left:
    simulation = backtest(case.config, case.strategy, case.dataset)
    curves = Curves(simulation.engine.desk, forecasts=True)
    with simulation.broker:
        simulation.engine.start(case.dataset.first_trade)
        simulation.driver.run(curves.note)
    return left_by(simulation, booked_by(simulation, curves, case.config.account.type))


def by_loop(case: Case, kernel: object) -> Left | str:
    """The same of the loop, or why it has not played it."""
    simulation = backtest(case.config, case.strategy, case.dataset)
    against = objections(case.config, case.strategy, case.dataset, simulation)
    if against:
        return against
    with np.errstate(over="ignore"):  # in int64 some products wrap around, and are meant to
        played = attempted(case.config, case.strategy, case.dataset, simulation, kernel)
    if played.left:
        return played.left
    facts = Facts("Drawn", simulation.engine.desk.policies, venue_of(case.config))
    return left_by(simulation, Looped(lambda: simulation, played, facts, Kernels(kernel, wrapping_trips), forecasts=True).booked())


def wrapping_trips(*columns: object) -> int:
    with np.errstate(over="ignore"):
        return closed_trips(*columns)


def compare(numbers: range, kernel: object) -> dict[str, int]:
    """How many of the cases the loop has played, and why it has not played the others."""
    counts: dict[str, int] = {"played": 0}
    for number in numbers:
        case = drawn_case(number)
        looped = by_loop(case, kernel)
        if isinstance(looped, str):
            reason = looped.partition(" (")[0]
            counts[reason] = counts.get(reason, 0) + 1
            continue
        expected = by_events(case)
        for name, mine, theirs in zip(Left._fields, looped, expected, strict=True):
            assert mine == theirs, f"case {number}: {name}: {first_difference(mine, theirs)}"
        counts["played"] += 1
    return counts


def first_difference(mine: object, theirs: object) -> str:
    if isinstance(mine, list) and isinstance(theirs, list):
        pairs = zip(mine, theirs, strict=False)
        return next((f"{place}: {one} | {other}" for place, (one, other) in enumerate(pairs) if one != other), f"{len(mine)} {len(theirs)}")
    return f"{mine} | {theirs}"


def test_the_loop_as_it_is_leaves_what_an_event_driver_leaves():
    counts = compare(range(40), play)
    assert counts["played"] >= 24, counts


MUTATIONS = {
    "the other extreme of a bar comes first": (venue, "path_order", lambda mode, direction, bar: path_order(mode, -direction, bar)),
    "a stop is rounded towards the market": (exits, "on_tick", lambda price, tick, direction: on_tick(price, tick, -direction)),
    "a session never ends for the breakers": (guards, "begin_session", lambda *_: None),
    "targets in the order of their symbols": (decide, "by_strength", lambda *_: None),
    "nothing is charged": (venue, "fees", lambda *_: 0),
}


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name", "wrong"), MUTATIONS.values(), ids=list(MUTATIONS))
def test_a_loop_that_is_wrong_in_one_place_is_found(monkeypatch, module, name, wrong):
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises((AssertionError, InvariantError)):
        compare(range(40), play)


@pytest.mark.campaign
def test_the_compiled_loop_leaves_what_an_event_driver_leaves():
    from framework.compiled.jit import KERNEL

    cases = size(500, 20_000)
    counts = compare(range(1_000, 1_000 + cases), KERNEL)
    assert counts["played"] >= 0.6 * cases, counts
