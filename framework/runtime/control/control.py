"""What the trading loop asks each turn: has anybody told us to stop?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.command import CommandKind, OperatorCommand
from framework.errors import AlreadyRecordedError, TapeError
from framework.runtime.clock import now_ns
from framework.runtime.control.audit import DONE, KINDS, SIGNS, STOPS_ENTRIES, command_event, done_event, to_give_again, understood
from framework.runtime.control.switches import DEAD_MAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from framework.runtime.control.switches import DeadMansSwitch, HaltFile, HaltSignal, Switch
    from framework.runtime.tape.chain import NewEvent, TapeEvent
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
    at once is kept and written when it can be. The dead man's switch goes on with the silence of the processes before; ``now`` is ns UTC.
    """

    def __init__(
        self,
        store: TapeStore,
        halt_file: HaltFile,
        halt_signal: HaltSignal,
        dead_man: DeadMansSwitch | None = None,
        lease: Lease | None = None,
        now: Callable[[], int] = now_ns,
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
        if dead_man is not None:
            self._go_on(dead_man, known, now())

    def _go_on(self, dead_man: DeadMansSwitch, known: Sequence[TapeEvent], now: int) -> None:
        """The operator's silence lasts through restarts; without a word of theirs since the session began."""
        began = next((event.timestamp for event in self._store.events()), now)
        signs = (event for event in reversed(known) if event.kind in SIGNS)
        heard, sequence = next(((event.timestamp, event.sequence) for event in signs), (began, -1))
        told = any(event.kind == STOPS_ENTRIES and event.payload["who"] == DEAD_MAN for event in known if event.sequence > sequence)
        dead_man.go_on((now - heard) / 1e9, was_told=told)

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
        read_to = self._store.head.sequence  # what lies before it is not looked through again: a tape grows for weeks
        found = tuple(self._store.events(self._seen, KINDS))  # all of it, before anything counts as given
        again, self._again = self._again, []
        yield from again
        self._seen = max(self._seen, read_to)
        for event in found:
            self._seen = max(self._seen, event.sequence)
            if event.kind == DONE or event.sequence in self._own:
                continue
            command = understood(event)
            if self._dead_man is not None and command.kind in (CommandKind.HEARTBEAT, CommandKind.RESUME):
                self._dead_man.heard()  # whoever lets trading go on is there, and is waited for anew
            if command.kind is not CommandKind.HEARTBEAT:
                yield command
