"""``onetape doctor --broker robinhood`` on the double: what it looks at, what it places, and what is relied on afterwards."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from brokers.robinhood.probes import Finding
from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework.app.checks import robinhood_probes
from framework.app.checks.robinhood_probes import VALID_NS, keep_findings, proven_link
from framework.app.commands.cli import app
from framework.app.robinhood import connection as robinhood
from framework.domain.venue_order import Dedupe, LinkCapabilities
from framework.runtime.clock import MonotonicClock, now_ns
from tests.app.test_login import VARIABLES

CONFIG = """
[strategy]
class = "strategies.sma_cross:SmaCross"
[universe]
symbols = ["AAPL", "F"]
[broker]
rate_limit_requests = 1000
order_cooldown = 0
"""


@pytest.fixture
def double(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "onetape.toml").write_text(CONFIG)
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        # A minute of a probe is a minute of the double, and of this machine.
        monkeypatch.setattr(robinhood, "now_ns", running.venue.clock.now)
        monkeypatch.setattr(MonotonicClock, "sleep", lambda _, seconds: running.advance(seconds))
        given = {
            **VARIABLES,
            "ROBINHOOD_ACCOUNT_NUMBER": ACCOUNT,
            "ONETAPE_STATE": str(tmp_path / "state"),
            "ONETAPE_ROBINHOOD_URL": running.url,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        assert CliRunner().invoke(app, ["login", "--quiet"]).exit_code == 0
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield running


def doctor(*arguments):
    result = CliRunner().invoke(app, ["doctor", "--broker", "robinhood", "--json", *arguments])
    return result.exit_code, {one["name"]: one for one in json.loads(result.stdout)} if result.stdout else result.stderr


def test_the_ordinary_look_places_nothing(double):
    code, checks = doctor()
    assert code == 0, checks
    assert checks["account"]["detail"] == "cash 100000, of it unsettled 0, equity 100000, buying power 100000 dollars"
    assert checks["orders"]["detail"] == "0 orders in all"
    assert checks["calendar"]["passed"]
    assert (checks["P1"]["detail"], checks["P5"]["detail"]) == ("not asked", "no orders")
    assert double.counts()["order_posts"] == 0


def test_armed_it_places_single_shares_far_from_the_market_and_cancels_them(double, tmp_path):
    code, checks = doctor("--arm", "LIVE 0001 2000 1")
    assert code == 0, checks
    assert checks["P1"]["detail"] == "refused"
    double.advance(5)
    assert {one["state"] for one in double.book()["orders"]} == {"cancelled"}
    assert {one["quantity"] for one in double.book()["orders"]} == {1_000_000}
    link = proven_link(tmp_path / "state", ACCOUNT, exclusive_account=True)
    assert (link.dedupe, link.dedupe_window_seconds, link.exclusive_account) == (Dedupe.PROVEN, 60.0, True)


@pytest.mark.parametrize(("arguments", "code"), [(("--arm", "LIVE 9999 2000 1"), 4), (("--arm", "yes"), 4)])
def test_a_phrase_that_is_not_right_places_nothing(double, arguments, code):
    assert doctor(*arguments)[0] == code
    assert double.counts()["order_posts"] == 0


def test_what_is_not_as_it_should_be_fails(double):
    double.quote("F", None, None)
    code, checks = doctor()
    assert code == 1
    assert checks["quotes"] == {"name": "quotes", "passed": False, "detail": "none for F"}


def test_hours_that_differ_from_the_calendar_fail(double):
    double.fault(path="/markets/*", times=9, status=200, body={"date": "2000-01-01", "is_open": True})
    assert "the venue does not say when the market is open" in doctor()[1]["calendar"]["detail"]


def test_the_number_of_the_account_is_not_shown(double):
    double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1")
    assert ACCOUNT not in json.dumps(doctor()[1])


def test_an_account_of_somebody_else_is_refused(double, monkeypatch):
    assert double.url
    monkeypatch.setenv("ROBINHOOD_ACCOUNT_NUMBER", "5QR09999")
    code, checks = doctor()
    assert code == 1
    assert "not one of this login" in checks["login"]["detail"]


def test_another_broker_or_a_phrase_without_one_is_refused():
    assert CliRunner().invoke(app, ["doctor", "--broker", "etrade"]).exit_code == 2
    assert CliRunner().invoke(app, ["doctor", "--arm", "LIVE 0001 1 1"]).exit_code == 2


FOUND = [Finding("P1", "refused", ()), Finding("P2", "the first order", ()), Finding("P4", "refused", ()), Finding("P6", "7.5 s", ())]


def test_answers_count_for_thirty_days_and_for_their_account(tmp_path, monkeypatch):
    keep_findings(FOUND, tmp_path, ACCOUNT)
    assert proven_link(tmp_path, ACCOUNT, exclusive_account=False) == LinkCapabilities(Dedupe.PROVEN, 60.0, listing_lag_seconds=15.0)
    assert proven_link(tmp_path, "5QR09999", exclusive_account=False) == LinkCapabilities()
    later = now_ns() + VALID_NS
    monkeypatch.setattr(robinhood_probes, "now_ns", lambda: later)
    assert proven_link(tmp_path, ACCOUNT, exclusive_account=False) == LinkCapabilities()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"found": 1, "asked_at": 1}', '{"found": [[1]], "asked_at": "x"}'])
def test_answers_that_cannot_be_read_prove_nothing(tmp_path, text):
    keep_findings(FOUND, tmp_path, ACCOUNT)
    next(tmp_path.glob("probes-*.json")).write_text(text)
    assert proven_link(tmp_path, ACCOUNT, exclusive_account=False) == LinkCapabilities()


def test_an_order_that_was_placed_again_is_no_dedupe(tmp_path):
    keep_findings([FOUND[0]._replace(answer="placed again"), *FOUND[1:]], tmp_path, ACCOUNT)
    assert proven_link(tmp_path, ACCOUNT, exclusive_account=False).dedupe is Dedupe.ABSENT
