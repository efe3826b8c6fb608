"""``onetape login`` as a user runs it, against the double."""

from __future__ import annotations

import base64
import json
import stat

import keyring
import pytest
from keyring.backends.fail import Keyring
from typer.testing import CliRunner

from brokers.robinhood.testing import RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework.app.commands.cli import app
from framework.runtime.clock import now_ns

OTHER = "another-example"
KEY = base64.b64encode(b"k" * 32).decode()
VARIABLES = {
    "ROBINHOOD_USERNAME": "trader@example.com",
    "ROBINHOOD_PASSWORD": "an-example-only",
    "ROBINHOOD_TOTP_SECRET": "JBSWY3DPEHPK3PXP",
    "ONETAPE_SESSION_KEY": KEY,
}


@pytest.fixture
def double():
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        yield running


@pytest.fixture
def run(double, tmp_path, monkeypatch):
    """The command in an empty folder, with what the environment is to say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def once(*arguments, without=(), **changes):
        given = {**VARIABLES, "ONETAPE_STATE": str(tmp_path / "state"), "ONETAPE_ROBINHOOD_URL": double.url, **changes}
        for name, value in given.items():
            if name in without:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, ["login", *arguments])

    return once


def test_a_login_leaves_an_encrypted_session_that_is_ones_own(run, tmp_path, double):
    result = run()
    assert result.exit_code == 0, result.output
    assert "Logged in" in result.stdout
    (session,) = (tmp_path / "state" / "sessions").glob("*.session")
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert not any(token.encode() in session.read_bytes() for token in double.venue.gate.refresh)


def test_one_json_document_says_where_the_session_is(run):
    assert json.loads(run("--json").stdout)["logged_in"] is True


def test_the_device_that_was_approved_before_is_named_again(run, double):
    seen, grant = [], double.venue.gate.grant
    double.venue.gate.grant = lambda fields: seen.append(fields["device_token"]) or grant(fields)
    assert (run().exit_code, run().exit_code) == (0, 0)
    assert seen[0] == seen[1]


def test_a_wrong_password_is_an_error_of_the_broker_and_shows_nothing(run):
    result = run(ROBINHOOD_PASSWORD=OTHER)
    assert result.exit_code == 5
    assert "Unable to log in" in result.stderr
    assert OTHER not in result.output


def test_without_a_terminal_what_is_missing_is_named(run):
    result = run(without=("ROBINHOOD_PASSWORD",))
    assert result.exit_code == 2
    assert "ROBINHOOD_PASSWORD is not set, and nobody is there to type it" in result.stderr


def test_without_a_keyring_the_key_is_asked_for(run):
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    try:
        result = run(without=("ONETAPE_SESSION_KEY",))
    finally:
        keyring.set_keyring(before)
    assert result.exit_code == 2
    assert "openssl rand -base64 32" in result.stderr


def test_a_pickle_of_robin_stocks_is_pointed_at_and_left_alone(run, tmp_path):
    place = tmp_path / ".tokens" / "robinhood.pickle"
    place.parent.mkdir()
    place.write_bytes(b"not opened")
    result = run()
    assert result.exit_code == 0
    assert "It is not taken over: it is a pickle" in result.stderr
    assert place.read_bytes() == b"not opened"


def test_an_address_elsewhere_is_refused(run):
    result = run(ONETAPE_ROBINHOOD_URL="https://evil.example")
    assert result.exit_code == 4
    assert "only an address of this machine" in result.stderr
