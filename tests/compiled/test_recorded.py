"""Event strategies whose callbacks run first: the loop, or the arrays driver after a look, leaves what bar by bar would have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from framework.app.assembly.assemble import backtest
from framework.app.assembly.venues import venue_of
from framework.app.backtest.booked import booked_by
from framework.app.backtest.compiling import objections
from framework.app.backtest.curves import Curves
from framework.app.backtest.looped import Kernels, Looped
from framework.app.backtest.recorded import Recorded
from framework.compiled import decide
from framework.compiled.facts import Facts
from framework.compiled.loop import play
from framework.engine.recorded import RecordingDriver
from framework.errors import InvariantError
from tests.campaigns import size
from tests.compiled.asked import Asked, asked_case
from tests.compiled.test_parity import Left, first_difference, left_by, wrapping_trips

if TYPE_CHECKING:
    from framework.compiled.stepping import Stepped


def bar_by_bar(case: Asked) -> tuple[Left, list[object]]:
    strategy = case.strategy
    simulation = backtest(case.config, strategy, case.dataset)
    curves = Curves(simulation.engine.desk, forecasts=True)
    with simulation.broker:
        simulation.engine.start(case.dataset.first_trade)
        simulation.driver.run(curves.note)
    return left_by(simulation, booked_by(simulation, curves, case.config.account.type)), strategy.seen


def recorded(case: Asked, kernel: object, *, steps: bool) -> tuple[Left | str, list[object], str]:
    """What is left, what the strategy saw, and how it was played; a reason where the loop does not know the case."""
    strategy = case.strategy
    simulation = backtest(case.config, strategy, case.dataset)
    against = objections(case.config, strategy, case.dataset, simulation)
    if against:
        return against, [], against
    curves = Curves(simulation.engine.desk, forecasts=True)
    of = Recorded(case.config, case.dataset, simulation)
    driver = RecordingDriver(simulation.market, simulation.broker, simulation.engine, of.context, case.dataset.first_trade, curves.note)
    books: list[Stepped] = []

    def opened() -> Stepped | None:
        if steps:
            books.append(of.steps(kernel))
        return books[0] if books else None

    with simulation.broker, np.errstate(over="ignore"):  # in int64 some products wrap around, and are meant to
        driver.run(opened, lambda _: None)
        driver.stop()
        if driver.context.is_recording:
            played = books[0].finish() if books else of.at_once(kernel)
            if not played.left:
                facts = Facts("Asking", simulation.engine.desk.policies, venue_of(case.config))
                looped = Looped(lambda: simulation, played, facts, Kernels(kernel, wrapping_trips), forecasts=True)
                left = left_by(simulation, looped.booked())
                driver.context.end(looped.explicit_orders)
                return left, strategy.seen, "stepped" if books else "looped"
            driver.play()
            how = played.left.partition(" (")[0]
        else:
            how = f"looked at {driver.context.looked_at}"
    return left_by(simulation, booked_by(simulation, curves, case.config.account.type)), strategy.seen, how


def compare(numbers: range, kernel: object, *, looks: bool = False, steps: bool = False) -> Counter[str]:
    counts: Counter[str] = Counter()
    for number in numbers:
        case = asked_case(number, looks=looks)
        left, seen, how = recorded(case, kernel, steps=steps)
        counts[how] += 1
        if isinstance(left, str):
            continue
        expected, saw = bar_by_bar(case)
        for name, mine, theirs in zip(Left._fields, left, expected, strict=True):
            assert mine == theirs, f"case {number} ({how}): {name}: {first_difference(mine, theirs)}"
        assert seen == saw, f"case {number} ({how}): {first_difference(seen, saw)}"
    return counts


def test_what_was_asked_for_first_and_played_afterwards_leaves_what_an_event_driver_leaves():
    counts = compare(range(60), play)
    assert counts["looped"] >= 24, counts


@pytest.mark.campaign
def test_the_compiled_loop_leaves_what_an_event_strategy_leaves_bar_by_bar():
    from framework.compiled.jit import KERNEL

    cases = size(500, 20_000)
    counts = compare(range(1_000, 1_000 + cases), KERNEL)
    assert counts["looped"] >= 0.7 * cases, counts
    compare(range(cases // 2), KERNEL, looks=True)
    counts = compare(range(cases), KERNEL, looks=True, steps=True)
    assert counts["stepped"] >= 0.25 * cases, counts


MUTATIONS = {
    "an order is not checked": (decide, "checked", lambda *of: abs(of[2])),
    "a stop keeps guarding what leaves": (decide, "make_room", lambda *_: None),
    "an order is no decision of its own": (decide, "EXPLICIT", -2),
}


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name", "wrong"), MUTATIONS.values(), ids=list(MUTATIONS))
def test_a_loop_that_is_wrong_in_one_place_is_found(monkeypatch, module, name, wrong):
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises((AssertionError, InvariantError, IndexError)):
        compare(range(40), play)


def test_a_strategy_that_asks_the_loop_about_its_account_sees_what_it_would_have_seen():
    counts = compare(range(300, 360), play, looks=True, steps=True)
    assert counts["stepped"] >= 15, counts


def test_after_a_look_everything_is_as_if_nothing_had_been_put_off():
    counts = compare(range(200, 240), play, looks=True)
    assert sum(count for how, count in counts.items() if how.startswith("looked at")) >= 24, counts
