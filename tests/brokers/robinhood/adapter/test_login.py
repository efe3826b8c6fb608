"""Logging in with a person, going on without one, and never asking, looping or writing a secret in the clear."""

from __future__ import annotations

import os
import pickle
import stat
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.robinhood.otp import code_at
from brokers.robinhood.session import Session, SessionState
from brokers.robinhood.testing.otp import code_at as code_by_rfc
from brokers.robinhood.tokens import SessionFile, Tokens, new_session_key, old_session, session_key
from framework.domain.order import ApprovedOrder
from framework.domain.secret import Secret
from framework.domain.venue_order import OutcomeKind
from framework.errors import AuthenticationError, ConfigError, SafetyError
from framework.runtime.logs.redaction import Redactor
from tests.brokers.robinhood.adapter.session import KEY, USER, Link, Person, order

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


# The session that goes on


def test_the_session_is_renewed_when_four_fifths_of_its_life_are_over(link, double):
    double.advance(0.79 * 691_200)
    link.session.tick()
    assert grants(double) == []
    double.advance(0.02 * 691_200)
    link.session.tick()
    assert len(grants(double)) == 1
    assert link.gateway.account() is not None
    assert link.file.load().access.reveal() in double.venue.gate.access


def test_a_token_that_died_is_renewed_by_the_read_that_notices(link, double):
    double.expire_tokens()
    assert link.gateway.positions().complete
    assert len(grants(double)) == 1


def test_an_order_with_a_dead_token_is_not_repeated_and_the_session_is_renewed_afterwards(link, double):
    link.gateway.quotes(["AAPL"])
    link.gateway._instruments.of_symbol("AAPL")
    double.expire_tokens()
    asked = order(limit_price=99.5)
    assert link.gateway.send(ApprovedOrder(asked), "r1", asked.quantity_micros, link.deadline()).kind is OutcomeKind.NOT_AUTHENTICATED
    assert (link.session.state, double.counts()["order_posts"]) == (SessionState.STALE, 1)
    link.session.tick()
    assert link.gateway.send(ApprovedOrder(asked), "r1", asked.quantity_micros, link.deadline()).kind is OutcomeKind.ACCEPTED


