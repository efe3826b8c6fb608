"""Before a session may trade with real money: config, limits, account and the operator's leave are looked at, in this order."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from framework.app.arming.access import access_of
from framework.app.arming.left_behind import left_behind
from framework.app.arming.promotion import Promoted, promoted
from framework.errors import ConfigError, LeaseHeldError, NotArmedError, SafetyError
from framework.rules.arming import ArmToken, account_hash, arm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from framework.domain.secret import Secret
    from framework.runtime.config import Config


class Leave(NamedTuple):
    """What an operator allows.

    Attributes:
        is_armed: Whether ``--arm`` was given.
        confirmed: The account's last four characters; ``None`` when a person is asked.
        dollars: The most that may be bought for; ``None`` for the config's cash.
        hours: For how long.
        reason: Why it trades although it was not tried enough, or with the venue's limits only.
        dry_run: Orders are made up to the last step, logged, and not sent.
    """

    is_armed: bool = False
    confirmed: str | None = None
    dollars: int | None = None
    hours: int = 24
    reason: str = ""
    dry_run: bool = False


def check_settings(config: Config, leave: Leave, beside: Path, resume: str | None = None) -> Promoted:
    """Refuse settings with which nobody means to trade; returns what the strategy, which lies in ``beside``, has shown.

    A run that is begun anew (``resume`` is ``None``) while the last one of the account still has something is one of them.

    Raises:
        NotArmedError: The config does not say live, or nobody has armed.
        SafetyError: The strategy has not been tried enough, or the limits are only the venue's, without a reason.
        ConfigError: The venue cannot be traded.
    """
    if config.mode != "live":
        raise NotArmedError(f'the config says mode = "{config.mode}"; real orders need mode = "live" in it, and --arm')
    if config.broker.name != "robinhood":
        raise ConfigError(f'[broker] name = "{config.broker.name}" cannot be traded live; set name = "robinhood"')
    if not leave.is_armed and not leave.dry_run:
        raise NotArmedError("nothing is sent without --arm (real orders) or --dry-run (orders are logged, and none leaves)")
    found = promoted(config, beside) if leave.is_armed and not leave.dry_run else Promoted()
    if leave.is_armed and not leave.dry_run and resume is None:
        left = left_behind(account_hash(access_of(config, beside).account.reveal()))
        if left and not leave.reason.strip():
            raise SafetyError(f"{left}; a new run would leave it to nobody. Or give a --reason, kept on the tape")
        found = found._replace(missing=(*found.missing, left)) if left else found
    if found.missing and not leave.reason.strip():
        raise SafetyError(f"not tried enough: {'; '.join(found.missing)}. Trade on paper first, or give a --reason, kept on the tape")
    if config.limits.profile == "venue" and not leave.reason.strip():
        raise SafetyError(
            '[limits] profile = "venue" leaves only cash, venue and sanity; live it needs a --reason, which is kept on the tape'
        )
    return found


def token_of(config: Config, leave: Leave, account: Secret, key: bytes, now: int, ask: Callable[[str], str]) -> ArmToken:
    """The operator's leave for ``account``, given at ``now`` (ns UTC) by the account's last four characters.

    Raises:
        NotArmedError: They are others.
    """
    digits = ask("Real orders. The account's last four characters, to confirm: ") if leave.confirmed is None else leave.confirmed
    dollars = round(config.account.cash) if leave.dollars is None else leave.dollars
    return arm(f"LIVE {digits.strip()} {dollars} {leave.hours}", account.reveal(), now, key)


@contextmanager
def only_trader(state: Path, account: Secret) -> Iterator[None]:
    """Within it no other process of this machine trades the account, whatever tape it writes.

    Raises:
        LeaseHeldError: One does.
    """
    state.mkdir(parents=True, exist_ok=True)
    place = state / f"live-{account_hash(account.reveal())}.lock"
    handle = os.open(place, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LeaseHeldError("another process of this machine trades the account; stop it first") from None
        yield
    finally:
        os.close(handle)
