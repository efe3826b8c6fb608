"""onetape live, paper on quotes, and the operator's commands, as they are typed; Robinhood is the double."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from brokers.robinhood.tokens import SessionFile, Tokens
from framework.app.arming import only_trader
from framework.domain.secret import Secret
from framework.runtime.clock import now_ns
from framework.runtime.network.budget import budget_file
from tests.app.project import ROWS, bars, call, config, csv_text, write

USER = "trader@example.com"
KEY = b"k" * 32


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
        given = {
            "ROBINHOOD_USERNAME": USER,
            "ROBINHOOD_ACCOUNT_NUMBER": ACCOUNT,
            "ONETAPE_SESSION_KEY": base64.b64encode(KEY).decode(),
            "ONETAPE_STATE": str(state),
            "ONETAPE_ROBINHOOD_URL": double.url,
            "ONETAPE__BROKER__RATE_LIMIT_REQUESTS": "100",
        }
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
        (("--arm", "--confirm", "9999"), "live", None, "does not end in 9999"),
        (("--arm",), "live", None, "nobody is there to confirm"),
        (("--arm", "--confirm", "0001"), "live", {"profile": "venue"}, "--reason"),
    ],
    ids=["not armed", "not live", "wrong digits", "nobody asked", "no limits without a reason"],
)
def test_real_orders_are_refused_unless_everything_is_confirmed(folder, onetape, double, arguments, mode, limits, said):
    project(folder, mode, **({"limits": limits} if limits else {}))
    done = onetape("live", *arguments, "--for", "1s")
    assert done.code == 4, done.err
    assert said in done.err
    assert double.counts()["requests"] == 0


def test_a_live_session_reconciles_and_says_what_is_open(folder, onetape, double):
    project(folder)
    done = onetape("live", "--arm", "--confirm", "0001", "--for", "2s", "--out", "run", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"run": "run", "still_open": [], "summary": None}
    assert double.counts()["order_posts"] == 0
    told = json.loads(onetape("status", "run", "--json").out)
    assert (told["mode"], told["trading"], told["positions"], told["incidents"]) == ("live", "ACTIVE", [], [])
    assert ACCOUNT not in "".join(path.read_text(errors="replace") for path in (folder / "run").rglob("*") if path.is_file())


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


def test_what_a_session_has_is_read_from_its_tape(folder):
    write(bars(ROWS, start=date(2012, 2, 8), warmup=25), folder)
    assert call("paper", "--rehearse", "--out", "runs/one", "--quiet").code == 0
    everything = json.loads(call("orders", "--all", "--json").out)
    traded = json.loads(call("fills", "runs/one", "--json").out)
    told = json.loads(call("status", "--json").out)
    assert {one["order_id"] for one in traded} <= {one["order_id"] for one in everything}
    assert told["equity"] == json.loads((folder / "runs/one/summary.json").read_text())["final_equity"]
    assert told["working_orders"] == len(json.loads(call("orders", "--json").out)) < len(everything)
    assert "AAPL" not in call("positions").out


def test_a_dry_run_needs_no_leave_and_sends_nothing(folder, onetape, double):
    project(folder)
    done = onetape("live", "--dry-run", "--for", "2s", "--out", "run", "--json")
    assert done.code == 0, done.err
    assert double.counts()["order_posts"] == 0


def test_a_second_process_on_the_account_is_refused(folder, onetape):
    project(folder)
    with only_trader(folder / "state", Secret("account", ACCOUNT)):
        done = onetape("live", "--dry-run", "--for", "2s")
    assert done.code == 4
    assert "another process" in done.err
