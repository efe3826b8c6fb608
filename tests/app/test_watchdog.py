"""A live session that hangs, is suspended or dies is halted from outside: its entries are canceled, its stops stay, a person is told."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock, VirtualClock
from brokers.robinhood.testing.clock import iso
from brokers.robinhood.tokens import SessionFile, Tokens
from framework.app.arming import arming
from framework.app.arming.access import access_of
from framework.app.arming.arming import Leave, check_settings, only_trader
from framework.app.arming.left_behind import left_behind
from framework.app.commands.looking_views import status_of
from framework.app.robinhood.connection import Ears, RobinhoodLink
from framework.app.sessions.session import header
from framework.app.watchdog import acts as watchdog_acts
from framework.app.watchdog.acts import act
from framework.app.watchdog.watchdog import Silence, Watchdog, watch
from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType
from framework.domain.secret import Secret
from framework.domain.venue_order import LinkCapabilities
from framework.errors import OnetapeError, SafetyError, TapeError
from framework.rules.limits import approved_before
from framework.runtime.clock import now_ns
from framework.runtime.loading import load_config
from framework.runtime.network.budget import budget_file
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.clock import SystemClock
from framework.runtime.orders.ids import Desk
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.sessions.marks import RESUMED
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.store import TapeStore
from framework.runtime.watch_config import PromotionSection
from tests.app.live_world import Open
from tests.app.project import ONETAPE, ROWS, config, csv_text, write
from tests.builders import Scripted
from tests.venue.trader import SELL, order_of

pytestmark = pytest.mark.campaign
USER, KEY = "trader@example.com", b"k" * 32
HANGS = """
import sys, time
from pathlib import Path
from framework.app.arming.access import access_of
from framework.app.arming.arming import only_trader
from framework.app.watchdog.watchdog import Watchdog
from framework.runtime.loading import load_config
access = access_of(load_config(Path("onetape.toml")), Path("."))
with only_trader(access.state, access.account), Watchdog(Path("run"), "run/tape.db", Path("."), 1.0) as watchdog:
    for _ in range(5):
        watchdog.beat(0)
        time.sleep(0.1)
    print("it turned", flush=True)
    while True:
        pass
