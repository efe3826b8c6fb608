"""RobinhoodStore as a script uses it: the environment, the config, the gates; Robinhood is the double, the clock the wall's."""

from __future__ import annotations

import os
import signal
import threading
from datetime import date
from pathlib import Path

import backtrader as bt
import pytest

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework import RobinhoodStore
from framework.app.arming.arming import only_trader
from framework.app.crash import RedactedCrashError
from framework.app.sessions.replay import replay
from framework.domain.secret import Secret
from framework.errors import ConfigError, LeaseHeldError, NotArmedError, SafetyError
from framework.runtime.clock import now_ns
from framework.runtime.tape.store import TapeStore
from tests.app.logging_in import logged_in as logged_in_at
from tests.app.project import ROWS, csv_text, write

FAST = {"broker": {"rate_limit_requests": 100}}
PAPER = {"data": {"source": "csv", "path": "bars"}, **FAST}
LIVE = {"mode": "live", **PAPER}


class Idle(bt.Strategy):
    """Listens, and tries to buy on every bar."""

    params = (("size", 1), ("other", None))

    def __init__(self):
        self.told = []

    def notify_store(self, msg, *_args, **_kwargs):
        self.told.append(("store", msg))

    def notify_data(self, data, status, *_args, **_kwargs):
        self.told.append((data._getstatusname(status), len(data)))

    def notify_order(self, order):
        self.told.append((order.getstatusname(), order.info.get("reason")))

    def next(self):
        self.buy(size=self.p.size)


@pytest.fixture
def double():
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        yield running


@pytest.fixture
def logged_in(double, folder, monkeypatch):
    """Somebody who is logged in, with the past of AAPL beside the script."""
    for name, value in logged_in_at(double, folder / "state").items():
        monkeypatch.setenv(name, value)
    write({"bars/AAPL.csv": csv_text(ROWS)}, folder)
    return folder


def played(store, **params):
    """The strategy of a script after its run, and its store."""
    with store:
        (strategy,) = cerebro_of(store, Idle, **params).run()
    return strategy


def cerebro_of(store, strategy, **params):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(store.getbroker())
    cerebro.adddata(store.getdata(dataname="AAPL"))
    cerebro.addstrategy(strategy, **params)
    return cerebro


@pytest.mark.campaign
def test_a_script_is_on_paper_by_default_and_no_order_leaves(logged_in, double):
    store = RobinhoodStore(PAPER, seconds=2, out="run")
    strategy = played(store, size=2, other=[1])
    assert double.counts()["order_posts"] == 0
    assert [one for one in strategy.told if one[0] in {"DELAYED", "LIVE"}] == [("DELAYED", 0), ("LIVE", len(ROWS))]
    assert {one for one in strategy.told if one[0] == "Rejected"} == {("Rejected", "data_delayed")}
    assert (store.ended.summary, store.ended.folder.name, store.ended.still_open) == (None, "run", ())
    with TapeStore.attach(logged_in / "run" / "tape.db") as tape:
        header = next(iter(tape.events())).payload
    assert (header["mode"], header["strategy"], header["script"]) == ("paper", "Idle", True)
    assert "size = 2" in header["config"]
    with pytest.raises(ConfigError, match="run the script with resume"):
        replay(logged_in / "run" / "tape.db")