def test_a_session_that_needs_a_person_says_so_once_and_never_tries_again(link, double, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    double.configure_login(refresh_needs_person=True)
    double.expire_tokens()
    for _ in range(20):
        assert not link.gateway.positions().complete
        link.session.tick()
    assert link.session.state is SessionState.NEEDS_PERSON
    assert not link.gateway.is_connected()
    assert [text for text in link.alerts if "onetape login" in text] == [link.alerts[-1]]
    assert len(grants(double)) == 1


def test_after_a_person_has_logged_in_the_session_goes_on_by_itself(link, double):
    double.configure_login(refresh_needs_person=True)
    double.expire_tokens()
    link.gateway.positions()
    double.configure_login(refresh_needs_person=False)
    link.file.save(link.login())
    link.session.tick()
    assert link.gateway.positions().complete


def test_a_throttled_renewal_is_tried_again_when_it_may_be(link, double):
    double.expire_tokens()
    double.fault(**LOGIN, handled="no", status=429, body={"detail": "Expected available in 120 seconds."})
    assert not link.session.renew()
    assert link.session.state is SessionState.LOCKED
    for _ in range(10):
        link.session.tick()
    assert len(grants(double)) == 1
    double.advance(125)
    link.session.tick()
    assert link.session.state is SessionState.ACTIVE


def test_a_renewal_without_an_answer_is_tried_again(link, double):
    double.expire_tokens()
    double.fault(**LOGIN, handled="no", status=503)
    assert not link.session.renew()
    assert link.session.state is SessionState.STALE
    link.session.tick()
    assert link.session.state is SessionState.ACTIVE


def test_a_renewal_whose_answer_was_lost_needs_a_person(link, double):
    """The old pair is dead and nobody has the new one."""
    double.expire_tokens()
    double.fault(**LOGIN, drops=True)
    link.session.renew()
    link.session.tick()
    assert link.session.state is SessionState.NEEDS_PERSON


def test_many_threads_renew_once(link, double):
    double.expire_tokens()
    threads = [threading.Thread(target=link.gateway.positions) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(grants(double)) == 1


def test_a_pair_that_was_renewed_since_it_was_refused_is_not_renewed_again(link, double):
    refused = link.session.generation
    double.expire_tokens()
    assert link.session.renew()
    assert link.session.renew(refused)
    assert len(grants(double)) == 1


def test_another_process_renewed_and_this_one_takes_it_up(link, double):
    other = Session(link.wire, link.file, link.attempts, link.clock.now_ns, link.alerts.append)
    other.start()
    double.expire_tokens()
    assert other.renew()
    assert link.session.renew()
    assert len(grants(double)) == 1


def test_a_session_of_long_ago_is_renewed_at_the_start(double, tmp_path):
    link = Link(double, tmp_path)
    link.give_tokens()
    double.advance(0.9 * 691_200)
    link.gateway.connect()
    assert len(grants(double)) == 1
    link.close()


def test_a_session_that_cannot_be_renewed_stops_the_start(double, tmp_path):
    link = Link(double, tmp_path)
    link.give_tokens()
    double.configure_login(refresh_needs_person=True)
    double.advance(700_000)
    with pytest.raises(AuthenticationError, match="has ended; run `onetape login`"):
        link.gateway.connect()
    link.close()


# The file


TOKENS = Tokens(Secret("access token", "access-example-1"), Secret("refresh token", "refresh-example-2"), "device-3", 4, 5.0)


@pytest.fixture
def file(tmp_path):
    return SessionFile(tmp_path / "private" / "robinhood.session", KEY, USER, lambda _: None)


def test_tokens_come_back_and_are_not_in_the_clear(file):
    assert file.load() is None
    file.save(TOKENS)
    assert file.load() == TOKENS
    raw = file.path.read_bytes()
    assert not any(text in raw for text in (b"access", b"refresh", b"device", b"trader"))
    file.remove()
    assert file.load() is None


def test_tokens_are_known_to_the_redactor(tmp_path):
    redact = Redactor()
    SessionFile(tmp_path / "p" / "s", KEY, USER, redact.add).save(TOKENS)
    assert redact("access-example-1 refresh-example-2") == "[redacted] [redacted]"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_file_is_private_whatever_the_umask(file, mask):
    before = os.umask(mask)
    try:
        file.save(TOKENS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o601])
def test_a_file_others_may_touch_is_not_used(file, mode):
    file.save(TOKENS)
    file.path.chmod(mode)
    with pytest.raises(SafetyError, match="must belong to you alone"):
        file.load()


def test_a_folder_others_may_touch_is_not_written(file):
    file.path.parent.mkdir()
    file.path.parent.chmod(0o755)
    with pytest.raises(SafetyError, match="must belong to you alone: chmod 700"):
        file.save(TOKENS)


def test_a_link_is_not_followed(file, tmp_path):
    file.save(TOKENS)
    moved = tmp_path / "elsewhere"
    file.path.rename(moved)
    file.path.symlink_to(moved)
    with pytest.raises(SafetyError, match="cannot be opened as a plain file"):
        file.load()


def test_any_changed_byte_is_noticed(file):
    file.save(TOKENS)
    raw = file.path.read_bytes()
    for place in range(len(raw)):
        file.path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(AuthenticationError, match="cannot be decrypted"):
            file.load()
    for length in (0, 5, 12, 20, len(raw) - 1):
        file.path.write_bytes(raw[:length])
        with pytest.raises(AuthenticationError):
            file.load()


def test_another_user_or_key_reads_nothing(file):
    file.save(TOKENS)
    for other in (SessionFile(file.path, b"x" * 32, USER, print), SessionFile(file.path, KEY, "another@example.com", print)):
        with pytest.raises(AuthenticationError, match="for another user or key"):
            other.load()
    assert SessionFile(file.path, KEY, USER.upper(), lambda _: None).load() == TOKENS


def test_a_crash_while_saving_leaves_the_old_file(file, monkeypatch):
    file.save(TOKENS)
    for name in ("fsync", "open", "fdopen"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, broken)
            with pytest.raises(OSError, match="crash"):
                file.save(TOKENS._replace(device="another"))
        assert file.load() == TOKENS
    file.save(TOKENS._replace(device="another"))
    assert file.load().device == "another"


def broken(*_, **__):
    raise OSError("crash")


class Planted:
    def __reduce__(self):
        return (sys.exit, ("the pickle was opened",))


def test_a_pickle_of_robin_stocks_is_never_opened(tmp_path, file, monkeypatch):
    planted = pickle.dumps(Planted())
    monkeypatch.setattr(pickle, "load", broken)
    monkeypatch.setattr(pickle, "loads", broken)
    place = tmp_path / ".tokens" / "robinhood.pickle"
    place.parent.mkdir()
    place.write_bytes(planted)
    assert "It is not taken over: it is a pickle" in old_session(tmp_path)
    file.path.parent.mkdir(mode=0o700)
    file.path.write_bytes(planted)
    file.path.chmod(0o600)
    with pytest.raises(AuthenticationError, match="cannot be decrypted"):
        file.load()
    place.unlink()
    assert old_session(tmp_path) is None


def test_the_key_is_32_bytes_in_base64():
    assert len(session_key(Secret("KEY", new_session_key()))) == 32
    for text in ("", "short", "x" * 44, new_session_key()[:-4]):
        with pytest.raises(ConfigError, match="KEY must be 32 random bytes"):
            session_key(Secret("KEY", text))


@pytest.mark.parametrize(("age", "is_old"), [(0.0, False), (3.9, False), (4.1, True), (-1.0, True)])
def test_tokens_are_old_after_four_fifths_or_when_the_clock_went_back(age, is_old):
    assert TOKENS._replace(obtained_at=10**10).is_old(10**10 + int(age * 1e9)) is is_old


def test_no_secret_of_a_login_is_in_what_was_said(stranger, double, capsys):
    double.configure_login(verification="prompt")
    person = Person(on_tell=double.approve_device)
    stranger.file.save(stranger.login(person))
    double.expire_tokens()
    shown = capsys.readouterr()
    said = f"{shown.out}{shown.err}{person.told}{stranger.alerts}{stranger.calls}{stranger.output.getvalue()}"
    for secret in ("an-example-only", "JBSWY3DPEHPK3PXP", *double.venue.gate.refresh):
        assert secret not in said
