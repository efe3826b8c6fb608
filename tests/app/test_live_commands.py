"""onetape live, paper on quotes, and the operator's commands, as they are typed; Robinhood is the double."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import typer

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from brokers.robinhood.tokens import SessionFile, Tokens
from framework.app.arming.arming import only_trader
from framework.app.arming.promotion import shortcomings, shown_by
from framework.app.arming.rollout import rollout
from framework.app.assembly.resolved import config_text
from framework.domain.secret import Secret
from framework.runtime.clock import now_ns
from framework.runtime.loading import load_config
from framework.runtime.network.budget import budget_file
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.inputs import BARS
from framework.runtime.tape.store import TapeStore
from tests.app.project import ONETAPE, ROWS, call, config, csv_text, write

USER = "trader@example.com"
KEY = b"k" * 32
WHY = ("--reason", "a test")
GIVEN = {
    "ROBINHOOD_USERNAME": USER,
    "ROBINHOOD_ACCOUNT_NUMBER": ACCOUNT,
    "ONETAPE_SESSION_KEY": base64.b64encode(KEY).decode(),
    "ONETAPE__BROKER__RATE_LIMIT_REQUESTS": "100",
    "ONETAPE__SESSION__WATCHDOG_SECONDS": "0",
}


@pytest.fixture
def double():
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        yield running


@pytest.fixture
def onetape(double, folder, monkeypatch):
    """The command of somebody who is logged in."""
    state = folder / "state"
    issued = double.issue_token()
    tokens = Tokens(
        Secret("access token", issued["access_token"]), Secret("refresh token", issued["refresh_token"]), "device-1", now_ns(), 86_400.0
    )
    SessionFile(budget_file(state / "sessions", "robinhood", USER).with_suffix(".session"), KEY, USER, lambda _: None).save(tokens)

    def run(*arguments):
        given = {**GIVEN, "ONETAPE_STATE": str(state), "ONETAPE_ROBINHOOD_URL": double.url}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return call(*arguments)

    return run


def project(folder, mode="live", **sections):
    settings = {"strategy": {"params": {"fast": 2, "slow": 5}}, "universe": {"symbols": ["AAPL"]}, **sections}
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    write({**config(mode=mode, data=data, **settings), "bars/AAPL.csv": csv_text(ROWS)}, folder)


@pytest.mark.parametrize(
    ("arguments", "mode", "limits", "said"),
    [
        ((), "live", None, "--arm"),
        (("--arm",), "paper", None, 'mode = "live"'),
        (("--arm", "--confirm", "0001"), "live", None, "0 of 5 trading sessions on paper"),
        (("--arm", "--confirm", "9999", *WHY), "live", None, "does not end in 9999"),
        (("--arm", *WHY), "live", None, "nobody is there to confirm"),
        (("--arm", "--confirm", "0001"), "live", {"profile": "venue"}, "--reason"),
    ],
    ids=["not armed", "not live", "not tried", "wrong digits", "nobody asked", "no limits without a reason"],
)
def test_real_orders_are_refused_unless_everything_is_confirmed(folder, onetape, double, arguments, mode, limits, said):
    project(folder, mode, **({"limits": limits} if limits else {}))
    done = onetape("live", *arguments, "--for", "1s")
    assert done.code == 4, done.err
    assert said in done.err
    assert double.counts()["requests"] == 0


def test_a_live_session_reconciles_and_says_what_is_open(folder, onetape, double):
    project(folder)
    done = onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "2s", "--out", "run", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"run": "run", "still_open": [], "summary": None}
    assert double.counts()["order_posts"] == 0
    told = json.loads(onetape("status", "run", "--json").out)
    assert (told["mode"], told["trading"], told["positions"], told["incidents"]) == ("live", "ACTIVE", [], [])
    assert ACCOUNT not in "".join(path.read_text(errors="replace") for path in (folder / "run").rglob("*") if path.is_file())


def test_a_session_tells_that_the_venue_s_hours_are_not_those_of_the_calendar(folder, onetape, double):
    project(folder, "paper")
    double.fault(path="/markets/*", times=99, status=200, body={"date": "2000-01-01", "is_open": True})
    assert onetape("paper", "--for", "2s", "--out", "run").code == 0
    logged = "".join(path.read_text() for path in (folder / "run" / "logs").rglob("*") if path.is_file())
    assert "the venue does not say when the market is open; nothing is bought until they agree" in logged


def test_paper_on_quotes_needs_no_leave_and_sends_nothing(folder, onetape, double):
    project(folder, "paper")
    done = onetape("paper", "--for", "2s", "--out", "run")
    assert done.code == 0, done.err
    assert "before a bar had closed" in done.out
    assert double.counts()["order_posts"] == 0


def test_a_length_that_is_none_is_named(folder, onetape):
    project(folder, "paper")
    done = onetape("paper", "--for", "soon")
    assert done.code == 2
    assert "90s, 30m or 2h" in done.err


def test_a_dry_run_needs_no_leave_and_sends_nothing(folder, onetape, double):
    project(folder)
    done = onetape("live", "--dry-run", "--for", "2s", "--out", "run", "--json")
    assert done.code == 0, done.err
    assert double.counts()["order_posts"] == 0


def test_no_live_session_goes_on_with_the_tape_of_a_dry_run_and_no_dry_run_with_one(folder, onetape, double):
    project(folder)
    armed = ("live", "--arm", "--confirm", "0001", "--reason", "a test", "--for", "2s")
    assert onetape("live", "--dry-run", "--for", "2s", "--out", "dry").code == 0
    done = onetape(*armed, "--resume", "dry")
    assert done.code == 4
    assert "it is the tape of something else" in done.err
    assert onetape(*armed, "--out", "real").code == 0
    assert onetape("live", "--dry-run", "--for", "2s", "--resume", "real").code == 4
    assert double.counts()["order_posts"] == 0


def test_a_second_process_on_the_account_is_refused(folder, onetape):
    project(folder)
    with only_trader(folder / "state", Secret("account", ACCOUNT)):
        done = onetape("live", "--dry-run", "--for", "2s")
    assert done.code == 4
    assert "another process" in done.err


def test_what_was_shown_on_paper_is_counted_over_runs_of_the_same_strategy(folder, onetape):
    project(folder)
    mine = load_config(folder / "onetape.toml")
    for number, (mode, account) in enumerate([("paper", "a"), ("paper", "a"), ("paper", None), ("live", "a")]):
        place = folder / "runs" / f"{number}"
        place.mkdir(parents=True)
        said = {"mode": mode, "config": config_text(mine.model_copy(update={"mode": mode})), **({"account": account} if account else {})}
        with TapeStore.open(place / "tape.db", header=said) as store:
            store.append([NewEvent((20_000 + number + day) * 86_400 * 10**9, BARS, {}) for day in range(4)])
        (place / "summary.json").write_text(json.dumps({"trades": 2, "max_drawdown": -0.04 * number}))
    double = folder / "runs" / "double"
    double.mkdir()
    with TapeStore.open(double / "tape.db", header={"mode": "live", "config": config_text(mine), "account": "a", "double": True}) as store:
        store.append([NewEvent(25_000 * 86_400 * 10**9, BARS, {})])
    killed = folder / "runs" / "killed"
    killed.mkdir()
    with TapeStore.open(
        killed / "tape.db", header={"mode": "paper", "config": config_text(mine.model_copy(update={"mode": "paper"})), "account": "a"}
    ) as store:
        store.append([NewEvent(30_000 * 86_400 * 10**9, BARS, {})])
    found = shown_by(mine, folder)
    assert found[:4] == (5, 4, 0.04, 0.0)
    assert (found.live_sessions, len(found.unmeasured)) == (4, 3)  # these tapes are made up: nobody can decide on them again
    missing = shortcomings(mine, found)
    assert missing[0] == "4 of 5 round trips in them"
    assert all(one.startswith("it is not known how far ") for one in missing[1:])
    gates = mine.promotion.model_copy(update={"paper_sessions": 6, "round_trips": 4, "max_drawdown_pct": 0.03})
    stricter = mine.model_copy(update={"promotion": gates})
    assert shortcomings(stricter, found._replace(unmeasured=())) == [
        "5 of 6 trading sessions on paper with live quotes",
        "a drawdown of 4.0% on paper, 3% at most",
    ]
    assert onetape("live", "--arm", "--confirm", "0001").code == 4


def test_a_live_session_is_not_gone_on_with_on_paper(folder, onetape, double):
    project(folder)
    assert onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s", "--out", "run").code == 0
    before = double.counts()["requests"]
    done = onetape("paper", "--resume", "run", "--for", "1s")
    assert done.code == 4
    assert "it is the tape of something else" in done.err
    assert double.counts()["requests"] == before


class Hook(BaseHTTPRequestHandler):
    """A web hook that keeps what it is told."""

    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def hook():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.told = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise, on Python 3.11 and 3.12
def test_a_reason_that_overrides_a_gate_is_on_the_tape_in_the_log_and_told(folder, onetape, hook, monkeypatch):
    project(folder)
    monkeypatch.setenv("ONETAPE_ALERT_URL", f"json://127.0.0.1:{hook.server_address[1]}/alerts")
    done = onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s", "--out", "run")
    assert done.code == 0, done.err
    with TapeStore.attach(folder / "run" / "tape.db") as store:
        (noted,) = store.events(kinds=["operator_noted"])
    assert (noted.payload["reason"], len(noted.payload["missing"])) == ("a test", 2)
    assert any("a test" in one["message"] for one in hook.told)
    assert "reason given" in (folder / "run" / "logs" / "app.log").read_text()


@pytest.mark.campaign
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_stops_a_session_cleanly(folder, onetape, double, number):
    project(folder, "paper")
    assert onetape("paper", "--for", "1s", "--out", "first").code == 0  # and leaves the environment of somebody who is logged in
    environment = {**os.environ, **GIVEN, "ONETAPE_STATE": str(folder / "state"), "ONETAPE_ROBINHOOD_URL": double.url}
    running = subprocess.Popen(
        [ONETAPE, "paper", "--out", "run"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not (folder / "run" / "tape.db").exists() or not double.counts()["requests"]:
        time.sleep(0.1)
    time.sleep(1.0)
    running.send_signal(number)
    out, said = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert b"before a bar had closed" in out


def test_a_crash_in_a_session_quotes_no_token_account_or_address(folder, onetape, double, monkeypatch):
    project(folder, "paper")
    address = "json://127.0.0.1:9/canary-address"
    monkeypatch.setenv("ONETAPE_ALERT_URL", address)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    token = double.issue_token()["access_token"]

    def crash(session):
        redact = session.access.redact
        redact.add(Secret("access token", token))  # as the link does once it is logged in
        raise ZeroDivisionError(f"{token} {ACCOUNT} {address} {base64.b64encode(KEY).decode()}")

    monkeypatch.setattr("framework.app.sessions.live.LiveSession._history", crash)
    done = onetape("paper", "--for", "1s", "--out", "run")
    (kept,) = folder.glob("onetape-crash-*.txt")
    text = kept.read_text(encoding="utf-8") + done.err
    assert done.code == 70
    assert "ZeroDivisionError" in text
    for secret in (token, ACCOUNT, "canary-address", base64.b64encode(KEY).decode()):
        assert secret not in text


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_targets_of_the_config_hear_what_is_severe_enough_for_them(folder, onetape, hook, monkeypatch):
    targets = {"desk": {"variable": "ONETAPE_ALERT_URL_DESK"}, "pager": {"variable": "ONETAPE_ALERT_URL_PAGER", "least": "critical"}}
    project(folder, alerts={"targets": targets})
    refused = onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s")
    assert refused.code == 2
    assert "ONETAPE_ALERT_URL_DESK is not set" in refused.err
    for name in ("DESK", "PAGER"):
        monkeypatch.setenv(f"ONETAPE_ALERT_URL_{name}", f"json://127.0.0.1:{hook.server_address[1]}/{name.lower()}")
    assert onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s", "--out", "run").code == 0
    assert {one["title"] for one in hook.told} >= {"[WARNING] reason given"}
    assert len([one for one in hook.told if one["title"] == "[WARNING] reason given"]) == 1  # the pager is for worse
    tested = onetape("doctor", "--alerts", "--json")
    assert tested.code == 0
    assert [(one["name"], one["passed"]) for one in json.loads(tested.out)] == [("alerts desk", True), ("alerts pager", True)]
    assert {one["title"] for one in hook.told} >= {"[INFO] test alert", "[CRITICAL] test alert"}
    monkeypatch.setenv("ONETAPE_ALERT_URL_PAGER", "json://127.0.0.1:9/nobody")
    failed = onetape("doctor", "--alerts")
    assert failed.code == 1
    assert "not delivered to the address in ONETAPE_ALERT_URL_PAGER" in failed.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "there is nobody to tell"), (("--broker", "robinhood"), "by itself")],
    ids=["no target", "with a broker"],
)
def test_an_examination_of_alerts_that_makes_no_sense_is_refused(folder, onetape, arguments, said):
    project(folder)
    done = onetape("doctor", "--alerts", *arguments)
    assert done.code == 2
    assert said in done.err


def test_an_address_in_the_config_is_refused_and_not_repeated(folder, onetape):
    project(folder, alerts={"targets": {"desk": {"variable": "mailto://me:canary-word@example.com"}}})
    done = onetape("doctor")
    assert "name of an environment variable" in done.out + done.err
    assert "canary-word" not in done.out + done.err


def test_the_lease_is_renewed_while_a_long_tape_is_taken_again(folder, onetape, monkeypatch):
    project(folder)
    monkeypatch.setattr("framework.app.sessions.live.LEASE", 0.8)
    monkeypatch.setattr("framework.app.sessions.live.RENEWAL", 0.4)
    slices = []

    def long_replay(_config, _strategy, _history, store, _watch, _feed, crew):
        for number in range(12):
            time.sleep(0.1)
            crew.on_slice(number)
            slices.append(number)
        store.append([NewEvent(now_ns(), "test", {})], crew.lease)  # refused where the lease has expired
        raise KeyboardInterrupt

    monkeypatch.setattr("framework.app.sessions.live.opened_forward", long_replay)
    done = onetape("live", "--arm", "--confirm", "0001", *WHY, "--out", "run")
    assert done.code == 130, done.err
    assert len(slices) == 12


def header_and_note(run):
    with TapeStore.attach(run / "tape.db") as store:
        return next(store.events()).payload, [event.payload for event in store.events(kinds=["operator_noted"])]


def test_the_first_live_sessions_trade_little_and_the_tape_says_so(folder, onetape):
    project(folder)
    live = ("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s")
    assert onetape(*live, "--out", "run").code == 0
    said, (noted,) = header_and_note(folder / "run")
    assert said["double"] is True  # so that it shows nothing of what it takes to trade with money
    assert said["first_order_dollars"] == 500.0
    assert "max_order_value_dollars = 500.0" in said["config"]
    assert noted["first"] == {"sessions": 0, "order_dollars": 500.0, "dollars": 2500}
    assert noted["shown"]["sessions"] == 0
    project(folder, promotion={"first_sessions": 0})
    assert onetape(*live, "--resume", "run").code == 0  # it keeps what it began with
    assert onetape(*live, "--dollars", "700", "--out", "later").code == 0
    said, (noted,) = header_and_note(folder / "later")
    assert "first_order_dollars" not in said
    assert noted["first"] == {"sessions": 0, "order_dollars": None, "dollars": 700}


def test_a_cap_of_the_config_that_is_tighter_than_that_of_the_first_sessions_stays(folder):
    project(folder, limits={"max_order_value_dollars": 200})
    mine = load_config(folder / "onetape.toml")
    assert rollout(mine, 4, None).capped(mine).limits.max_order_value_dollars == 200
    assert rollout(mine, 5, None).capped(mine) is mine
    assert (rollout(mine, 4, None).most(9_999), rollout(mine, 5, None).most(9_999)) == (2_500, 9_999)


def test_targets_and_gates_may_change_between_two_starts(folder, onetape):
    project(folder)
    assert onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s", "--out", "run").code == 0
    project(folder, alerts={"most_an_hour": 9}, promotion={"paper_sessions": 9})
    done = onetape("live", "--arm", "--confirm", "0001", *WHY, "--for", "1s", "--resume", "run")
    assert done.code == 0, done.err


def test_whoever_thinks_better_of_it_at_the_question_has_found_no_bug(folder, onetape, monkeypatch):
    project(folder)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)

    def leave(_question):
        raise typer.Abort

    monkeypatch.setattr("framework.app.commands.sessions._ask", leave)
    done = onetape("live", "--arm", *WHY, "--for", "1s")
    assert done.code == 130
    assert "stopped" in done.err
    assert list(folder.glob("onetape-crash-*")) == []
