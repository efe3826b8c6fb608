"""The tape of a session: what it heard and what came of it, in the order it happened, each on the disk before anything follows from it.

What the engine does is kept until its turn is over, or until the order manager has something to write: then it goes to the disk with that,
in one transaction. So whatever was sent to a venue stands behind the bars, decisions and reports that led to it.

A process that starts again takes the turns on its tape anew, which brings every part of it back to where it was, compares what it decides
with what is written, and goes on in the middle of the turn in which the one before died.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from framework.errors import PartedError
from framework.runtime.sessions.marks import ANSWERED, ASKED, DECIDED, HISTORY, QUOTED, beside_of
from framework.runtime.sessions.recorded import Fact
from framework.runtime.sessions.wording import written_series
from framework.runtime.tape.chain import NewEvent, canonical
from framework.runtime.tape.facts import new_event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from framework.domain.market import BarSeries
    from framework.engine.journal import Journal
    from framework.runtime.sessions.recorded import Recorded
    from framework.runtime.tape.chain import Head, TapeEvent
    from framework.runtime.tape.checkpoints import Checkpoint
    from framework.runtime.tape.lease import Lease
    from framework.runtime.tape.store import TapeStore


class Taping:
    """Writes a session to ``store``, behind what it knows of it already; the order manager writes through it.

    ``store`` is ``None`` where a tape is only read again. ``lease`` is what the process trades under.
    """

    def __init__(self, store: TapeStore | None, journal: Journal, known: Recorded, lease: Lease | None = None) -> None:
        self._store = store
        self._journal = journal
        self._lease = lease
        self._inputs = deque(known.inputs)
        self._expected = deque(known.facts)
        self._seen = 0
        self._pending: list[NewEvent] = []
        self._is_new = not known.history
        self._beside = set(known.beside)

    @property
    def is_behind(self) -> bool:
        """Whether the tape has inputs that have not been taken again yet."""
        return bool(self._inputs)

    # --- taking again

    def next(self) -> TapeEvent:
        """The next input of the tape, taken."""
        self._gather()
        return self._inputs.popleft()

    def taken(self, kinds: Collection[str]) -> list[TapeEvent]:
        """The next inputs as long as they are of ``kinds``, taken."""
        found = []
        while self._inputs and self._inputs[0].kind in kinds:
            found.append(self._inputs.popleft())
        return found

    def asked(self, kind: str, call: str, subject: str) -> TapeEvent | None:
        """What the tape has at the place where the engine asks its broker; ``None`` behind its end.

        Raises:
            PartedError: It has something else.
        """
        self._gather()
        if not self._inputs:
            return None
        event = self._inputs.popleft()
        if event.kind != kind or (event.payload.get("call"), event.payload.get("subject")) != (call, subject):
            raise self._parted(f"the engine asks to {call} {subject}", f"{event.kind} {dict(event.payload)}")
        return event

    def caught_up(self) -> None:
        """Nothing of the tape is left to be taken again.

        Raises:
            PartedError: It has facts that were not found again.
        """
        self._gather()
        if self._expected:
            raise self._parted("nothing more", self._expected[0])

    def _gather(self) -> None:
        """Compare what has happened since with the tape, or keep it to be written."""
        for event in self._journal.events[self._seen :]:
            row = new_event(event)
            if not self._expected:
                self._pending.append(row)
                continue
            found, told = Fact(row.timestamp, row.kind, canonical(row.payload)), self._expected.popleft()
            if found != told:
                raise self._parted(found, told)
        self._seen = len(self._journal.events)

    def _parted(self, found: object, told: object) -> PartedError:
        place = "the tape" if self._store is None else self._store.place
        return PartedError(
            f"{place}: it says {told}, and now it would be {found}: the code, the config or the data have changed; look with "
            "`onetape replay`, then begin a new session"
        )

    # --- writing

    def begin(self, history: Mapping[str, BarSeries], timestamp: int) -> None:
        """Write down what is known before the first bar arrives (ns UTC), unless the tape has it."""
        if self._is_new and self._store is not None:
            self._store.append([NewEvent(timestamp, HISTORY, written_series(one), f"history:{name}") for name, one in history.items()])

    def note(self, mark: NewEvent) -> None:
        """``mark`` stands behind everything that has happened; it is written with what is written next."""
        self._gather()
        self._pending.append(mark)

    def beside(self, mark: NewEvent) -> bool:
        """``mark`` follows from what has happened and changes nothing; ``False`` where the tape has it."""
        one = beside_of(mark)
        if one in self._beside:
            return False
        self._beside.add(one)
        self.note(mark)
        return True

    def forgets(self, mark: NewEvent) -> bool:
        """Take ``mark`` back if nothing came of it."""
        self._gather()
        if not self._pending or self._pending[-1] is not mark:
            return False
        self._pending.pop()
        return True

    def over(self, timestamp: int, equity_micros: int, cash_micros: int) -> None:
        """The engine's turn is over: all that it did is on the disk on return, or is what the tape says.

        Raises:
            TapeError: The tape cannot be written.
            PartedError: It says something else.
        """
        self._gather()
        if self._inputs:
            event = self._inputs.popleft()
            if event.kind != DECIDED:
                raise self._parted("the end of the turn", f"{event.kind} {dict(event.payload)}")
            return
        end = {"decisions_hash": self._journal.decisions_hash, "equity_micros": equity_micros, "cash_micros": cash_micros}
        self.append([NewEvent(timestamp, DECIDED, end)], self._lease)

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        """Write ``events`` behind everything that has happened, in one transaction; see ``TapeStore.append``."""
        self._gather()
        if self._store is None:
            self._pending.clear()
            return ()
        written = self._store.append([*self._pending, *events], lease)
        count = len(self._pending)
        self._pending.clear()
        return written[count:]

    # --- what the order manager needs more

    def events(self, after: int = -1, kinds: Collection[str] = ()) -> Iterator[TapeEvent]:
        """What was written."""
        return iter(()) if self._store is None else self._store.events(after, kinds)

    def holds(self, key: str) -> bool:
        """Whether an event with ``key`` was written."""
        return self._store is not None and self._store.holds(key)

    @property
    def head(self) -> Head:
        """The last event."""
        return self._opened().head

    def checkpoint(self, name: str) -> Checkpoint | None:
        """What was folded before."""
        return self._opened().checkpoint(name)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep what is folded now."""
        self._opened().save_checkpoint(checkpoint)

    def _opened(self) -> TapeStore:
        if self._store is None:
            raise PartedError("a tape that is read again is not written")
        return self._store


def asked_mark(now: int, call: str, subject: str) -> NewEvent:
    """The engine asks its broker to ``call`` something of ``subject``."""
    return NewEvent(now, ASKED, {"call": call, "subject": subject})


class Question(NamedTuple):
    """What the engine asks its broker: the how-manieth question of the session, counted as their marks stand on the tape."""

    number: int
    call: str
    subject: str


def answered_mark(now: int, question: Question, *, done: bool, raised: str | None, taken: bool = True) -> NewEvent:
    """The broker said that it was not ``done``, or ``raised`` an error of that text; an order that it has not ``taken`` went nowhere.

    It names its question: what is asked in reply to a report stands between a question and its answer where a process has died there.
    """
    named = {"ask": question.number, "call": question.call, "subject": question.subject}
    return NewEvent(now, ANSWERED, {**named, "done": done, "raised": raised} | ({} if taken else {"taken": False}))


def quoted_mark(now: int, symbol: str, prices: Sequence[float | int]) -> NewEvent:
    """The broker quoted ``symbol``: time (ns UTC), bid, ask and last trade, dollars."""
    return NewEvent(now, QUOTED, {"call": "quote", "subject": symbol, "prices": list(prices)})
