"""The tape of a session: what came in and what was decided on it, slice by slice, each on the disk before the next begins.

A slice is on the tape as a whole or not at all. A process that starts again decides the slices on its tape anew, which brings every
part of it back to where it was, compares what it decides with what is written, and goes on with the bars that came meanwhile.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from framework.engine.growth import Growing
from framework.errors import TapeError
from framework.runtime.sessions.wording import read_series, written_series
from framework.runtime.tape.chain import NewEvent, canonical
from framework.runtime.tape.facts import new_event
from framework.runtime.tape.inputs import BARS, bars_event, read_arrival

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from framework.domain.market import BarSeries
    from framework.engine.journal import Journal
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


class Recorded(NamedTuple):
    """A session as its tape has it: the history it began with, when (ns UTC), and its slices."""

    history: Mapping[str, BarSeries]
    first: int
    slices: tuple[Slice, ...]


def recorded(events: Iterable[TapeEvent]) -> Recorded:
    """Read the session in ``events``; those that are no part of a slice (commands, notes, starts) are left out.

    Raises:
        BadDataError: Bars cannot be read.
        TapeError: A slice has no end.
    """
    history: dict[str, BarSeries] = {}
    slices: list[Slice] = []
    arrival: Arrival | None = None
    facts: list[Fact] = []
    first = 0
    for event in events:
        if event.kind == HISTORY:
            series = read_series(event.payload)
            history[series.symbol], first = series, event.timestamp
        elif event.kind == BARS:
            arrival, facts = read_arrival(event), []
        elif event.kind == DECIDED and arrival is not None:
            slices.append(Slice(arrival, tuple(facts)))
            arrival = None
        elif arrival is not None:
            facts.append(Fact(event.timestamp, event.kind, canonical(event.payload)))
    if arrival is not None:
        raise TapeError(f"the slice of {arrival.timestamp} has no end: the tape was changed")
    return Recorded(history, first, tuple(slices))


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

    ``lease`` is what the process trades under.
    """

    def __init__(self, store: TapeStore, journal: Journal, known: Recorded, lease: Lease | None = None) -> None:
        self._store = store
        self._journal = journal
        self._known = known
        self._lease = lease
        self._written = 0
        self._arrival: Arrival | None = None
        self._expected: tuple[Fact, ...] | None = None

    def begin(self, history: Mapping[str, BarSeries], timestamp: int) -> None:
        """Write down what is known before the first bar arrives (ns UTC), unless the tape has it."""
        if not self._known.history:
            self._store.append([NewEvent(timestamp, HISTORY, written_series(one), f"history:{name}") for name, one in history.items()])

    def arriving(self, coming: Iterable[Arrival]) -> Iterator[Arrival]:
        """The slices on the tape, then those of ``coming`` that are later."""
        last = 0
        for one in self._known.slices:
            self._arrival, self._expected = one.arrival, one.facts
            last = one.arrival.timestamp
            yield one.arrival
        self._expected = None
        for arrival in coming:
            if arrival.timestamp > last:
                self._arrival = arrival
                yield arrival

    def after(self, timestamp: int, equity_micros: int, cash_micros: int) -> None:
        """The decision at ``timestamp`` was taken: write it down, or compare it with what is written.

        Raises:
            TapeError: The tape cannot be written, or it says something else: the code or what it depends on has changed since.
        """
        since, self._written = self._written, len(self._journal.events)
        if self._expected is not None:
            parted = first_difference(self._expected, facts_of(self._journal, since))
            if parted is not None:
                raise TapeError(
                    f"{self._store.place}: at {timestamp} the tape says {parted.recorded}, and now it would be {parted.found}: the code, "
                    "the config or the data have changed; look with `onetape replay`, then begin a new session"
                )
        elif self._arrival is not None:
            end = {"decisions_hash": self._journal.decisions_hash, "equity_micros": equity_micros, "cash_micros": cash_micros}
            facts = [new_event(event) for event in self._journal.events[since:]]
            self._store.append([bars_event(self._arrival), *facts, NewEvent(timestamp, DECIDED, end)], self._lease)
