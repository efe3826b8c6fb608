"""Strategies in the shapes of backtrader's own samples, unmodified: here, and on its own broker."""

from __future__ import annotations

import math

import pytest

from tests.brokers.backtrader.both import COMPAT
from tests.brokers.backtrader.samples import SAMPLES, sample

#: Why the default fills of a sample differ from backtrader's: what the first order that does is, and how; see docs/compatibility.md.
DIFFER = {
    "bracket": "child in its entry's bar",
    "bracket_by_hand": "child in its entry's bar",
    "signals": "exit without a position",
    "stop_trail": "trail along the path",
    "weekly": "dated by the source's bar",
}


def reason(here, there):
    """What the first order is that did not go the same way, and how."""
    pairs = list(zip(here.orders, there.orders, strict=False))
    number = next(index for index, (one, other) in enumerate(pairs) if one != other)
    one, other = pairs[number]
    entries = {seen.executions[0].time for seen in here.orders[:number] if seen.executions and not seen.is_child}
    if one.is_child and one.executions and one.executions[0].time in entries:
        return "child in its entry's bar"
    if one.kind == "StopTrail":
        return "trail along the path"
    if one.status == "Canceled" and other.status == "Completed":
        return "exit without a position"
    if [done[1:] for done in one.executions] == [done[1:] for done in other.executions]:
        return "dated by the source's bar"
    return f"{one} is not {other}"


def alike(one, other):
    """Analyses of two runs: the same figures, to the rounding of floats."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_it_runs_as_at_backtraders_own_broker_where_fills_are_its(name):
    one = sample(name)
    here, there = one.ours(fills=COMPAT), one.stock()
    assert here.orders == there.orders
    assert here.executions == there.executions
    assert len(here.executions) > 5
    assert here.heard.trades == there.heard.trades
    assert len(here.strategy) == len(there.strategy)
    assert here.strategy.broker.getcash() == pytest.approx(there.strategy.broker.getcash(), rel=1e-12)
    assert here.strategy.broker.getvalue() == pytest.approx(there.strategy.broker.getvalue(), rel=1e-12)
    for data, other in zip(here.strategy.datas, there.strategy.datas, strict=True):
        assert here.strategy.getposition(data).size == there.strategy.getposition(other).size
        assert here.strategy.getposition(data).price == pytest.approx(there.strategy.getposition(other).price, abs=1e-6)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_its_own_fills_differ_for_the_reasons_that_are_documented(name):
    one = sample(name)
    here, there = one.ours(), one.stock()
    if name in DIFFER:
        assert reason(here, there) == DIFFER[name]
    else:
        assert here.orders == there.orders


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_what_it_is_told_is_what_is_on_the_tape(name):
    here = sample(name).ours()
    fills = here.played.simulation.journal.fills
    told = [(execution.data, execution.size, execution.price) for execution in here.executions]
    assert told == [(fill.symbol, fill.side.sign * float(fill.quantity), float(fill.price)) for fill in fills]
    assert here.strategy.broker.getcash() == float(here.played.simulation.broker.get_account().cash)


def test_analyzers_find_the_same():
    one = sample("all_analyzers")
    here, there = one.ours(fills=COMPAT), one.stock()
    assert here.analyses.keys() == there.analyses.keys()
    assert len(here.analyses) == 20
    different = [name for name in here.analyses if name != "heard" and not alike(here.analyses[name], there.analyses[name])]
    assert not different


@pytest.mark.parametrize("name", ["all_notices", "observers", "trade_ids", "stop_trail", "scaling", "monthly_timer", "session_timer"])
def test_what_it_wrote_down_itself_is_the_same(name):
    one = sample(name)
    here, there = one.ours(fills=COMPAT).strategy, one.stock().strategy
    kept = [key for key, value in vars(there).items() if isinstance(value, (list, float)) and not key.startswith("_")]
    mine = {key: getattr(here, key) for key in kept if key not in {"datas", "ddatas", "lines", "writers", "mindatas"}}
    assert mine
    assert alike(mine, {key: getattr(there, key) for key in mine})
