"""A bug, told without secrets: what nobody foresaw is formatted and redacted where the secrets are known, before it goes any further."""

from __future__ import annotations

import os
import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from framework.domain.secret import Secret
from framework.errors import ConfigError, OnetapeError, words_of
from framework.runtime.config import SECRET_NAME
from framework.runtime.environment import environment_of
from framework.runtime.logs.redaction import SHORTEST, Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Parts of the names of variables that hold what nobody else should read, beside those that say so themselves.
_TELLING = ("ROBINHOOD_", "ONETAPE_SESSION_KEY", "ONETAPE_ALERT_", "_KEY")
#: What variables of these names hold is in every message, and no secret.
_HARMLESS = ("_RATE_LIMIT_", "_COOLDOWN", "_PAPER_TRADING", "ONETAPE__", "ROBINHOOD_URL")


class RedactedCrashError(Exception):
    """Something nobody foresaw; its text and its ``report``, the traceback, hold no secret that was known where it was caught."""

    def __init__(self, text: str, report: str) -> None:
        super().__init__(text)
        self.report = report


@contextmanager
def without_secrets(redact: Callable[[str], str]) -> Iterator[None]:
    """Within it whatever is raised and is no error of ours goes on as a ``RedactedCrashError``.

    Raises:
        RedactedCrashError: In its place.
    """
    try:
        yield
    except (OnetapeError, BrokenPipeError, typer.Exit, typer.Abort, ModuleNotFoundError):  # a missing package is named, and quotes nothing
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it may quote a secret
        raise redacted(error, redact) from None


def redacted(error: Exception, redact: Callable[[str], str]) -> RedactedCrashError:
    """``error`` without what ``redact`` knows."""
    if isinstance(error, RedactedCrashError):
        return error
    return RedactedCrashError(redact(words_of(error)), redact("".join(traceback.format_exception(error))))


def redactor_of_environment(folder: Path) -> Redactor:
    """A redactor of what the process's environment and ``.env`` in ``folder`` hold under names of secrets."""
    try:
        known = environment_of(folder)
    except ConfigError:
        known = dict(os.environ)
    redact = Redactor()
    for name, text in known.items():
        if len(text) >= SHORTEST and is_secret(name):
            with suppress(ConfigError):  # too plain to be told from other text
                redact.add(Secret(name, text))
    return redact


def is_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    if any(part in name for part in _HARMLESS):
        return False
    return SECRET_NAME.search(name) is not None or any(part in name for part in _TELLING)
