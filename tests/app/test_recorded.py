"""Event strategies on the compiled loop as a user meets them: chosen, told why, and compared with another driver."""

from __future__ import annotations

import numpy as np
import pytest

from framework.app.backtest import compiling, recorded
from framework.app.backtest.run import run
from framework.engine.strategy import Strategy
from tests.app.project import call, strategy, tree, write

PLAIN = {"stops": {"attach": "never"}, "sizing": {"method": "equal"}, "guards": {"enabled": False}, "broker": {"name": "generic"}}
BODY = """def on_start(self, ctx):
    self._bars = 0

def on_bar(self, ctx):
    self._bars += 1
    if self._bars % 8 == 3:
        ctx.buy("IBM", 10)
    if self._bars % 8 == 7 and ctx.position("IBM").quantity > 0:
        ctx.close("IBM")"""


class Turns(Strategy):
    """In and out again."""

    def on_start(self, _):
        self._bars = 0

    def on_bar(self, ctx):
        self._bars += 1
        ctx.target("IBM", 1.0 if self._bars % 20 < 10 else 0.0)


def played(engine: str, **sections: object):
    return run(tree(strategy=None, engine={"name": engine}, **{**PLAIN, **sections}), strategy=Turns).record


def same(one, other) -> bool:
    return one.decisions_hash == other.decisions_hash and list(one.fills) == list(other.fills) and np.array_equal(one.equity, other.equity)


def test_few_orders_are_not_worth_the_loop_and_are_played_as_they_were_asked_for(monkeypatch):
    monkeypatch.setattr(compiling, "SMALL", 10)
    record = played("auto")
    assert record.engine == "arrays"
    assert "orders and targets are played before the loop is loaded or compiled" in record.engine_reason
    assert len(record.fills) > 10
    assert same(record, played("arrays"))


def test_what_the_loop_does_not_know_is_named_for_event_strategies_too(monkeypatch):
    monkeypatch.setattr(compiling, "SMALL", 10)
    record = played("auto", sizing={"method": "kelly"})
    assert record.engine_reason.endswith('not compiled: [sizing] method = "kelly"')


@pytest.mark.campaign
def test_auto_takes_the_loop_where_it_has_been_compiled_and_there_is_enough_to_do(monkeypatch):
    compiled = played("compiled")
    assert compiled.engine == "compiled"
    monkeypatch.setattr(compiling, "SMALL", 10)
    monkeypatch.setattr(recorded, "LOADED", 10)
    record = played("auto")
    assert record.engine == "compiled", record.engine_reason
    assert same(record, compiled)
    assert same(record, played("arrays"))


@pytest.mark.campaign
def test_verify_compares_the_loop_with_another_driver(tmp_path, monkeypatch):
    write(strategy(BODY, **PLAIN, engine={"name": "compiled"}), tmp_path)
    monkeypatch.chdir(tmp_path)
    done = call("backtest", "--no-report", "--verify")
    assert done.code == 0
    assert "compiled and backtrader agree on" in done.err
