"""``onetape doctor --broker robinhood`` as a user runs it, against the double."""

from __future__ import annotations

import base64
import json

import pytest
from typer.testing import CliRunner

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework.app.cli import app
from framework.runtime.clock import now_ns

VARIABLES = {
    "ROBINHOOD_USERNAME": "trader@example.com",
    "ROBINHOOD_PASSWORD": "an-example-only",
    "ROBINHOOD_TOTP_SECRET": "JBSWY3DPEHPK3PXP",
    "ROBINHOOD_ACCOUNT_NUMBER": ACCOUNT,
    "ONETAPE_SESSION_KEY": base64.b64encode(b"k" * 32).decode(),
}
CONFIG = '[strategy]\nclass = "strategies.momentum:MomentumRotation"\n[universe]\nsymbols = ["AAPL"]\n[broker]\nrate_limit_requests = 500\n'


@pytest.fixture
def double():
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        yield running


@pytest.fixture
def run(double, tmp_path, monkeypatch):
    """A command in a folder with a config that is in no hurry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "onetape.toml").write_text(CONFIG)

    def once(*arguments, **changes):
        for name, value in {**VARIABLES, "ONETAPE_STATE": str(tmp_path / "state"), "ONETAPE_ROBINHOOD_URL": double.url, **changes}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, arguments)

    return once


def looked_at(result):
    return {one["name"]: (one["passed"], one["detail"]) for one in json.loads(result.stdout)}


def test_a_good_account_passes_every_check_and_nothing_is_ordered(run, double):
    double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1")
    double.give_shares(ACCOUNT, "AAPL", "3", "270")
    assert run("login").exit_code == 0
    result = run("doctor", "--broker", "robinhood", "--json")
    found = looked_at(result)
    assert result.exit_code == 0, result.output
    assert list(found) == ["session", "money", "positions", "orders", "hours", "probe P5", "probe P12", "probe P7"]
    assert found["orders"] == (True, "1 orders in all")
    assert "agree" in found["hours"][1]
    assert double.counts()["order_posts"] == 0
    assert ACCOUNT not in result.output


def test_without_a_login_it_says_what_to_do(run):
    result = run("doctor", "--broker", "robinhood", "--json")
    assert result.exit_code == 1
    assert "run `onetape login`" in looked_at(result)["session"][1]


def test_another_account_is_refused(run):
    run("login")
    result = run("doctor", "--broker", "robinhood", "--json", ROBINHOOD_ACCOUNT_NUMBER="5QR99999")
    assert result.exit_code == 1
    assert "not one of this login" in looked_at(result)["session"][1]


def test_hours_that_differ_from_the_calendar_fail(run, double):
    run("login")
    double.fault(path="/markets/*", times=9, status=200, body={"date": "2000-01-01", "is_open": True})
    result = run("doctor", "--broker", "robinhood", "--json")
    assert looked_at(result)["hours"] == (False, "the venue does not say when the market is open")


def test_a_broker_that_is_not_talked_to_is_refused(run):
    result = run("doctor", "--broker", "simulated")
    assert result.exit_code == 2
    assert "only robinhood is talked to" in result.stderr
