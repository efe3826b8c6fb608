"""``onetape login``: a broker session, with a person once, without one afterwards."""

from __future__ import annotations

import getpass
import io
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from framework.app.commands.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption, reported
from framework.errors import AuthenticationError, ConfigError

if TYPE_CHECKING:
    from brokers.robinhood.login import Credentials
    from framework.app.robinhood.connection import RobinhoodLink
    from framework.domain.secret import Secret
    from framework.runtime.config import BrokerSection
    from framework.runtime.logs.redaction import Redactor
    from framework.runtime.secrets import SecretStore


class Terminal:
    """The person in front of the terminal, if there is one."""

    def tell(self, text: str) -> None:
        """Show ``text``."""
        typer.echo(text, err=True)

    def ask(self, question: str) -> str:
        """What was typed.

        Raises:
            AuthenticationError: Nobody is there.
        """
        if not sys.stdin.isatty():
            raise AuthenticationError(f"nobody is there to answer {question.strip()!r}; run `onetape login` in a terminal")
        return str(typer.prompt(question.strip().rstrip(":"), err=True))

    def ask_secret(self, name: str) -> str:
        """The same, not shown.

        Raises:
            ConfigError: Nobody is there.
        """
        if not sys.stdin.isatty():
            raise ConfigError(f"{name} is not set, and nobody is there to type it; put it into the environment, .env or the keyring")
        return getpass.getpass(f"{name} (not shown): ")


@reported
def login(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Log in to Robinhood once; paper and live sessions then go on by themselves until Robinhood wants to see you again."""
    from brokers.robinhood.tokens import old_session
    from framework.app.crash import without_secrets
    from framework.runtime.logs.redaction import Redactor
    from framework.runtime.secrets import SecretStore

    redact, person = Redactor(), Terminal()
    store = SecretStore(config.resolve().parent, redact)
    warning = old_session(Path.home())
    if warning is not None and not quiet:
        person.tell(f"note: {warning}")
    with without_secrets(redact):
        place = _logged_in(_broker(config), store, redact, person)
    if as_json:
        typer.echo(json.dumps({"logged_in": True, "session": str(place)}))
    elif not quiet:
        typer.echo(f"Logged in. The session is kept in {place}, encrypted, and renews itself.")


def _broker(config: Path) -> BrokerSection:
    """The section of the config, or its defaults: one can log in before there is a config."""
    from framework.runtime.config import BrokerSection
    from framework.runtime.loading import load_config

    return load_config(config).broker if config.exists() or config != DEFAULT_CONFIG else BrokerSection()


def _logged_in(broker: BrokerSection, store: SecretStore, redact: Redactor, person: Terminal) -> Path:
    from brokers.robinhood.gates import ShutGate
    from brokers.robinhood.login import Login, new_device
    from framework.app.robinhood.connection import DOUBLE_URL, Ears, RobinhoodLink
    from framework.runtime.clock import now_ns
    from framework.runtime.environment import environment_of, state_folder

    environment = environment_of(Path.cwd())
    credentials, username = _credentials(store, redact, person)
    ears = Ears(lambda _: None, person.tell, io.StringIO())
    gate, double, key = ShutGate("this is a login"), environment.get(DOUBLE_URL), _key(store)
    store.seal()
    with RobinhoodLink(broker, username, key, state_folder(environment), gate, redact, ears, double) as link:
        link.wire.open()
        with closing(link.wire):
            known = _device_of(link)
            tokens = Login(link.wire, link.attempts, link.clock, now_ns, person).run(credentials, known or new_device())
            with link.file.locked():
                link.file.save(tokens)
        return link.file.path


def _device_of(link: RobinhoodLink) -> str | None:
    """The device that was approved before, so that it need not be again."""
    try:
        tokens = link.file.load()
    except AuthenticationError:
        return None
    return None if tokens is None else tokens.device


def _credentials(store: SecretStore, redact: Redactor, person: Terminal) -> tuple[Credentials, Secret]:
    from brokers.robinhood.login import Credentials
    from framework.app.robinhood.connection import PASSWORD, TOTP, USERNAME
    from framework.domain.secret import Secret

    def given(name: str) -> Secret:
        found = store.find(name)
        if found is None:
            found = Secret(name, person.ask_secret(name))
            redact.add(found)
        return found

    username, password = given(USERNAME), given(PASSWORD)
    return Credentials(username.reveal(), password, store.find(TOTP)), username


def _key(store: SecretStore) -> Secret:
    from brokers.robinhood.tokens import new_session_key
    from framework.app.robinhood.connection import SESSION_KEY

    key = store.find(SESSION_KEY) or store.keep(SESSION_KEY, new_session_key())
    if key is None:
        raise ConfigError(
            f"the session file needs a key, and this machine has no keyring to keep one in: set {SESSION_KEY} to 32 random bytes in "
            "base64, for example the output of `openssl rand -base64 32`, apart from where the session file is backed up"
        )
    return key
