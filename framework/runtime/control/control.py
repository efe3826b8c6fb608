"""What the trading loop asks each turn: has anybody told us to stop?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.command import CommandKind, OperatorCommand
from framework.errors import AlreadyRecordedError, TapeError
from framework.runtime.control.audit import DONE, KINDS, command_event, done_event, read_command, to_give_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from framework.runtime.control.switches import DeadMansSwitch, HaltFile, HaltSignal, Switch
    from framework.runtime.tape.chain import NewEvent
    from framework.runtime.tape.lease import Lease
    from framework.runtime.tape.store import TapeStore

BLIND = OperatorCommand(CommandKind.HALT, "control", "the tape cannot be read or written: no command would be seen or kept")


class _Done(NamedTuple):
    """A command that was carried out, for the tape."""

    timestamp: int
    command: OperatorCommand
    effect: Mapping[str, object]
    facts: Sequence[NewEvent]


class Control:
    """Commands for the loop, from the tape and from the switches that need none.

    A command that was not ticked off with ``done`` is given again after a restart, and so is the halt that held. What the tape cannot take
    at once is kept and written when it can be.
    """

    def __init__(
        self,
        store: TapeStore,
        halt_file: HaltFile,
        halt_signal: HaltSignal,
        dead_man: DeadMansSwitch | None = None,
        lease: Lease | None = None,
    ) -> None:
        self._store = store
        self._lease = lease
        self._file = halt_file
        self._dead_man = dead_man
        self._switches: tuple[Switch, ...] = (halt_file, halt_signal) if dead_man is None else (halt_file, halt_signal, dead_man)
        known = tuple(store.events(kinds=KINDS))
        self._seen = known[-1].sequence if known else -1
        self._again = to_give_again(known)
        self._own: set[int] = set()
        self._unwritten: list[_Done] = []
        self._blind = False

    def poll(self) -> tuple[OperatorCommand, ...]:
        """What was commanded since the last time, oldest first; the tape is not asked when a switch says stop."""
        stops = tuple(command for switch in self._switches if (command := switch.poll()) is not None)
        if stops:
            return stops
        was_blind = self._blind
        try:
            self._catch_up()
            commands = tuple(self._from_tape())
        except TapeError:
            self._blind = True
            return () if was_blind else (BLIND,)
        self._blind = False
        return commands

    def done(self, timestamp: int, command: OperatorCommand, effect: Mapping[str, object], facts: Sequence[NewEvent] = ()) -> None:
        """Write down that ``command`` was carried out at ``timestamp`` (ns UTC), what came of it, and the ``facts`` it made.

        A command of a switch goes on the tape with it. It never fails: if the tape cannot take them now, they follow when it can.
        """
        if command.kind is CommandKind.RESUME:
            self._file.forget()
        self._unwritten.append(_Done(timestamp, command, effect, facts))
        with suppress(TapeError):
            self._catch_up()

    def _catch_up(self) -> None:
        while self._unwritten:
            timestamp, command, effect, facts = self._unwritten[0]
            if command.sequence < 0:
                (event,) = self._store.append([command_event(timestamp, command)])
                command = command._replace(sequence=event.sequence)
                self._own.add(event.sequence)
                self._unwritten[0] = _Done(timestamp, command, effect, facts)
            with suppress(AlreadyRecordedError):  # given again after a restart: it was carried out before
                self._store.append([*facts, done_event(timestamp, command, effect, len(facts))], self._lease)
            del self._unwritten[0]

    def _from_tape(self) -> Iterator[OperatorCommand]:
        again, self._again = self._again, []
        yield from again
        for event in self._store.events(self._seen, KINDS):
            self._seen = event.sequence
            if event.kind == DONE or event.sequence in self._own:
                continue
            command = read_command(event)
            if self._dead_man is not None and command.kind in (CommandKind.HEARTBEAT, CommandKind.RESUME):
                self._dead_man.heard()  # whoever lets trading go on is there, and is waited for anew
            if command.kind is not CommandKind.HEARTBEAT:
                yield command
