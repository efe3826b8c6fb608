"""Who trades where: what a session needs to know of its operator, from the environment, .env and the keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.app.arming.alerting import channels_of
from framework.app.robinhood.connection import ACCOUNT, DOUBLE_URL, SESSION_KEY, USERNAME
from framework.runtime.environment import environment_of, state_folder
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.secret import Secret
    from framework.runtime.alerts import Channel
    from framework.runtime.config import Config


class Access(NamedTuple):
    """A user, an account, the key of their session file, and where alerts go."""

    username: Secret
    account: Secret
    key: Secret
    state: Path
    double: str | None
    redact: Redactor
    channels: list[Channel]


def access_of(config: Config, beside: Path) -> Access:
    """The access of somebody whose ``config`` lies in the folder ``beside``.

    Raises:
        ConfigError: Something is not given.
    """
    redact = Redactor()
    secrets, environment = SecretStore(beside, redact), environment_of(beside)
    needed = [secrets.need(name) for name in (USERNAME, ACCOUNT, SESSION_KEY)]
    channels = channels_of(config, secrets)
    return Access(needed[0], needed[1], needed[2], state_folder(environment), environment.get(DOUBLE_URL), redact, channels)
