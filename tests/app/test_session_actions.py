"""Splits and dividends of the actions file in a paper session on quotes: what a backtest over its bars does with them."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest

from framework import run
from framework.app.assembly.actions_ahead import carried
from framework.app.sessions.replay import replay
from framework.domain.corporate_action import CorporateAction
from framework.domain.market import Bar, ClosedBar
from framework.runtime.loading import load_config
from framework.runtime.sessions.arrivals import Arrival
from framework.runtime.sessions.recorded import recorded
from framework.runtime.tape.store import TapeStore
from tests.app.project import ROWS, csv_text, strategy, write
from tests.replays.world import KNOWN, PRICES, MortalTape, World

DAYS, SPLIT_AT = 16, KNOWN + 6
DAY = [str(row[0]) for row in ROWS]
ACTIONS = f"""date,symbol,action,value,pay_date
{DAY[5]},AAPL,split,2,
{DAY[SPLIT_AT]},AAPL,split,3,
{DAY[SPLIT_AT]},MSFT,split,0.1,
{DAY[KNOWN + 3]},MSFT,dividend,1.5,{DAY[KNOWN + 9]}
{DAY[KNOWN + 4]},AAPL,dividend,0.75,
"""
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    close = {symbol: ctx.bars(symbol).close for symbol in ctx.symbols}
    for symbol in ctx.symbols:
        if ctx.state["day"] in (2, 11):
            ctx.target(symbol, 0.9 if close[symbol][-1] > close[symbol][-20:].min() else 0.4)
        elif ctx.state["day"] == 5:
            ctx.sell(symbol, 5, order_type="limit", limit_price=round(float(close[symbol][-1]) * 1.03, 2), time_in_force="gtc")
        elif ctx.state["day"] == 9:
            ctx.target(symbol, 0.2)
"""


class Splitting(World):
    """One in which the shares of the file split: prices are quoted as on the day."""

    def _day(self, close, row):
        moves, ratios = super()._day(close, row), {"AAPL": 3.0, "MSFT": 0.1}
        is_after = PRICES.index(tuple(row)) >= SPLIT_AT
        return [one._replace(price=round(one.price / ratios[one.symbol], 4)) if is_after else one for one in moves]


@pytest.fixture
def project(folder):
    settings = {"universe": {"symbols": ["AAPL", "MSFT"]}, "limits": {"profile": "venue"}, "guards": {"enabled": False}}
    data = {
        "source": "csv",
        "path": "bars",
        "actions": "actions.csv",
        "start": None,
        "end": None,
        "policy": {"split_jump": "accept", "gap": "accept"},
    }
    stops = {"method": "percent", "percent": 6.0, "lowers_on_dividend": True}
    files = strategy(BODY, sizing={"method": "equal"}, stops=stops, data=data, **settings)
    return write({**files, "actions.csv": ACTIONS}, folder)


def session_of(project, lives):
    """A paper session on quotes, in as many ``lives``; what its tape has."""
    config = load_config(project / "onetape.toml").model_copy(update={"mode": "paper"})
    world = Splitting(config, project, random.Random(5), DAYS)  # noqa: S311 - repeatable, not secret
    world.quiet = True
    for _ in range(lives - 1):
        MortalTape.left = 5
        world._life()
    MortalTape.left = 1 << 30
    world._life()
    assert world.met["died"] == lives - 1
    with TapeStore.attach(project / "tape.db") as store:
        return list(store.events())


def rows_of(events):
    """The bars that were known and those that arrived, as they were quoted."""
    rows = {name: [(DAY[at], *PRICES[at]) for at in range(KNOWN)] for name in ("AAPL", "MSFT")}
    for arrival in recorded(events).arrivals():
        day = datetime.fromtimestamp(arrival.timestamp // 10**9, UTC).date()
        for name, one in arrival.bars.items():
            bar = one.bar
            rows[name].append((day, bar.open, bar.high, bar.low, bar.close, bar.volume))
    return rows


@pytest.mark.parametrize("lives", [1, 4])
def test_a_session_on_quotes_applies_the_actions_of_the_file_as_a_backtest_does(project, lives):
    events = session_of(project, lives)
    kinds = [event.kind for event in events]
    assert kinds.count("split") == 2
    assert "dividend_paid" in kinds
    assert "order_restated" in kinds
    last = [event for event in events if event.kind == "decided"][-1].payload
    write({f"bars/{name}.csv": csv_text(found) for name, found in rows_of(events).items()}, project)
    # A split that was over before the first bar is in the prices; a backtest would want it declared with the bars before it.
    (project / "actions.csv").write_text("".join(f"{line}\n" for line in ACTIONS.splitlines() if not line.startswith(DAY[5])))
    config = load_config(project / "onetape.toml")
    data = config.data.model_copy(update={"start": date.fromisoformat(DAY[KNOWN]), "warmup": KNOWN})
    known = run(config.model_copy(update={"data": data}))
    assert last["decisions_hash"] == known.summary["decisions_hash"]
    assert last["equity_micros"] == round(float(known.summary["final_equity"]) * 1e6)
    assert replay(project / "tape.db", project).difference is None


def bar(symbol, timestamp):
    return ClosedBar(Bar(symbol, timestamp, 1.0, 1.0, 1.0, 1.0, 1.0))


def test_an_action_is_carried_by_the_first_bar_after_it_and_by_no_other():
    actions = [
        CorporateAction("A", 10, split=2.0),
        CorporateAction("A", 10, dividend=0.5, pay_day=7),
        CorporateAction("B", 4, split=3.0),
        CorporateAction("B", 12, dividend=1.0),
    ]
    arriving = [
        Arrival(9, {"A": bar("A", 9)}),
        Arrival(11, {"B": bar("B", 11)}),
        Arrival(20, {name: bar(name, 20) for name in "AB"}),
        Arrival(30, {"A": bar("A", 30)}),
    ]
    found = [
        {name: (one.split, one.dividend, one.pay_day) for name, one in slice_.bars.items()}
        for slice_ in carried(arriving, actions, {"A": 8, "B": 5})
    ]
    nothing = (1.0, 0.0, None)
    assert found == [{"A": nothing}, {"B": nothing}, {"A": (2.0, 0.5, 7), "B": (1.0, 1.0, None)}, {"A": nothing}]
