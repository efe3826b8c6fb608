"""A loop that obeys, as the tests of commands turn it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.command import CommandKind, OperatorCommand
from framework.runtime.control.control import Control
from framework.runtime.control.switches import DeadMansSwitch, HaltFile, HaltSignal

if TYPE_CHECKING:
    from pathlib import Path

    from framework.runtime.tape.store import TapeStore

HEADER = {"mode": "paper", "account": "hash of an account"}


def command(kind: str, **arguments: object) -> OperatorCommand:
    return OperatorCommand(CommandKind(kind), "ada", "a test", arguments=arguments)


def control(store: TapeStore, halt_file: Path, dead_man: DeadMansSwitch | None = None) -> Control:
    return Control(store, HaltFile(halt_file), HaltSignal(), dead_man)


def kinds(commands: tuple[OperatorCommand, ...]) -> list[str]:
    return [one.kind.value for one in commands]


def obey(one: Control, timestamp: int = 7) -> list[str]:
    """One turn of a loop that does what it is told."""
    commands = one.poll()
    for told in commands:
        one.done(timestamp, told, {"trading": "?"})
    return kinds(commands)
