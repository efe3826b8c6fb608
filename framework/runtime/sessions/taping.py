"""The tape of a session: what came in and what was decided on it, slice by slice, each on the disk before the next begins.

A slice is on the tape as a whole or not at all. A process that starts again decides the slices on its tape anew, which brings every
part of it back to where it was, compares what it decides with what is written, and goes on with the bars that came meanwhile.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from framework.engine.growth import Growing
from framework.errors import TapeError
from framework.runtime.control.audit import DONE, KINDS, read_command
from framework.runtime.sessions.arrivals import Told
from framework.runtime.sessions.wording import read_series, written_series
from framework.runtime.tape.chain import NewEvent, canonical
from framework.runtime.tape.facts import new_event
from framework.runtime.tape.inputs import BARS, bars_event, read_arrival

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from framework.domain.command import OperatorCommand
    from framework.domain.market import BarSeries
    from framework.engine.journal import Journal
    from framework.runtime.control.control import Control
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.tape.chain import TapeEvent
    from framework.runtime.tape.lease import Lease
    from framework.runtime.tape.store import TapeStore

HISTORY, DECIDED = "history", "decided"


class Fact(NamedTuple):
    """A decision, or something that happened, as it is written: comparable."""

    timestamp: int
    kind: str
    text: str  # as the chain hashes it, so that a figure that is no number equals itself


class Difference(NamedTuple):
    """The first place where two runs of the same inputs part: a fact of either, ``None`` where one has no more.

    ``place`` counts facts from 0; what came before is the same in both.
    """

    place: int
    recorded: Fact | None
    found: Fact | None


class Slice(NamedTuple):
    """Bars that arrived together, and the facts of the decision on them."""

    arrival: Arrival
    facts: tuple[Fact, ...]


class Obeyed(NamedTuple):
    """A command that was carried out between two slices, and the facts it made."""

    told: Told
    facts: tuple[Fact, ...]


class Recorded(NamedTuple):
    """A session as its tape has it: the history it began with, when (ns UTC), its slices and the commands between them."""

    history: Mapping[str, BarSeries]
    first: int
    turns: tuple[Slice | Obeyed, ...]

    @property
    def slices(self) -> tuple[Slice, ...]:
        """The slices alone."""
        return tuple(turn for turn in self.turns if isinstance(turn, Slice))

    def arriving(self) -> Iterator[Arrival | Told]:
        """What came in, in order."""
        return (turn.arrival if isinstance(turn, Slice) else turn.told for turn in self.turns)


def recorded(events: Iterable[TapeEvent]) -> Recorded:
    """Read the session in ``events``; those that are no part of a slice or of a command (notes, starts) are left out.

    Raises:
        BadDataError: Bars cannot be read.
        TapeError: A slice has no end, or a command cannot be read.
    """
    session = _Session()
    for event in events:
        session.take(event)
    if session.arrival is not None:
        raise TapeError(f"the slice of {session.arrival.timestamp} has no end: the tape was changed")
    return Recorded(session.history, session.first, tuple(session.turns))


class _Session:
    """A session while its tape is read."""

    def __init__(self) -> None:
        self.history: dict[str, BarSeries] = {}
        self.first = 0
        self.turns: list[Slice | Obeyed] = []
        self.arrival: Arrival | None = None
        self._facts: list[Fact] = []
        self._commands: dict[int, OperatorCommand] = {}

    def take(self, event: TapeEvent) -> None:
        """The next event."""
        if event.kind == HISTORY:
            series = read_series(event.payload)
            self.history[series.symbol], self.first = series, event.timestamp
        elif event.kind == BARS:
            self.arrival, self._facts = read_arrival(event), []
        elif event.kind == DECIDED and self.arrival is not None:
            self.turns.append(Slice(self.arrival, tuple(self._facts)))
            self.arrival, self._facts = None, []
        elif event.kind == DONE:
            self._obeyed(event)
        elif event.kind in KINDS:
            self._commands[event.sequence] = read_command(event)
        else:
            self._facts.append(Fact(event.timestamp, event.kind, canonical(event.payload)))

    def _obeyed(self, event: TapeEvent) -> None:
        command = self._commands.get(event.payload["command"])
        if command is None:
            raise TapeError(f"event {event.sequence} ticks off a command that is not on the tape: it was changed")
        made = event.payload["facts"]
        self.turns.append(Obeyed(Told(event.timestamp, command), tuple(self._facts[len(self._facts) - made :])))
        self._facts = []


def bars_of(session: Recorded) -> dict[str, BarSeries]:
    """All bars of ``session``, those of its history and those that arrived, by symbol."""
    growing = {symbol: Growing(series) for symbol, series in session.history.items()}
    series = dict(session.history)
    for one in session.slices:
        series |= {symbol: growing[symbol].append(bar) for symbol, bar in one.arrival.bars.items()}
    return series


def facts_of(journal: Journal, since: int = 0) -> list[Fact]:
    """What ``journal`` holds from its event number ``since`` on, as it is written."""
    rows = [new_event(event) for event in journal.events[since:]]
    return [Fact(row.timestamp, row.kind, canonical(row.payload)) for row in rows]


def first_difference(one: Iterable[Fact], other: Iterable[Fact]) -> Difference | None:
    """Where ``one`` (recorded) and ``other`` part; ``None`` when they are the same."""
    pairs = enumerate(zip_longest(one, other))
    return next((Difference(place, left, right) for place, (left, right) in pairs if left != right), None)


class Taping:
    """Writes a session to ``store`` while it is decided, after the slices that are on it already were decided anew.

    ``control`` says what was commanded; ``lease`` is what the process trades under.
    """

    def __init__(self, store: TapeStore, journal: Journal, known: Recorded, control: Control, lease: Lease | None = None) -> None:
        self._store = store
        self._control = control
        self._journal = journal
        self._known = known
        self._lease = lease
        self._written = 0
        self._begun = 0
        self._arrival: Arrival | None = None
        self._expected: tuple[Fact, ...] | None = None

    def begin(self, history: Mapping[str, BarSeries], timestamp: int) -> None:
        """Write down what is known before the first bar arrives (ns UTC), unless the tape has it."""
        self._begun = timestamp
        if not self._known.history:
            self._store.append([NewEvent(timestamp, HISTORY, written_series(one), f"history:{name}") for name, one in history.items()])

    def arriving(self, coming: Iterable[Arrival | Told]) -> Iterator[Arrival | Told]:
        """What is on the tape, then what of ``coming`` is later, and before each slice what was commanded meanwhile."""
        last = self._begun - 1
        for turn in self._known.turns:
            self._expected = turn.facts
            if isinstance(turn, Slice):
                self._arrival, last = turn.arrival, turn.arrival.timestamp
                yield turn.arrival
            else:
                yield turn.told
        self._expected = None
        for one in coming:
            if isinstance(one, Told):
                yield one
            elif one.timestamp > last:
                yield from self._told(last)
                self._arrival, last = one, one.timestamp
                yield one
        yield from self._told(last)

    def _told(self, now: int) -> Iterator[Told]:
        return (Told(now, command) for command in self._control.poll())

    def obeyed(self, told: Told, effect: Mapping[str, object]) -> None:
        """A command was carried out: write down what it made, or compare that with what is written.

        Raises:
            TapeError: As ``after``.
        """
        facts = self._since(told.timestamp)
        if facts is not None:
            self._control.done(told.timestamp, told.command, effect, facts)
            if self._control.is_behind:
                raise TapeError(f"{self._store.place}: it took no more when a command was carried out: what follows could not be replayed")

    def after(self, timestamp: int, equity_micros: int, cash_micros: int) -> None:
        """The decision at ``timestamp`` was taken: write it down, or compare it with what is written.

        Raises:
            TapeError: The tape cannot be written, or it says something else: the code or what it depends on has changed since.
        """
        facts = self._since(timestamp)
        if facts is not None and self._arrival is not None:
            end = {"decisions_hash": self._journal.decisions_hash, "equity_micros": equity_micros, "cash_micros": cash_micros}
            self._store.append([bars_event(self._arrival), *facts, NewEvent(timestamp, DECIDED, end)], self._lease)

    def _since(self, timestamp: int) -> list[NewEvent] | None:
        """The facts since the last turn, to be written; ``None`` when the tape has them."""
        since, self._written = self._written, len(self._journal.events)
        if self._expected is None:
            return [new_event(event) for event in self._journal.events[since:]]
        parted = first_difference(self._expected, facts_of(self._journal, since))
        if parted is not None:
            raise TapeError(
                f"{self._store.place}: at {timestamp} the tape says {parted.recorded}, and now it would be {parted.found}: the code, "
                "the config or the data have changed; look with `onetape replay`, then begin a new session"
            )
        return None
