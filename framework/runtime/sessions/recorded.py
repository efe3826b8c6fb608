"""A session as its tape has it: what it heard, in order, and the facts that followed from it."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from framework.engine.growth import Growing
from framework.runtime.sessions.marks import BESIDE, HISTORY, INPUTS, beside_of, is_fact
from framework.runtime.sessions.wording import read_series
from framework.runtime.tape.chain import canonical
from framework.runtime.tape.facts import new_event
from framework.runtime.tape.inputs import BARS, read_arrival

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from framework.domain.market import BarSeries
    from framework.engine.journal import Journal
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.tape.chain import TapeEvent


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


class Recorded(NamedTuple):
    """The history a session began with, when (ns UTC), all that it heard, what came of it, and what only shows it (``marks.BESIDE``)."""

    history: Mapping[str, BarSeries]
    first: int
    inputs: tuple[TapeEvent, ...]
    facts: tuple[Fact, ...]
    beside: frozenset[tuple[str, object]] = frozenset()

    def arrivals(self) -> Iterator[Arrival]:
        """The bars that arrived.

        Raises:
            TapeError: They cannot be read.
        """
        return (read_arrival(event) for event in self.inputs if event.kind == BARS)


def recorded(events: Iterable[TapeEvent]) -> Recorded:
    """Read the session in ``events``; what neither was an input nor follows from one (commands that wait, notes) is left out.

    Raises:
        BadDataError: The history cannot be read.
    """
    history: dict[str, BarSeries] = {}
    inputs: list[TapeEvent] = []
    facts: list[Fact] = []
    beside: set[tuple[str, object]] = set()
    first = 0
    for event in events:
        if event.kind == HISTORY:
            series = read_series(event.payload)
            history[series.symbol], first = series, event.timestamp
        elif event.kind in INPUTS:
            inputs.append(event)
        elif is_fact(event.kind):
            facts.append(fact_of(event))
        elif event.kind in BESIDE:
            beside.add(beside_of(event))
    return Recorded(history, first, tuple(inputs), tuple(facts), frozenset(beside))


def fact_of(event: TapeEvent) -> Fact:
    """A fact of the tape."""
    return Fact(event.timestamp, event.kind, canonical(event.payload))


def bars_of(session: Recorded) -> dict[str, BarSeries]:
    """All bars of ``session``, those of its history and those that arrived, by symbol."""
    growing = {symbol: Growing(series) for symbol, series in session.history.items()}
    series = dict(session.history)
    for arrival in session.arrivals():
        series |= {symbol: growing[symbol].append(bar) for symbol, bar in arrival.bars.items()}
    return series


def facts_of(journal: Journal, since: int = 0) -> list[Fact]:
    """What ``journal`` holds from its event number ``since`` on, as it is written."""
    rows = [new_event(event) for event in journal.events[since:]]
    return [Fact(row.timestamp, row.kind, canonical(row.payload)) for row in rows]


def first_difference(one: Iterable[Fact], other: Iterable[Fact]) -> Difference | None:
    """Where ``one`` (recorded) and ``other`` part; ``None`` when they are the same."""
    pairs = enumerate(zip_longest(one, other))
    return next((Difference(place, left, right) for place, (left, right) in pairs if left != right), None)
