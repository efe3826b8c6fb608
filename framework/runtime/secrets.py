"""Where secrets come from: the environment, ``.env`` beside the config, the system's keyring; never a config file or the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from framework.domain.secret import Secret
from framework.errors import ConfigError
from framework.runtime.environment import environment_of

if TYPE_CHECKING:
    from pathlib import Path

    from framework.runtime.logs.redaction import Redactor

#: Name under which the keyring holds our secrets.
SERVICE = "onetape"


class SecretStore:
    """Finds secrets by the names of their variables; each one found is known to the redactor from then on.

    Args:
        folder: Of the config, where ``.env`` may be.
        redact: Takes them out of logs.
    """

    def __init__(self, folder: Path, redact: Redactor) -> None:
        self._environment = environment_of(folder)
        self._redact = redact
        self._asked: set[str] = set()

    def seal(self) -> None:
        """Take what was asked for out of the process's environment, so that no child and no crash report inherits it."""
        for name in self._asked:
            os.environ.pop(name, None)

    def find(self, name: str) -> Secret | None:
        """The secret called ``name``, such as ROBINHOOD_PASSWORD; ``None`` where it is nowhere.

        Raises:
            ConfigError: It is too short to be kept out of logs.
        """
        text = self._environment.get(name) or _in_keyring(name)
        self._asked.add(name)
        if not text:
            return None
        secret = Secret(name, text)
        self._redact.add(secret)
        return secret

    def need(self, name: str) -> Secret:
        """The secret called ``name``.

        Raises:
            ConfigError: It is nowhere; the message says where it could be.
        """
        secret = self.find(name)
        if secret is None:
            raise ConfigError(
                f"{name} is not set: put it into the environment, into .env beside the config, or into the system's keyring "
                f"(keyring set {SERVICE} {name})"
            )
        return secret

    def keep(self, name: str, text: str) -> Secret | None:
        """Put a new secret into the system's keyring; ``None`` where there is none to put it into."""
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:  # an extra
            return None
        try:
            keyring.set_password(SERVICE, name, text)
        except KeyringError:
            return None
        secret = Secret(name, text)
        self._redact.add(secret)
        return secret


def _in_keyring(name: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:  # an extra
        return None
    try:
        return keyring.get_password(SERVICE, name)
    except KeyringError:  # a machine without one
        return None
