"""Secrets are found where they may be, and known to the redactor from then on."""

from __future__ import annotations

import os

import keyring
import pytest
from keyring.backend import KeyringBackend

from framework.errors import ConfigError
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore

NAME = "ROBINHOOD_PASSWORD"


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, held):
        super().__init__()
        self.held = held

    def get_password(self, service, username):
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        self.held[service, username] = password


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    held = {}
    keyring.set_keyring(Ring(held))
    yield held
    keyring.set_keyring(before)


def test_the_environment_goes_before_the_file_and_the_file_before_the_keyring(tmp_path, monkeypatch, ring):
    ring["onetape", NAME] = "of-the-keyring-example"
    monkeypatch.delenv(NAME, raising=False)
    assert SecretStore(tmp_path, Redactor()).need(NAME).reveal() == "of-the-keyring-example"
    (tmp_path / ".env").write_text(f"{NAME}=of-the-file-example\n")
    assert SecretStore(tmp_path, Redactor()).need(NAME).reveal() == "of-the-file-example"
    monkeypatch.setenv(NAME, "of-the-environment-example")
    assert SecretStore(tmp_path, Redactor()).need(NAME).reveal() == "of-the-environment-example"


def test_a_secret_that_is_sealed_is_in_the_environment_no_more_and_in_no_text(tmp_path, monkeypatch, ring):
    monkeypatch.setenv(NAME, "hunter2-example")
    redact = Redactor()
    assert not ring
    store = SecretStore(tmp_path, redact)
    secret = store.need(NAME)
    assert NAME in os.environ
    store.seal()
    assert NAME not in os.environ
    assert redact(f"password {secret.reveal()}") == "password [redacted]"
    assert store.need(NAME) == secret


def test_a_secret_that_is_nowhere_is_asked_for_by_name(tmp_path, monkeypatch, ring):
    monkeypatch.delenv(NAME, raising=False)
    store = SecretStore(tmp_path, Redactor())
    assert store.find(NAME) is None
    with pytest.raises(ConfigError, match=r"ROBINHOOD_PASSWORD is not set.*keyring set onetape ROBINHOOD_PASSWORD"):
        store.need(NAME)
    assert not ring
