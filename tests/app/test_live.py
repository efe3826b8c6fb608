"""One strategy, one config, three words: what a backtest decides, a paper session and a live one at the double decide too."""

from __future__ import annotations

import pytest

from framework.app.compare.compare import facts_of_run
from framework.app.sessions.replay import replay
from framework.report.divergence import divergence
from tests.app.project import ROWS, call, strategy
from tests.app.three_words import KNOWN, played_thrice, settings, summary

WORDS = ("live", "paper", "backtest")
#: Buys and sells for dollars in turn, the second time at a limit.
IN_DOLLARS = """days: int = 0
def on_bar(self, ctx):
    self.days += 1
    if self.days == 2:
        ctx.buy("IBM", notional=1_000.50, time_in_force="day")
    if self.days == 4:
        ctx.buy("IBM", notional=777, order_type="limit", limit_price=ctx.bars("IBM").close[-1].round(2), time_in_force="day")
    if self.days == 5:
        ctx.buy("IBM", notional=0.000001, time_in_force="day")
    if self.days == 6:
        ctx.sell("IBM", notional=500, time_in_force="day")"""


@pytest.fixture
def three(folder, request):
    return played_thrice(folder, settings("live"), request.param)


@pytest.mark.slow
@pytest.mark.parametrize("three", [0.0], indirect=True)
def test_three_words_decide_the_same_and_earn_the_same(three):
    live, paper, backtest = (summary(three.folder / word) for word in WORDS)
    assert live["trades"] >= 3
    assert live["decisions_hash"] == paper["decisions_hash"] == backtest["decisions_hash"]
    assert live["final_equity"] == paper["final_equity"] == backtest["final_equity"]
    assert [order for order in three.book["orders"] if order["stop"] and order["executions"]]
    for word in WORDS:
        assert replay(three.folder / word / "tape.db", three.folder).difference is None
    assert call("compare", "live", "backtest").code == 0


@pytest.mark.campaign
@pytest.mark.parametrize("three", [0.03], indirect=True)
def test_what_a_venue_with_a_spread_costs_is_explained_to_the_micro_dollar(three):
    one, other = facts_of_run(three.folder / "live"), facts_of_run(three.folder / "backtest")
    found = divergence(one, other)
    parts = {name: sum(amounts.values()) for name, amounts in found.components.items()}
    assert sum(parts.values()) == found.total == one.equity - other.equity < 0
    assert parts["timing"] + parts["slippage"] < 0
    assert abs(parts["rounding"]) < 10_000
    assert replay(three.folder / "live" / "tape.db", three.folder).difference is None


@pytest.mark.slow
def test_orders_in_dollars_are_the_same_in_three_words_and_the_venue_is_told_shares(folder):
    broker, orders = {"name": "robinhood", "fractional": True}, {"time_in_force": "day"}
    sections = {"strategy": {"class": "mine:Mine", "params": None}, "broker": broker, "orders": orders, "stops": {"attach": "never"}}
    files = strategy(IN_DOLLARS) | settings("live", **sections)
    three = played_thrice(folder, files, 0.0, 8)
    runs = [summary(three.folder / word) for word in WORDS]
    assert [one["refusals"] for one in runs] == [{"order_value_below_minimum": 1}] * 3
    assert len({one["decisions_hash"] for one in runs}) == len({one["final_equity"] for one in runs}) == 1
    closes = [float(row[4]) for row in ROWS[KNOWN : KNOWN + 6]]
    worth = [(order["quantity"] / 1e6) * closes[day] for order, day in zip(three.book["orders"], (1, 3, 5), strict=True)]
    assert worth == pytest.approx([1_000.50, 777, 500], abs=0.001)
    assert all(order["quantity"] == order["filled"] and order["quantity"] % 1_000_000 for order in three.book["orders"])
    for word in WORDS:
        assert replay(three.folder / word / "tape.db", three.folder).difference is None
