"""Logging in with a person: codes, approvals, and nothing that is asked again and again or shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.robinhood.otp import code_at
from brokers.robinhood.testing.otp import code_at as code_by_rfc
from framework.domain.secret import Secret
from framework.errors import AuthenticationError, ConfigError
from tests.brokers.robinhood.adapter.session import Person

LOGIN = {"method": "POST", "path": "/oauth2/token/"}


def grants(double):
    return [one for one in double.requests() if one[2] == "/oauth2/token/"]


# The one-time password


@given(st.binary(min_size=10, max_size=20), st.integers(0, 4_000_000_000))
def test_codes_are_those_of_the_rfc_for_secrets_of_80_bits_too(key, seconds):
    import base64

    text = base64.b32encode(key).decode()
    assert code_at(Secret("totp", text), seconds) == code_by_rfc(text, seconds)


def test_a_secret_may_be_written_as_the_app_shows_it():
    assert code_at(Secret("totp", "jbsw y3dp ehpk 3pxp"), 59) == code_at(Secret("totp", "JBSWY3DPEHPK3PXP"), 59)


@pytest.mark.parametrize("text", ["", "0189", "not base32!", "JBSWY3DPEHPK3P=X"])
def test_what_is_no_secret_is_said_without_showing_it(text):
    with pytest.raises(ConfigError, match="ROBINHOOD_TOTP_SECRET") as error:
        code_at(Secret("ROBINHOOD_TOTP_SECRET", text), 0)
    assert not text or text not in str(error.value)


# The login


def test_a_password_and_a_code_log_in_with_one_request(stranger, double):
    tokens = stranger.login()
    assert tokens.life_seconds == 691_200.0
    assert len(grants(double)) == 1


def test_a_device_is_approved_in_the_app_and_the_person_is_told_what_to_do(stranger, double):
    double.configure_login(verification="prompt")
    person = Person(on_tell=double.approve_device)
    tokens = stranger.login(person)
    assert tokens.device in double.venue.gate.devices
    assert "approve the login of this device" in person.told[0]
    assert person.asked == []


def test_an_approval_that_never_comes_ends_after_five_minutes(stranger, double):
    double.configure_login(verification="prompt")
    before = stranger.clock.now_ns()
    with pytest.raises(AuthenticationError, match="nobody approved the device within 300 s"):
        stranger.login()
    assert 300e9 <= stranger.clock.now_ns() - before < 330e9
    assert len(double.requests()) < 200


@pytest.mark.parametrize("kind", ["sms", "email"])
def test_a_code_that_was_sent_is_typed_in(stranger, double, kind):
    double.configure_login(verification=kind)
    person = Person("000000", "135790")
    assert stranger.login(person).device == "device-1"
    assert len(person.asked) == 2
    assert any("That was not it" in text for text in person.told)


def test_three_wrong_codes_are_enough(stranger, double):
    double.configure_login(verification="sms")
    with pytest.raises(AuthenticationError, match="3 wrong codes"):
        stranger.login(Person("1", "2", "3"))


def test_a_refused_one_time_code_is_tried_once_more_with_the_next(stranger, double):
    wrong = Secret("totp", "KRSXG5CTMVRXEZLU")
    with pytest.raises(AuthenticationError, match="one-time secret is not this account's, or this machine's clock is wrong"):
        stranger.login(totp=wrong)
    assert len(grants(double)) == 2
    assert 0 < stranger.clock.slept <= 31.0


def test_without_a_secret_the_person_types_the_code_of_the_app(stranger, double):
    person = Person(code_by_rfc("JBSWY3DPEHPK3PXP", stranger.clock.now_ns() // 10**9))
    assert stranger.login(person, totp=None).device
    assert len(person.asked) == 1
    assert len(grants(double)) == 2


def test_a_wrong_password_is_refused_and_not_tried_again(stranger, double):
    with pytest.raises(AuthenticationError, match="Unable to log in with provided credentials"):
        stranger.login(password=Secret("password", "another-example"))
    assert len(grants(double)) == 1


def test_logins_that_are_repeated_are_stopped_here_before_the_account_is_locked_there(stranger, double):
    for _ in range(3):
        with pytest.raises(AuthenticationError, match="refused the login"):
            stranger.login(password=Secret("password", "another-example"))
    for _ in range(5):
        with pytest.raises(AuthenticationError, match=r"tried too often lately; wait \d+ s"):
            stranger.login()
    assert len(grants(double)) == 3


def test_a_locked_account_is_left_alone(stranger, double):
    double.fault(**LOGIN, handled="no", status=429, body={"detail": "Request was throttled. Expected available in 43200 seconds."})
    with pytest.raises(AuthenticationError, match="do not repeat"):
        stranger.login()
    with pytest.raises(AuthenticationError, match="tried too often"):
        stranger.login()
    assert len(grants(double)) == 1


@pytest.mark.parametrize("fault", [{"status": 503}, {"mangles": "html"}, {"drops": True}])
def test_a_login_without_an_answer_is_said_so(stranger, double, fault):
    double.fault(**LOGIN, **fault)
    with pytest.raises(AuthenticationError, match="did not answer"):
        stranger.login()


@pytest.mark.parametrize(
    "fault", [{"path": "/pathfinder/user_machine/", "status": 500}, {"path": "/pathfinder/user_machine/", "mangles": "empty"}]
)
def test_a_verification_that_breaks_off_is_said_so(stranger, double, fault):
    double.configure_login(verification="prompt")
    double.fault(**fault)
    with pytest.raises(AuthenticationError, match="did not go on with it"):
        stranger.login()


def test_trouble_while_waiting_for_the_approval_is_waited_out(stranger, double):
    double.configure_login(verification="prompt")
    double.fault(path="/pathfinder/inquiries/*", status=500, times=2)
    double.fault(path="/push/*", status=429, body={"detail": "Expected available in 7 seconds."})
    assert stranger.login(Person(on_tell=double.approve_device)).device


def test_no_secret_of_a_login_is_in_what_was_said(stranger, double, capsys):
    double.configure_login(verification="prompt")
    person = Person(on_tell=double.approve_device)
    stranger.file.save(stranger.login(person))
    double.expire_tokens()
    shown = capsys.readouterr()
    said = f"{shown.out}{shown.err}{person.told}{stranger.alerts}{stranger.calls}{stranger.output.getvalue()}"
    for secret in ("an-example-only", "JBSWY3DPEHPK3PXP", *double.venue.gate.refresh):
        assert secret not in said
