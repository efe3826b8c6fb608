"""Giving a command from another process: thin, and of no use to the one that trades if it crashes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.command import CommandKind
from framework.errors import ConfigError, MissingDataError, TapeError
from framework.runtime.clock import now_ns
from framework.runtime.control.audit import command_event
from framework.runtime.tape.recording import LAST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.command import OperatorCommand


class Sent(NamedTuple):
    """What became of a command.

    Attributes:
        sequence: Its event on the tape; ``None`` where the tape did not take it.
        halt_file: The file that halts without the tape; ``None`` where none was written.
        trouble: Why the tape did not take it.
        heard: Whether a process may be trading on the tape, which hears of it; ``None`` where nobody knows.
    """

    sequence: int | None
    halt_file: Path | None
    trouble: str = ""
    heard: bool | None = None


def send_command(place: str | Path, command: OperatorCommand, halt_file: Path | None) -> Sent:
    """Write ``command`` for the process that trades on the tape at ``place``.

    A halt and a flatten write ``halt_file`` first, which works when the tape does not; a resume removes it.

    Raises:
        ConfigError: The command has no author or no reason, or the run has ended.
        TapeError, MissingDataError: The tape cannot be written, and there is no file that does instead.
    """
    for name, value in (("who", command.who), ("why", command.why)):
        if not value.strip():
            raise ConfigError(f"a command needs --{name}; it is kept on the tape")
    written = _switch(command, halt_file)
    try:
        sequence, heard = _record(place, command)
        return Sent(sequence, written, heard=heard)
    except ConfigError:
        if written is not None:
            written.unlink(missing_ok=True)
        raise
    except (TapeError, MissingDataError) as error:
        if written is None:
            raise
        return Sent(None, written, str(error))


def _switch(command: OperatorCommand, halt_file: Path | None) -> Path | None:
    if halt_file is None:
        return None
    if command.kind is CommandKind.RESUME:
        halt_file.unlink(missing_ok=True)
        return None
    if command.kind in {CommandKind.HALT, CommandKind.FLATTEN}:
        try:
            halt_file.touch()
        except OSError:  # the tape, or the signal, has to do
            return None
        with suppress(OSError):  # a full disk: the file is there all the same
            halt_file.write_text(f"{command.who}: {command.why}\n", encoding="utf-8")
        return halt_file
    return None


def _record(place: str | Path, command: OperatorCommand) -> tuple[int, bool | None]:
    with TapeStore.attach(place) as store:
        if any(store.events(store.head.sequence - 1, [LAST])):
            raise ConfigError(f"the run of {store.place} has ended: there is nobody to command")
        heard = store.is_leased()
        (event,) = store.append([command_event(now_ns(), command)])
        return event.sequence, heard