"""


@pytest.fixture
def open_market():
    with RobinhoodDouble(VirtualClock("2026-11-20T15:00:00Z")) as double:
        double.list_stock("AAPL", "100.00")
        yield double


@contextmanager
def logged_in(double, folder, monkeypatch):
    """The environment of somebody who is."""
    state, issued = folder / "state", double.issue_token()
    access, refresh = (Secret(f"{name} token", issued[f"{name}_token"]) for name in ("access", "refresh"))
    tokens = Tokens(access, refresh, "device-1", now_ns(), 86_400.0)
    SessionFile(budget_file(state / "sessions", "robinhood", USER).with_suffix(".session"), KEY, USER, lambda _: None).save(tokens)
    given = {
        "ROBINHOOD_USERNAME": USER,
        "ROBINHOOD_ACCOUNT_NUMBER": ACCOUNT,
        "ONETAPE_SESSION_KEY": base64.b64encode(KEY).decode(),
        "ONETAPE__BROKER__RATE_LIMIT_REQUESTS": "100",
        "ONETAPE__SESSION__WATCHDOG_SECONDS": "2",
        "ONETAPE_STATE": str(state),
        "ONETAPE_ROBINHOOD_URL": double.url,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    yield folder


@pytest.fixture
def traded(open_market, folder, monkeypatch):
    """A tape with a position, its stop, and an entry that works at the venue."""
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    broker = {"rate_limit_requests": 100, "order_cooldown": 0.0}
    write({**config(mode="live", data=data, universe={"symbols": ["AAPL"]}, broker=broker), "bars/AAPL.csv": csv_text(ROWS)}, folder)
    with logged_in(open_market, folder, monkeypatch):
        settings = load_config(folder / "onetape.toml")
        access = access_of(settings, folder)
        (folder / "run").mkdir()
        ears = Ears(lambda _: None, lambda _: None, sys.stderr)
        said = header(settings, Scripted({})) | {"account": "a hash"}
        link = RobinhoodLink(settings.broker, access.username, access.key, access.state, Open(), access.redact, ears, access.double)
        with link, TapeStore.open(folder / "run" / "tape.db", header=said) as store:
            gateway = link.gateway(access.account, LinkCapabilities())
            manager = OrderManager(gateway, store, Desk("a hash", "live"), SystemClock(), OrderPolicy())
            manager.connect()
            while not manager.reconcile().succeeded:
                pass
            for order in (
                order_of(1, kind=OrderType.MARKET),
                order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP),
                order_of(3, price=80.0),
            ):
                manager.place_order(approved_before(order, order.order_type))
                open_market.advance(5)
                manager.synchronize_open_orders()
            assert {order.status for order in manager.get_open_orders()} == {OrderStatus.ACCEPTED}
            assert len(manager.get_open_orders()) == 2
            manager.disconnect()
        yield folder


def sides(double):
    return {one["side"]: one["state"] for one in double.book()["orders"] if one["state"] != "filled"}


def said(folder):
    log = folder / "run" / "watchdog.log"
    return log.read_text() if log.exists() else ""


def until(happened, seconds=30.0):
    ends = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_process_that_hangs_loses_its_entries_and_keeps_its_stops(traded, open_market):
    process = subprocess.Popen([sys.executable, "-c", HANGS], cwd=traded, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "it turned\n"
        until(lambda: "1 of 1 entries were canceled" in said(traded))
        assert process.poll() is None  # it hangs still
    finally:
        process.kill()
        process.communicate()
    assert sides(open_market)[OrderSide.SELL] == "confirmed"
    assert sides(open_market)[OrderSide.BUY] in ("cancelled", "pending_cancelled")
    assert (traded / "run" / "HALT").exists()
    with TapeStore.attach(traded / "run" / "tape.db") as store:
        (halt,) = store.events(kinds={"command_halt"})
    assert (halt.payload["who"], halt.payload["why"]) == ("watchdog", "its loop has not turned for 1 s")
    assert ACCOUNT not in said(traded)


@pytest.mark.usefixtures("traded")
def test_a_process_that_died_and_was_not_started_again_is_cleaned_up_behind(open_market):
    act("run", "run/tape.db", ".", died_at=1, why="it has died")
    assert sides(open_market)[OrderSide.BUY] in ("cancelled", "pending_cancelled")
    assert sides(open_market)[OrderSide.SELL] == "confirmed"


def test_a_process_that_died_and_was_started_again_is_left_alone(traded, open_market):
    access = access_of(load_config(traded / "onetape.toml"), traded)
    with TapeStore.attach(traded / "run" / "tape.db") as store:
        store.append([NewEvent(2, RESUMED, {})])
    with only_trader(access.state, access.account):
        act("run", "run/tape.db", ".", died_at=1, why="it has died")
    assert sides(open_market)[OrderSide.BUY] == "confirmed"
    assert not (traded / "run" / "HALT").exists()
    assert "another process goes on with it" in said(traded)


@pytest.mark.parametrize("gives_up", [True, False], ids=["a start that fails", "another run"])
def test_a_process_that_only_holds_the_account_does_not_look_after_the_entries(traded, open_market, monkeypatch, gives_up):
    with TapeStore.attach(traded / "run" / "tape.db") as store:
        store.append([NewEvent(1, RESUMED, {})])  # of the session that has died
    access, waited = access_of(load_config(traded / "onetape.toml"), traded), []
    with ExitStack() as other:
        other.enter_context(only_trader(access.state, access.account))
        monkeypatch.setattr(watchdog_acts.time, "sleep", lambda _: waited.append(other.close() if gives_up else None))
        act("run", "run/tape.db", ".", died_at=2, why="it has died")
    assert len(waited) == (1 if gives_up else 40)
    assert sides(open_market)[OrderSide.BUY] in ("cancelled", "pending_cancelled")
    assert sides(open_market)[OrderSide.SELL] == "confirmed"
    assert (traded / "run" / "HALT").exists()


def test_a_tape_that_cannot_be_read_is_told_at_once_and_asked_again(traded, open_market, monkeypatch):
    attach, waited = watchdog_acts.TapeStore.attach, []

    class Away(TapeStore):
        @classmethod
        def attach(cls, place):
            if len(waited) < 3:
                raise TapeError("the database does not answer")
            return attach(place)

    (traded / "run" / "config.toml").write_bytes((traded / "onetape.toml").read_bytes())
    monkeypatch.setattr(watchdog_acts, "TapeStore", Away)
    monkeypatch.setattr(watchdog_acts.time, "sleep", waited.append)
    act("run", "run/tape.db", ".", died_at=1, why="it has died")
    assert said(traded).count("it is not known which entries work: the database does not answer") == 1
    assert (traded / "run" / "HALT").exists()
    assert sides(open_market)[OrderSide.BUY] in ("cancelled", "pending_cancelled")


def test_a_venue_that_does_not_take_the_cancel_is_told(traded, open_market):
    open_market.fault(method="POST", path="/orders/*/cancel/", handled="no", status=500, body={}, times=9)
    act("run", "run/tape.db", ".", died_at=None, why="it hangs")
    assert "the venue did not take the cancel" in said(traded)
    assert (traded / "run" / "HALT").exists()


@pytest.mark.parametrize("died_at", [None, 1], ids=["hangs", "died"])
def test_a_disk_that_takes_nothing_does_not_keep_the_entries_at_the_venue(traded, open_market, died_at):
    (traded / "run" / "watchdog.log").symlink_to("/dev/full")
    (traded / "run" / "HALT").symlink_to(traded / "nowhere" / "HALT")
    act("run", "run/tape.db", ".", died_at=died_at, why="there is no room")
    assert sides(open_market)[OrderSide.BUY] in ("cancelled", "pending_cancelled")


@pytest.fixture
def heard():
    """What was posted to whoever is told."""
    found = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self):
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"json://127.0.0.1:{server.server_port}", found
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("traded")
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise
def test_a_person_hears_everything_the_watchdog_says(open_market, monkeypatch, heard):
    address, found = heard
    monkeypatch.setenv("ONETAPE_ALERT_URL", address)
    open_market.fault(method="POST", path="/orders/*/cancel/", handled="no", status=500, body={}, times=9)
    act("run", "run/tape.db", ".", died_at=None, why="it hangs")
    assert "is halted: it hangs" in found[0]
    assert any("the venue did not take the cancel" in text for text in found)


def test_a_new_run_does_not_leave_to_nobody_what_the_last_one_has(traded):
    assert left_behind("a hash") == ""
    (traded / "runs").mkdir()
    (traded / "run").rename(traded / "runs" / "one")
    said_of_it = left_behind("a hash")
    assert said_of_it.startswith("runs/one still has 10 AAPL, the order ")
    assert said_of_it.endswith(": go on with --resume runs/one")
    assert left_behind("another") == ""


def test_what_the_last_run_has_is_a_reason_not_to_arm_a_new_one(traded, monkeypatch):
    settings = load_config(traded / "onetape.toml")
    settings = settings.model_copy(update={"promotion": PromotionSection(paper_sessions=0, round_trips=0)})
    monkeypatch.setattr(arming, "left_behind", lambda account: f"{account} still has 10 AAPL")
    with pytest.raises(SafetyError, match="still has 10 AAPL; a new run would leave it to nobody"):
        check_settings(settings, Leave(is_armed=True), traded)
    assert check_settings(settings, Leave(is_armed=True), traded, "runs/one").missing == ()
    assert check_settings(settings, Leave(is_armed=True, reason="by hand"), traded).missing[0].endswith("10 AAPL")
    assert check_settings(settings, Leave(dry_run=True), traded).missing == ()


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_nothing_is_watched_before_the_first_turn_and_after_the_end(pipe):
    listens, speaks = pipe
    os.write(speaks, b"..q")
    assert watch(listens, 0.01) is None
    os.close(speaks)
    assert watch(listens, 0.01) is None  # it died before it had turned: there is nothing to cancel


def test_silence_has_a_reason(pipe):
    listens, speaks = pipe
    os.write(speaks, b".")
    assert watch(listens, 0.01) is Silence.HANGS
    os.write(speaks, b".")
    os.close(speaks)
    assert watch(listens, 0.01) is Silence.DIED


def test_a_session_that_ends_ends_its_watchdog(folder):
    with Watchdog(folder, "tape.db", folder, 60.0) as watchdog:
        watchdog.beat(0)
        assert watchdog.is_there
    assert not watchdog.is_there


def test_a_module_of_the_user_s_that_is_called_like_ours_is_not_taken_for_it(traded, open_market):
    for name in ("data", "brokers", "strategies"):
        (traded / f"{name}.py").write_text("raise RuntimeError('not of onetape')")
    with Watchdog(Path("run"), "run/tape.db", Path(), 0.2) as watchdog:
        watchdog.beat(0)
        until(lambda: "1 of 1 entries were canceled" in said(traded))
    assert sides(open_market)[OrderSide.SELL] == "confirmed"


def test_a_live_session_that_is_suspended_is_halted_and_stays_so_when_it_goes_on(folder, monkeypatch):
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    write({**config(mode="live", data=data, universe={"symbols": ["AAPL"]}), "bars/AAPL.csv": csv_text(ROWS)}, folder)
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as double, logged_in(double, folder, monkeypatch):
        command = [str(ONETAPE), "live", "--arm", "--confirm", "0001", "--reason", "a test", "--for", "60s", "--out", "run"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            until(lambda: has_turned(folder))
            time.sleep(2.0)
            process.send_signal(signal.SIGSTOP)
            until(lambda: "no entry was working" in said(folder))
            process.send_signal(signal.SIGCONT)
            until(lambda: status_of("run")["trading"] == "HALTED")
        finally:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate()
    assert process.returncode in (0, 3), out + err  # 3: no bar has closed
    assert "its loop has not turned for 2 s" in said(folder)


def has_turned(folder):
    """Whether the first comparison with the venue is on the tape."""
    try:
        with TapeStore.attach(folder / "run" / "tape.db") as store:
            return any(store.events(kinds={"venue_reconciled"}))
    except OnetapeError:  # it is not made yet
        return False