@pytest.mark.campaign
def test_it_reconciles_before_it_trades_live_and_ends_with_ctrl_c(logged_in, double):
    store = RobinhoodStore(LIVE, arm=True, confirm="0001", reason="a test", out="run")
    timer = threading.Timer(3.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    strategy = played(store)
    timer.join()
    assert strategy.told[-1][0] != "DELAYED"
    assert store.ended.summary is None
    assert double.counts()["order_posts"] == 0
    with TapeStore.attach(logged_in / "run" / "tape.db") as tape:
        kinds = [one.kind for one in tape.events()]
    assert "session_resumed" in kinds
    assert "session_stopped" in kinds
    assert ("store", "reason given") in strategy.told
    with only_trader(logged_in / "state", Secret("account", ACCOUNT)):
        pass  # the account is free again


@pytest.mark.parametrize(
    ("config", "given", "error", "said"),
    [
        (LIVE, {}, NotArmedError, "--arm"),
        (PAPER, {"arm": True, "confirm": "0001"}, NotArmedError, 'mode = "live"'),
        (LIVE, {"arm": True, "confirm": "0001"}, SafetyError, "0 of 5 trading sessions on paper"),
        (LIVE, {"arm": True, "confirm": "9999", "reason": "a test"}, NotArmedError, "does not end in 9999"),
        (LIVE, {"arm": True, "reason": "a test"}, NotArmedError, "confirm="),
        (LIVE, {"dry_run": True}, SafetyError, "--reason"),
    ],
    ids=["not armed", "not live", "not tried", "wrong digits", "nobody confirmed", "venue's limits only"],
)
def test_real_orders_pass_the_gates_of_the_command(logged_in, double, config, given, error, said):
    with pytest.raises(error, match=said):
        played(RobinhoodStore(config, **given))
    assert double.counts()["requests"] == 0
    assert not (logged_in / "runs").exists()


def test_an_account_that_another_process_trades_is_left_alone(logged_in, double):
    store = RobinhoodStore(LIVE, dry_run=True, reason="a test")
    with only_trader(logged_in / "state", Secret("account", ACCOUNT)), pytest.raises(LeaseHeldError):
        played(store)
    assert double.counts()["requests"] == 0


def test_strategy_and_symbols_are_those_of_the_cerebro():
    with pytest.raises(ConfigError, match="that of the Cerebro"):
        RobinhoodStore({"universe": {"symbols": ["AAPL"]}})


def test_a_wrong_key_of_the_config_is_named():
    with pytest.raises(ConfigError, match="acount"):
        RobinhoodStore({"acount": {"cash": 1}})


@pytest.mark.campaign
@pytest.mark.usefixtures("logged_in")
def test_the_past_comes_from_robinhood_where_nothing_else_is_said(double):
    prices = {"open_price": "10.00", "high_price": "11.00", "low_price": "9.00", "close_price": "10.50", "volume": 1000}
    days = [{"begins_at": f"2026-03-{day:02d}T00:00:00Z", **prices, "interpolated": False} for day in (2, 3, 4, 5, 6)]
    double.list_stock("AAPL", "10.5")
    double.set_bars("AAPL", "day", days)
    strategy = played(RobinhoodStore(FAST, seconds=1, out="run"))
    assert ("DELAYED", 0) in strategy.told
    assert len(strategy.data) == 5
    assert strategy.data.datetime.date(0) == date(2026, 3, 6)


@pytest.mark.campaign
@pytest.mark.usefixtures("logged_in")
def test_what_the_strategy_raises_reaches_the_script_as_it_was_and_the_alerts_with_its_place():
    class Raising(Idle):
        def next(self):
            raise KeyError("day")

    store = RobinhoodStore(PAPER, seconds=2, out="run")
    with pytest.raises(KeyError, match="day"), store:
        cerebro_of(store, Raising).run()
    assert store.ended is None
    told = (Path("run") / "logs" / "app.log").read_text(encoding="utf-8")
    assert "session died" in told
    assert "StrategyError" in told
    assert "test_robinhood_store.py" in told


@pytest.mark.campaign
@pytest.mark.usefixtures("logged_in")
def test_an_error_of_ours_leaves_without_the_secrets_it_quotes(monkeypatch):
    monkeypatch.setattr("brokers.backtrader.live_feed.LiveFeed.LIVE", f"{ACCOUNT} in a message")
    monkeypatch.setattr("brokers.backtrader.cycles.Cycles._tell", staticmethod({}.__getitem__))
    store = RobinhoodStore(PAPER, seconds=2, out="run")
    with pytest.raises(RedactedCrashError) as caught, store:
        cerebro_of(store, Idle).run()
    assert caught.value.__suppress_context__
    assert ACCOUNT not in str(caught.value)
