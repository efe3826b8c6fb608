"""What the watchdog does when a live session is not heard of any more: halt it, cancel its entries, tell a person."""

from __future__ import annotations

import sys
import time
import tomllib
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.gates import ShutGate
from framework.app.arming.access import access_of
from framework.app.arming.alerting import alerts_of
from framework.app.arming.arming import only_trader
from framework.app.folders.tape_place import CONFIG, HALT
from framework.app.robinhood.connection import Ears, RobinhoodLink
from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.venue_order import LinkCapabilities, OutcomeKind
from framework.errors import LeaseHeldError, OnetapeError
from framework.runtime.alerts import Severity
from framework.runtime.control.sending import send_command
from framework.runtime.loading import validated
from framework.runtime.orders import events
from framework.runtime.orders.books import OrderBooks, Phase
from framework.runtime.orders.fold import fold
from framework.runtime.orders.shares import opens
from framework.runtime.sessions.marks import RESUMED
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from framework.app.arming.access import Access
    from framework.runtime.alerts import Alerts
    from framework.runtime.config import Config

WHO = "watchdog"
#: How often a cancel is asked for that was not taken.
_ROUNDS = 3
#: How often, and how many seconds apart, a tape that cannot be read and an account that is held are looked at again.
_LOOKS, _PAUSE = 40, 15.0


class _Entries(NamedTuple):
    """What the tape says of orders that open: the venue's ids of those it has, and our ids of those whose answer is lost."""

    working: tuple[str, ...]
    lost: tuple[str, ...]


class Report:
    """Tells ``folder/watchdog.log`` and a person, without secrets."""

    def __init__(self, folder: Path, access: Access, alerts: Alerts | None) -> None:
        self._path, self._access, self._alerts = folder / "watchdog.log", access, alerts

    def __call__(self, severity: Severity, text: str) -> None:
        """One line, and one alert."""
        line = self._access.redact(text)
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:  # a disk that is full may be why it acts
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {severity.name} {line}\n")
        if self._alerts is not None:
            self._alerts.alert(severity, "watchdog", line)


def act(run: str, place: str, beside: str, died_at: int | None, why: str) -> None:
    """Do it, each step whether or not the one before could be done.

    A session that has died (``died_at``, ns UTC) is left alone if another process has gone on with it meanwhile; no other can while this
    one acts. One that only holds the account may give up before it looks after anything: it is waited for.

    Raises:
        OnetapeError: It is not known who is to be told; the ``HALT`` file of a session that hangs is there all the same.
    """
    folder = Path(run)
    if died_at is None:
        with suppress(OSError):
            (folder / HALT).touch()  # a session that hangs is there: whatever comes now, it must not buy when it goes on
    config = _config(folder, place)
    access = access_of(config, Path(beside))
    with ExitStack() as held:
        # It says few things, each once: what holds repetitions back would keep the second critical one from whoever heard the first.
        patient = config.alerts.model_copy(update={"quiet_seconds": 0.0})
        alerts = alerts_of(config.model_copy(update={"alerts": patient}), access.channels, access.redact)
        if alerts is not None:
            held.enter_context(alerts)
        report = Report(folder, access, alerts)
        if died_at is not None and _was_taken_up(held, access, place, died_at):
            report(Severity.INFO, "the session has died, and another process goes on with it: nothing is done")
            return
        report(Severity.CRITICAL, f"the session of {folder} is halted: {why}. Its entries are being canceled, its stops stay")
        _halt(folder, place, why, report)
        try:
            _cancel(config, _entries(place, report), access, report)
        except (OnetapeError, OSError) as error:
            report(Severity.CRITICAL, f"the entries could not be canceled: {error}; look into the app")


def _was_taken_up(held: ExitStack, access: Access, place: str, since: int) -> bool:
    """Whether another process has gone on with the tape since (ns UTC); if none has, the account is held, as far as it can be had."""
    for left in reversed(range(_LOOKS)):
        try:
            held.enter_context(only_trader(access.state, access.account))
        except LeaseHeldError:
            with suppress(OnetapeError), TapeStore.attach(place) as store:
                if any(event.timestamp >= since for event in store.events(kinds=[RESUMED])):
                    return True
            time.sleep(_PAUSE if left else 0.0)
        else:
            return False
    return False


def _halt(folder: Path, place: str, why: str, report: Report) -> None:
    try:
        sent = send_command(place, OperatorCommand(CommandKind.HALT, WHO, why), folder / HALT)
    except (OnetapeError, OSError) as error:
        report(Severity.WARNING, f"the session could not be halted: {error}")
        return
    if sent.trouble:
        report(Severity.WARNING, f"halted by its file alone: {sent.trouble}")


def _config(folder: Path, place: str) -> Config:
    """Of the session: from its folder, or from its tape."""
    if (folder / CONFIG).is_file():
        return validated(tomllib.loads((folder / CONFIG).read_text(encoding="utf-8")), "the config in the folder")
    with TapeStore.attach(place) as store:
        return validated(tomllib.loads(str(next(iter(store.events())).payload["config"])), "the config on the tape")


def _entries(place: str, report: Report) -> _Entries:
    """What works, as soon as the tape says it.

    Raises:
        OnetapeError: It does not.
    """
    for left in reversed(range(_LOOKS)):
        try:
            return _entries_now(place)
        except OnetapeError as error:
            if not left:
                raise
            if left == _LOOKS - 1:
                report(Severity.CRITICAL, f"it is not known which entries work: {error}; look into the app. The tape is asked again")
            time.sleep(_PAUSE)
    raise AssertionError


def _entries_now(place: str) -> _Entries:
    books = OrderBooks()
    with TapeStore.attach(place) as store:
        for event in store.events(kinds=events.ALL):
            fold(books, event.timestamp, event.kind, event.payload)
    legs = [(tracked.order.order_id, leg) for tracked in books.working() if opens(tracked.order, books) for leg in tracked.legs]
    working = tuple(leg.venue_order_id for _, leg in legs if leg.phase is Phase.BOUND and leg.venue_order_id is not None)
    return _Entries(working, tuple(order_id for order_id, leg in legs if leg.phase is Phase.UNKNOWN))


def _cancel(config: Config, entries: _Entries, access: Access, report: Report) -> None:
    if entries.lost:
        report(Severity.CRITICAL, f"it is not known whether the venue has {', '.join(entries.lost)}; look into the app")
    if not entries.working:
        report(Severity.INFO, "no entry was working")
        return
    ears = Ears(lambda _: None, lambda text: report(Severity.WARNING, text), sys.stderr)
    gate = ShutGate("the watchdog places no orders")
    with RobinhoodLink(config.broker, access.username, access.key, access.state, gate, access.redact, ears, access.double) as link:
        gateway = link.gateway(access.account, LinkCapabilities())
        gateway.connect()
        left = list(entries.working)
        for _ in range(_ROUNDS):
            left = [one for one in left if gateway.cancel(one).kind not in (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)]
        gateway.disconnect()
    done = len(entries.working) - len(left)
    report(Severity.INFO, f"{done} of {len(entries.working)} entries were canceled, or had ended")
    if left:
        report(Severity.CRITICAL, f"the venue did not take the cancel of {', '.join(left)}; look into the app")
