"""Plain backtrader scripts on our store: paper and live through their own Cerebro, the same decisions, the same tape, the same guards."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import backtrader as bt
import pandas as pd
import pytest

from framework.app.assembly.hosting import as_strategy_reads
from framework.app.assembly.loader import load_strategy
from framework.app.sessions.replay import replay
from framework.errors import ConfigError, SafetyError
from framework.runtime.loading import validated
from framework.runtime.tape.store import TapeStore
from tests.app.store_world import EQUAL, KNOWN, World
from tests.app.test_live_kills import DiedError, MortalTape
from tests.brokers.robinhood.live.world import truth_of
from tests.campaigns import size
from tests.kills.checker import violations


class Telling(bt.Strategy):
    """Writes down what it is told."""

    def __init__(self):
        self.told, self.seen = [], []

    def notify_data(self, data, status, *_args, **_kwargs):
        self.told.append((data._getstatusname(status), len(data)))

    def notify_order(self, order):
        self.told.append((order.getstatusname(), order.ref - 1, order.info.get("reason")))

    def notify_trade(self, trade):
        if trade.isclosed:
            self.told.append(("closed", round(trade.pnl, 2)))

    def next(self):
        self.seen.append(len(self.data))


class Crossing(Telling):
    """Long while the fast average is above the slow one."""

    params = (("fast", 2), ("slow", 5))

    def __init__(self):
        super().__init__()
        self.crossover = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))

    def next(self):
        super().next()
        if not self.position and self.crossover > 0:
            self.buy(size=10)
        elif self.position and self.crossover < 0:
            self.close()


class Busy(Telling):
    """Brackets, targets, pairs of which one cancels the other, limits that are taken back."""

    def next(self):
        super().next()
        close, step = self.data.close[0], len(self.data) % 7
        if step == 0:
            self.buy_bracket(size=10, exectype=bt.Order.Market, stopprice=close * 0.97, limitprice=close * 1.01)
        elif step == 2:
            self.resting = self.buy(size=3, exectype=bt.Order.Limit, price=close * 0.9)
        elif step == 4 and hasattr(self, "resting"):
            self.cancel(self.resting)
        elif step == 5:
            self.order_target_size(target=0)


@pytest.fixture
def world(folder, request):
    made = World(folder, getattr(request, "param", "live"))
    with made.double:
        restarted()
        yield made


def restarted():
    """backtrader numbers orders by the process."""
    bt.Order.refbasis = itertools.count(1)


@pytest.mark.campaign
def test_a_script_decides_and_earns_the_same_on_paper_and_live(folder):
    ends = {}
    for mode in ("paper", "live"):
        (folder / mode).mkdir()
        restarted()
        made = World(folder / mode, mode)
        with made.double:
            strategy = made.run(Crossing, 25)
            ends[mode] = made.played.record, strategy, made.double.book()
    (paper, one, quiet), (live, other, book) = ends["paper"], ends["live"]
    assert paper.decisions_hash == live.decisions_hash
    assert len(live.fills) == 5
    assert one.told == other.told
    assert one.broker.getvalue() == other.broker.getvalue() == live.equity[-1]
    assert other.position.size * 1_000_000 == book["accounts"]["5QR00001"]["shares"]["IBM"]
    assert (quiet["orders"], len(book["orders"])) == ([], 5)


@pytest.mark.campaign
def test_history_comes_first_as_delayed_and_trades_nothing(world):
    strategy = world.run(Crossing, 3)
    states = [one for one in strategy.told if one[0] in {"DELAYED", "LIVE", "DISCONNECTED"}]
    assert states == [("DELAYED", 0), ("LIVE", KNOWN)]
    before = strategy.told[: strategy.told.index(("LIVE", KNOWN))]
    assert [one[2] for one in before if one[0] == "Rejected"] == ["data_delayed", "data_delayed"]
    assert {one[0] for one in before} == {"DELAYED", "Rejected"}
    assert world.played.record.timestamps.size == 3
    assert strategy.seen == list(range(5, KNOWN + 4)) or strategy.seen[-1] == KNOWN + 3


@pytest.mark.campaign
def test_quotes_that_stop_and_come_again_are_told(world):
    world.double.fault(method="GET", path="/quotes/", times=12, skip=8, status=500, handled="no")
    strategy = world.run(Crossing, 6)
    states = [one[0] for one in strategy.told if one[0] in {"DELAYED", "LIVE", "DISCONNECTED"}]
    assert states == ["DELAYED", "LIVE", "DISCONNECTED", "LIVE"]
    with TapeStore.attach(world.live.folder / "tape.db") as store:
        assert [one.payload["connected"] for one in store.events(kinds=["feed_status"])] == [False, True]


class Leaver(Telling):
    """Wants its order back when quotes stop coming."""

    order = None

    def notify_data(self, data, status, *_args, **_kwargs):
        if status == data.DISCONNECTED and self.order is not None:
            self.told.append(self.broker.cancel(self.order))

    def next(self):
        if self.order is None and len(self.data) > KNOWN:
            self.order = self.buy(size=3, exectype=bt.Order.Limit, price=self.data.close[0] / 2)


@pytest.mark.campaign
def test_a_cancel_where_nothing_is_decided_is_not_taken_and_not_passed_over_in_silence(world):
    world.double.fault(method="GET", path="/quotes/", times=24, skip=24, status=500, handled="no")
    strategy = world.run(Leaver, 6)
    assert False in strategy.told
    assert strategy.order.alive()
    assert any("a cancel was not taken (no_bar_to_decide_on)" in one for one in world.played.record.warnings)


@pytest.mark.campaign
def test_brackets_cancels_and_targets_leave_the_venue_and_the_tape_in_agreement(world):
    strategy = world.run(Busy, 25)
    world.double.advance(60)
    told = {one[0] for one in strategy.told}
    assert {"Completed", "Canceled", "Rejected", "closed"} <= told
    shares = world.double.book()["accounts"]["5QR00001"]["shares"].get("IBM", 0)
    assert strategy.position.size * 1_000_000 == shares
    assert violations(world.live.folder / "tape.db", truth_of(world.double)) == []
    assert [one for one in world.live.incidents if one.effect == "halt"] == []


@pytest.mark.campaign
@pytest.mark.parametrize("strategy", [Crossing, Busy])
@pytest.mark.parametrize("seed", range(size(1, 50)))
def test_a_script_that_dies_again_and_again_loses_and_doubles_nothing_and_is_told_the_same(folder, strategy, seed):
    """Dies at any write of its tape; each time it is started again all decisions are taken again."""
    made, dice, deaths = World(folder, "live", tape=MortalTape), random.Random(seed), 0  # noqa: S311 - repeatable, not secret
    with made.double:
        for _ in range(40):
            restarted()
            MortalTape.left = dice.randint(1, 10) if deaths < 12 else 1 << 30
            try:
                found = made.run(strategy, 20)
                break
            except DiedError:
                deaths += 1
        made.double.advance(60)
        assert deaths > 2
        assert violations(folder / "tape.db", truth_of(made.double)) == []
        orders = made.double.book()["orders"]
        assert len({one["ref_id"] for one in orders}) == len(orders) > 2
        assert found.position.size * 1_000_000 == made.double.book()["accounts"]["5QR00001"]["shares"].get("IBM", 0)
        restarted()
        MortalTape.left = 1 << 30
        again = made.run(strategy, 20)
        assert again.told == found.told
        assert made.played.resumed == 20
        assert len(made.double.book()["orders"]) == len(orders)


@pytest.mark.campaign
def test_a_session_of_the_command_with_the_same_class_replays(world):
    source = Path(__file__).read_text(encoding="utf-8")
    classes = source[source.index("class Telling") : source.index("@pytest.fixture")]
    (world.live.folder / "mine.py").write_text(f"import backtrader as bt\n\n\n{classes}", encoding="utf-8")
    hosted = load_strategy("mine:Busy", {}, world.live.folder)
    tree = {"mode": "live", "strategy": {"class": "mine:Busy"}, "universe": {"symbols": ["IBM"]}, **EQUAL}
    played = world.live.play(as_strategy_reads(hosted, validated(tree, "test")), hosted, world.history, 20)
    assert len(played.record.fills) > 5
    found = replay(world.live.folder / "tape.db", world.live.folder)
    assert found.difference is None
    assert found.facts > 30
    world.double.advance(60)
    assert violations(world.live.folder / "tape.db", truth_of(world.double)) == []


@pytest.mark.campaign
def test_a_strategy_that_stops_its_run_ends_the_session_in_good_order(world):
    class Stopping(Crossing):
        def next(self):
            super().next()
            if len(self.data) == KNOWN + 4:
                self.env.runstop()

    strategy = world.run(Stopping, 30)
    assert world.played.record.timestamps.size == 4
    assert len(strategy.data) == KNOWN + 4
    with TapeStore.attach(world.live.folder / "tape.db") as store:
        assert [one.kind for one in store.events()][-2:] == ["session_stopped", "decided"]


@pytest.mark.campaign
def test_a_strategy_that_raises_leaves_a_session_that_goes_on_when_it_is_mended(world):
    class Raising(Crossing):
        def next(self):
            super().next()
            if len(self.data) == KNOWN + 4:
                raise KeyError("day")

    with pytest.raises(KeyError):
        world.run(type("Crossing", (Raising,), {"__module__": Crossing.__module__, "__doc__": Crossing.__doc__}), 8)
    assert world.played is None
    restarted()
    world.run(Crossing, 8)
    assert world.played.resumed == 3
    assert violations(world.live.folder / "tape.db", truth_of(world.double)) == []


# --- what a script may not ask for


def refused(world, build, match):
    with world.store(1) as store, pytest.raises(ConfigError, match=match):
        build(store).run()


def cerebro_of(store, *, broker=True, strategies=1, **feed):
    cerebro = bt.Cerebro()
    if broker:
        cerebro.setbroker(store.getbroker())
    cerebro.adddata(store.getdata(**{"dataname": "IBM", **feed}))
    for _ in range(strategies):
        cerebro.addstrategy(Telling)
    return cerebro


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"broker": False}, "setbroker"),
        ({"strategies": 2}, "one strategy"),
        ({"timeframe": bt.TimeFrame.Weeks}, "resampledata"),
        ({"timeframe": bt.TimeFrame.Days, "compression": 2}, "resampledata"),
        ({"dataname": "no symbol"}, "is not a US equity symbol"),
    ],
    ids=["a broker of its own", "two strategies", "weeks", "two days", "no symbol"],
)
def test_what_is_no_session_is_refused_by_name(world, asked, match):
    refused(world, lambda store: cerebro_of(store, **asked), match)


def test_a_run_without_a_feed_of_the_store_is_refused(world):
    def build(store):
        cerebro = bt.Cerebro()
        cerebro.addstore(store)
        cerebro.adddata(bt.feeds.PandasData(dataname=pd.DataFrame({"close": [1.0]}, index=pd.DatetimeIndex(["2012-01-03"]))))
        return cerebro

    refused(world, build, "no feed of the store")


def test_feeds_of_two_time_frames_are_refused(world):
    def build(store):
        cerebro = cerebro_of(store)
        cerebro.adddata(store.getdata(dataname="IBM", name="5m", timeframe=bt.TimeFrame.Minutes, compression=5))
        return cerebro

    refused(world, build, "resampledata")


def test_cheat_on_open_is_refused(world):
    def build(store):
        cerebro = cerebro_of(store)
        cerebro.p.cheat_on_open = True
        return cerebro

    refused(world, build, "cannot trade at it")


def test_a_broker_can_be_asked_for_its_cash_before_the_run_and_not_be_told_another(world):
    with world.store(1) as store:
        broker = store.getbroker()
        assert broker.getcash() == broker.getvalue() == 100_000.0
        with pytest.raises(ConfigError, match="cash"):
            broker.setcash(5)


@pytest.mark.campaign
def test_a_store_plays_one_session(world):
    with world.store(2) as store:
        cerebro = cerebro_of(store)
        cerebro.run()
        with pytest.raises(ConfigError, match="one session"):
            cerebro.run()


@pytest.mark.campaign
def test_longer_bars_are_made_of_the_feeds_and_traded(world):
    class Weekly(Telling):
        def next(self):
            super().next()
            if len(self.data1) == 6 and not self.position:
                self.buy(data=self.data1, size=2)

    with world.store(20) as store:
        cerebro = bt.Cerebro()
        cerebro.setbroker(store.getbroker())
        feed = store.getdata(dataname="IBM")
        cerebro.adddata(feed)
        cerebro.resampledata(feed, timeframe=bt.TimeFrame.Weeks)
        cerebro.addstrategy(Weekly)
        (strategy,) = cerebro.run()
    assert strategy.getposition(strategy.data1).size == strategy.getposition(strategy.data0).size == 2
    assert len(strategy.data1) > 6


def test_an_account_that_is_not_known_opens_nothing(world):
    world.double.fault(method="GET", path="/accounts/*", times=10_000, status=404, handled="no")
    with world.store(1) as store, pytest.raises(SafetyError, match="not one of this login"):
        cerebro_of(store).run()
