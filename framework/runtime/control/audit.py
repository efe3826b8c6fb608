"""Commands as events of the tape: how they are written, read back, and ticked off with what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.command import CommandKind, OperatorCommand
from framework.errors import TapeError
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from framework.runtime.tape.chain import TapeEvent

DONE = "command_done"
_PREFIX = "command_"
KINDS = frozenset({DONE, *(f"{_PREFIX}{kind}" for kind in CommandKind)})
#: Commands that show that the operator is there, and the one that a switch stops entries with, as events.
SIGNS = frozenset({f"{_PREFIX}{CommandKind.HEARTBEAT}", f"{_PREFIX}{CommandKind.RESUME}"})
STOPS_ENTRIES = f"{_PREFIX}{CommandKind.REDUCE}"
#: What holds until it is resumed.
HOLDS = frozenset({CommandKind.HALT, CommandKind.REDUCE, CommandKind.FLATTEN})


def command_event(timestamp: int, command: OperatorCommand) -> NewEvent:
    """``command`` as it goes on the tape, given at ``timestamp`` (ns UTC)."""
    payload = {"who": command.who, "why": command.why, "arguments": dict(command.arguments)}
    return NewEvent(timestamp, f"{_PREFIX}{command.kind}", payload)


def done_event(timestamp: int, command: OperatorCommand, effect: Mapping[str, object], facts: int = 0) -> NewEvent:
    """That ``command`` was carried out at ``timestamp``, the moment at which a replay has to give it again.

    What it made the engine write are the ``facts`` events just before this one.
    """
    payload = {"command": command.sequence, "kind": command.kind.value, "effect": dict(effect), "facts": facts}
    return NewEvent(timestamp, DONE, payload, f"done:{command.sequence}")


def read_command(event: TapeEvent) -> OperatorCommand:
    """The command of an event.

    Raises:
        TapeError: It is none.
    """
    try:
        kind = CommandKind(event.kind.removeprefix(_PREFIX))
        who, why, arguments = event.payload["who"], event.payload["why"], event.payload["arguments"]
    except (KeyError, ValueError):
        raise TapeError(f"event {event.sequence} ({event.kind}) is no command that this onetape knows") from None
    if not isinstance(arguments, dict):
        raise TapeError(f"event {event.sequence} ({event.kind}) has arguments that are no mapping")
    return OperatorCommand(kind, str(who), str(why), event.sequence, arguments)


def understood(event: TapeEvent) -> OperatorCommand:
    """The command of an event; one that cannot be read is a halt in its place, which is ticked off and resumed as any other."""
    try:
        return read_command(event)
    except TapeError as error:
        return OperatorCommand(CommandKind.HALT, "control", f"{error}; it may have said stop", event.sequence)


def to_give_again(events: Iterable[TapeEvent]) -> list[OperatorCommand]:
    """What a process that starts has to obey: what held when the last one ended, then what it did not carry out, in order.

    A flatten that was carried out holds as a halt: positions are not closed a second time.
    """
    waiting: dict[int, OperatorCommand] = {}
    held: dict[CommandKind, OperatorCommand] = {}
    for event in events:
        if event.kind != DONE:
            command = understood(event)
            if command.kind is not CommandKind.HEARTBEAT:
                waiting[event.sequence] = command
            continue
        done = waiting.pop(_number(event), None)
        if done is None:
            continue
        if done.kind is CommandKind.RESUME:
            held.clear()
        elif done.kind in HOLDS:
            kind = CommandKind.HALT if done.kind is CommandKind.FLATTEN else done.kind
            held[kind] = done._replace(kind=kind)
    return [*held.values(), *waiting.values()]


def _number(event: TapeEvent) -> int:
    number = event.payload.get("command")
    if not isinstance(number, int):
        raise TapeError(f"event {event.sequence} ({event.kind}) does not say which command was carried out")
    return number
