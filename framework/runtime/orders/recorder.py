"""Write it down, then know it, then tell the engine: in this order, whatever happens."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from framework.domain.order import OrderUpdate
from framework.runtime.orders import events
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold
from framework.runtime.orders.incidents import Effect, Incident

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from framework.domain.account_event import TradeCorrection
    from framework.engine.ports import BrokerListener
    from framework.runtime.orders.clock import Clock
    from framework.runtime.tape.chain import NewEvent, TapeEvent
    from framework.runtime.tape.lease import Lease


class EventStore(Protocol):
    """What is needed of the tape."""

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        """Write all or none, durable on return."""

    def events(self, after: int = -1, kinds: Collection[str] = ()) -> Iterator[TapeEvent]:
        """What was written."""


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
        self._untold: deque[OrderUpdate | TradeCorrection] = deque()
        self._is_telling = False
        for event in store.events(kinds=events.ALL):
            fold(self.books, event.timestamp, event.kind, event.payload)

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
        for event in new:
            heard = fold(self.books, event.timestamp, event.kind, dict(event.payload))
            if heard is not None:
                self._untold.append(heard)
            if event.kind == events.INCIDENT:
                self._sound(event)
        self._tell()

    def rest(self) -> None:
        """Nothing is under way: keep what is known once in a while, so that a restart need not fold everything."""

    def _sound(self, event: NewEvent) -> None:
        payload = event.payload
        self._alarm(Incident(payload["code"], payload["subject"], Effect(str(payload["effect"])), str(payload["detail"])))  # type: ignore[arg-type]

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
