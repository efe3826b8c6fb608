"""The file of the session: encrypted, private, never half written, and no pickle."""

from __future__ import annotations

import os
import pickle
import stat
import sys

import pytest

from brokers.robinhood.tokens import SessionFile, Tokens, new_session_key, old_session, session_key
from framework.domain.secret import Secret
from framework.errors import AuthenticationError, ConfigError, SafetyError
from framework.runtime.logs.redaction import Redactor
from tests.brokers.robinhood.adapter.session import KEY, USER

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
