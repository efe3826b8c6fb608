"""Write it down, then know it, then tell the engine: in this order, whatever happens."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from framework.domain.order_update import OrderUpdate
from framework.runtime.orders import events
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold
from framework.runtime.orders.freezing import NAME, freeze, thaw
from framework.runtime.orders.incidents import Code, Effect, Incident
from framework.runtime.tape.checkpoints import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from framework.domain.account_event import AccountEvent
    from framework.engine.ports import BrokerListener
    from framework.runtime.orders.clock import Clock
    from framework.runtime.tape.chain import Head, NewEvent, TapeEvent
    from framework.runtime.tape.lease import Lease


#: Events between two checkpoints.
CHECKPOINT_EVERY = 5_000


class EventStore(Protocol):
    """What is needed of the tape."""

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        """Write all or none, durable on return."""

    def events(self, after: int = -1, kinds: Collection[str] = ()) -> Iterator[TapeEvent]:
        """What was written."""

    def holds(self, key: str) -> bool:
        """Whether an event with ``key`` was written."""

    @property
    def head(self) -> Head:
        """The last event."""

    def checkpoint(self, name: str) -> Checkpoint | None:
        """What was folded before."""

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep what is folded now."""


class Recorder:
    """The only way to learn something: what is known is what is on the tape.

    Attributes:
        books: What is known.
        store: The tape.
    """

    def __init__(self, store: EventStore, clock: Clock, lease: Lease | None, alarm: Callable[[Incident], None]) -> None:
        self.store = store
        self.books = OrderBooks()
        self._clock = clock
        self._lease = lease
        self._alarm = alarm
        self._listener: BrokerListener | None = None
        self._untold: deque[OrderUpdate | AccountEvent] = deque()
        self._is_telling = False
        self._since_checkpoint = 0
        self._recover()

    def _recover(self) -> None:
        kept = self.store.checkpoint(NAME)
        if kept is not None:
            self.books = thaw(kept.state)
        for event in self.store.events(-1 if kept is None else kept.sequence, events.ALL):
            fold(self.books, event.timestamp, event.kind, event.payload)
            self._since_checkpoint += 1

    def subscribe(self, listener: BrokerListener) -> None:
        """Tell ``listener`` what happens from now on; what is on the tape already it knows."""
        self._listener = listener

    def write(self, *new: NewEvent) -> None:
        """Put ``new`` on the tape together, and tell the engine what concerns it.

        Raises:
            TapeError: It could not be written; nothing is known or told, and nothing may be done that it was to allow.
        """
        if not new:
            return
        self.store.append(new, self._lease)
        self._since_checkpoint += len(new)
        for event in new:
            heard = fold(self.books, event.timestamp, event.kind, dict(event.payload))
            if heard is not None:
                self._untold.append(heard)
            if event.kind == events.INCIDENT:
                self._sound(event)
        self._tell()

    def rest(self) -> None:
        """Nothing is under way: keep what is known once in a while, so that a restart need not fold everything."""
        if self._since_checkpoint >= CHECKPOINT_EVERY:
            sequence, last = self.store.head
            self.store.save_checkpoint(Checkpoint(NAME, sequence, last, freeze(self.books)))
            self._since_checkpoint = 0

    def _sound(self, event: NewEvent) -> None:
        code, subject, effect, detail = (str(event.payload[name]) for name in ("code", "subject", "effect", "detail"))
        self._alarm(Incident(Code(code), subject, Effect(effect), detail))

    def _tell(self) -> None:
        """In the order it happened: what the engine does in reply is told after what it has not heard yet."""
        if self._is_telling or self._listener is None:
            return
        self._is_telling = True
        try:
            while self._untold:
                one = self._untold.popleft()
                if isinstance(one, OrderUpdate):
                    self._listener.on_update(one)
                else:
                    self._listener.on_account(one)
        finally:
            self._is_telling = False
