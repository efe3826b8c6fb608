"""What the client's login does besides logging in; numbers as in docs/robinhood.md."""

from __future__ import annotations

import io
import os
import pickle
import stat
from types import SimpleNamespace

import pyotp
import pytest

from brokers.robinhood.testing.clock import SECOND
from tests.brokers.robinhood.double.client import PASSWORD, USER, authentication, code_now, helper, pages

pytestmark = pytest.mark.usefixtures("adapter")
FILE = "robinhood.pickle"


@pytest.fixture
def waited(double, monkeypatch):
    """The client's waiting moves the double's time; seconds of each wait."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        double.advance(seconds)

    clock = SimpleNamespace(sleep=sleep, time=lambda: double.venue.clock.now() / SECOND)
    monkeypatch.setattr(authentication, "time", clock)
    return waits


def log_in(double, folder, **changed):
    given = {"username": USER, "password": PASSWORD, "mfa_code": code_now(double), "pickle_path": str(folder), **changed}
    return authentication.login(**given)


def passwords_sent(adapter):
    return pages(adapter).count("POST /oauth2/token/")


def test_trap_30_a_prompt_that_nobody_taps_is_asked_for_ever(double, tmp_path, waited):
    double.configure_login(verification="prompt")
    double.fault(path="/push/*", skip=100, handled="no", status=500)
    assert log_in(double, tmp_path) is None
    assert sum(waited) > 4 * 120


def test_a_prompt_that_is_tapped_lets_the_device_in(double, tmp_path, waited):
    double.configure_login(verification="prompt")
    double.fault(path="/push/*", skip=1, status=200, body={"challenge_status": "validated"})
    double.venue.agenda.at(double.venue.clock.now() + 9 * SECOND, double.venue.gate.approve)
    assert log_in(double, tmp_path)["access_token"]
    assert waited


def test_trap_31_a_missing_password_or_an_sms_waits_for_a_keyboard(double, tmp_path, monkeypatch, waited):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(EOFError):
        log_in(double, tmp_path, username=None)
    double.configure_login(verification="sms")
    assert log_in(double, tmp_path) is None
    assert waited


def test_a_code_that_is_typed_lets_the_device_in(double, tmp_path, monkeypatch, waited):
    monkeypatch.setattr("sys.stdin", io.StringIO("000000\n135790\n"))
    double.configure_login(verification="sms")
    assert log_in(double, tmp_path)["access_token"]
    assert waited


def test_trap_32_a_failed_login_empties_the_session_file(double, tmp_path):
    log_in(double, tmp_path)
    double.expire_tokens()
    assert log_in(double, tmp_path, mfa_code=None) is None
    assert (tmp_path / FILE).stat().st_size == 0


def test_trap_32_a_login_that_stores_nothing_deletes_the_file_and_returns_none(double, tmp_path):
    log_in(double, tmp_path)
    assert log_in(double, tmp_path, store_session=False) is None
    assert helper.LOGGED_IN
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("status", [429, 503])
def test_trap_33_a_hiccup_discards_a_good_session_and_sends_the_password(double, adapter, tmp_path, status):
    log_in(double, tmp_path)
    adapter.sent.clear()
    double.fault(path="/positions/", handled="no", status=status)
    log_in(double, tmp_path)
    assert passwords_sent(adapter) == 1


def test_trap_34_after_an_expired_session_another_device_is_verified_than_logs_in(double, adapter, tmp_path, waited):
    log_in(double, tmp_path)
    double.expire_tokens()
    double.configure_login(verification="prompt")
    double.venue.agenda.at(double.venue.clock.now() + 7 * SECOND, double.venue.gate.approve)
    adapter.sent.clear()
    assert log_in(double, tmp_path) is None
    tokens = [one.body for one in adapter.sent if one.url.endswith("/oauth2/token/")]
    verified = next(iter(double.venue.gate.devices))
    assert len(tokens) == 2
    assert all(verified not in body for body in tokens)
    assert (tmp_path / FILE).stat().st_size == 0
    assert waited


def test_trap_35_the_session_file_is_a_pickle_for_everyone_and_for_any_user(double, adapter, tmp_path):
    before = os.umask(0o022)
    log_in(double, tmp_path)
    os.umask(before)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o644
    assert set(pickle.loads((tmp_path / FILE).read_bytes())) == {"token_type", "access_token", "refresh_token", "device_token"}  # noqa: S301
    adapter.sent.clear()
    assert log_in(double, tmp_path, username="somebody@example.com", password="wrong")["access_token"]  # noqa: S106 - of a double
    assert passwords_sent(adapter) == 0


def test_trap_36_pyotp_refuses_the_secrets_robinhood_gives_out(double):
    with pytest.raises(ValueError, match="112 bits"):
        pyotp.TOTP(double.venue.gate.credentials.totp_secret).now()


def test_trap_37_the_one_time_password_is_sent_again_after_it_has_ended(double, adapter, tmp_path, waited):
    double.configure_login(verification="prompt")
    double.venue.agenda.at(double.venue.clock.now() + 100 * SECOND, double.venue.gate.approve)
    assert log_in(double, tmp_path) is None
    codes = [one.body.partition("mfa_code=")[2][:6] for one in adapter.sent if one.url.endswith("/oauth2/token/")]
    assert len(codes) == 2
    assert codes[0] == codes[1] != code_now(double)
    assert sum(waited) >= 100


def test_three_failures_lock_the_account_for_minutes(double, tmp_path):
    for _ in range(3):
        assert log_in(double, tmp_path, password="wrong") is None  # noqa: S106 - of a double
    assert log_in(double, tmp_path) is None
    double.advance(301)
    assert log_in(double, tmp_path)["access_token"]


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(double, adapter):
    del adapter
    old = double.issue_token()
    fields = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"], "scope": "internal"}
    new = helper.request_post("https://api.robinhood.com/oauth2/token/", fields)
    assert new["refresh_token"] != old["refresh_token"]
    assert not double.venue.gate.admits(old["access_token"])
    assert double.venue.gate.admits(new["access_token"])
    assert helper.request_post("https://api.robinhood.com/oauth2/token/", fields)["error"] == "invalid_grant"


def test_a_refresh_may_ask_for_a_person(double):
    double.configure_login(refresh_needs_person=True)
    fields = {"grant_type": "refresh_token", "refresh_token": double.issue_token()["refresh_token"]}
    assert "verification_workflow" in helper.request_post("https://api.robinhood.com/oauth2/token/", fields)
