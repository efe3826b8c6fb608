"""Bringing an engine back: it decides again what it had decided, and is told again what it was told, until the tape ends and life goes on.

What is needed of whoever turns the crank: the bars of a slice are on the tape before it is decided, and a mark is behind it when it has
been. Then everything on the tape has its place: what was told inside of a slice was told in reply to a call of the engine, the rest was
told between slices. A call that the tape has not is where the process died: from there on calls reach the order manager.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OrderStatus, OrderUpdate
from framework.errors import InvariantError, MissingDataError
from framework.rules import lifecycle
from framework.runtime.orders import events
from framework.runtime.orders.access import Access
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.account_event import TradeCorrection
    from framework.domain.market import Quote
    from framework.domain.order import ApprovedOrder, Order
    from framework.domain.venue import Capabilities
    from framework.engine.ports import BrokerListener
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.broker import OrderManager
    from framework.runtime.orders.recorder import EventStore

#: A call of the engine: what it was, and of which order.
Call = tuple[str, str]
_CALLS = frozenset({events.INTENT, events.CANCEL, events.HOLD})


class _Row(NamedTuple):
    """Something on the tape that concerns the engine: a call of its own, or what it was told."""

    sequence: int
    call: Call | None
    news: OrderUpdate | TradeCorrection | None


class Resumed(Access):
    """The broker of an engine that is brought back: first the tape, then ``manager``.

    ``tell_until`` before each slice of the tape, ``in_slice`` with the number of the mark behind it, and ``tell_until(None)`` at the end.
    """

    def __init__(self, manager: OrderManager, gateway: VenueGateway, store: EventStore) -> None:
        super().__init__(gateway)
        self._manager = manager
        self._rows: deque[_Row] = deque()
        self._quotes: defaultdict[str, deque[Quote | None]] = defaultdict(deque)
        self._read(store)
        self._ahead = Counter(row.call for row in self._rows if row.call is not None)
        self._inner: Counter[Call] = Counter()
        self._orders: dict[str, Order] = {}
        self._listener: BrokerListener | None = None
        self._is_telling = False
        self._end: int | None = None

    def _read(self, store: EventStore) -> None:
        books = OrderBooks()
        for event in store.events(kinds=events.ALL | {events.QUOTE}):
            payload = event.payload
            if event.kind == events.QUOTE:
                self._quotes[str(payload["symbol"])].append(events.read_quote(payload))
                continue
            heard = fold(books, event.timestamp, event.kind, payload)
            is_call = event.kind in _CALLS and payload.get("reason", events.REQUESTED) == events.REQUESTED
            if heard is not None or is_call:
                call = (event.kind, str(payload["order_id"])) if is_call else None
                self._rows.append(_Row(event.sequence, call, heard))

    # --- the tape

    @property
    def is_live(self) -> bool:
        """Whether the tape has been told to its end."""
        return not self._rows

    def tell_until(self, sequence: int | None) -> None:
        """Tell what was told between slices, up to event number ``sequence``; ``None``: all that is left."""
        self._tell(lambda row: sequence is None or row.sequence < sequence)

    def in_slice(self, end: int | None) -> None:
        """A slice is decided again, which ended at event number ``end``; ``None`` for one that did not end."""
        self._end = end

    def _tell(self, is_next: Callable[[_Row], bool]) -> None:
        self._is_telling = True
        try:
            while self._rows and is_next(self._rows[0]):
                self._take(self._rows.popleft())
        finally:
            self._is_telling = False

    def _take(self, row: _Row) -> None:
        if row.call is not None:
            self._ahead[row.call] -= 1
            self._inner[row.call] = max(self._inner[row.call] - 1, 0)
        if row.news is not None:
            order = self._orders.get(row.news.order_id)
            if order is None:
                raise InvariantError(
                    f"the tape tells of {row.news.order_id}, which the engine has not placed: it decides otherwise than it did"
                )
            self._follow(order, row.news)
        if row.news is None or self._listener is None:
            return
        if isinstance(row.news, OrderUpdate):
            self._listener.on_update(row.news)
        else:
            self._listener.on_account(row.news)

    def _follow(self, order: Order, news: OrderUpdate | TradeCorrection) -> None:
        """Keep a copy as the engine knows it; a report that crossed a step of the engine's own does not undo that."""
        if isinstance(news, OrderUpdate) and news.status in lifecycle.TRANSITIONS[order.status]:
            lifecycle.apply(order, news)

    def _is_retold(self, call: Call) -> bool:
        """Whether the tape answers ``call``; it is told what followed."""
        if self._is_telling:
            is_ahead = self._ahead[call] > self._inner[call]
            self._inner[call] += is_ahead
            return is_ahead
        if not self._rows or self._rows[0].call != call:
            return False
        self._ahead[call] -= 1
        self._rows.popleft()
        self._tell(self._belongs)
        return True

    def _belongs(self, row: _Row) -> bool:
        """Whether ``row`` followed from the call that is being told: a call of the engine's that it has not made in reply is the next."""
        if self._end is not None and row.sequence > self._end:
            return False
        return row.call is None or self._inner[row.call] > 0

    def _require_end(self, order_id: str) -> None:
        unmade = self._ahead - self._inner
        if unmade:
            kind, other = next(iter(unmade))
            raise InvariantError(f"the tape goes on with {kind} of {other}, the engine wants {order_id}: it decides otherwise than it did")

    # --- the broker

    @property
    def capabilities(self) -> Capabilities:
        """What the venue accepts."""
        return self._manager.capabilities

    def subscribe(self, listener: BrokerListener) -> None:
        """Tell ``listener`` first what it was told, then what happens."""
        self._listener = listener
        self._manager.subscribe(listener)

    def place_order(self, approved: ApprovedOrder) -> Order:
        """As the order manager does; one that is on the tape is not placed again."""
        order = approved.order
        self._orders[order.order_id] = order.snapshot()
        if self._is_retold((events.INTENT, order.order_id)):
            return self._orders[order.order_id].snapshot()
        self._require_end(order.order_id)
        return self._manager.place_order(approved)

    def hold_order(self, order_id: str) -> None:
        """As the order manager does."""
        if not self._is_retold((events.HOLD, order_id)):
            self._manager.hold_order(order_id)
        self._step(order_id, OrderStatus.EMULATED)

    def release_order(self, order_id: str) -> None:
        """As the order manager does."""
        self._step(order_id, OrderStatus.SUBMITTED)
        if not self._is_retold((events.INTENT, order_id)):
            self._require_end(order_id)
            self._manager.release_order(order_id)

    def cancel_order(self, order_id: str) -> bool:
        """As the order manager does."""
        self._step(order_id, OrderStatus.PENDING_CANCEL)
        return self._is_retold((events.CANCEL, order_id)) or self._manager.cancel_order(order_id)

    def _step(self, order_id: str, status: OrderStatus) -> None:
        order = self._orders.get(order_id)
        if order is not None and order.status is not status and status in lifecycle.TRANSITIONS[order.status]:
            lifecycle.change(order, status, order.created_at)

    def get_order(self, order_id: str) -> Order:
        """What the engine has been told of an order."""
        known = self._orders.get(order_id)
        return self._manager.get_order(order_id) if known is None or self.is_live else known.snapshot()

    def get_open_orders(self) -> list[Order]:
        """All orders that may still fill, oldest first."""
        return self._manager.get_open_orders()

    def get_quote(self, symbol: str) -> Quote:
        """The quote that was seen, then the current one.

        Raises:
            MissingDataError: There was none, or there is none.
        """
        if not self._quotes[symbol]:
            return self._manager.get_quote(symbol)
        quote = self._quotes[symbol].popleft()
        if quote is None:
            raise MissingDataError(f"{symbol}: the venue had no quote")
        return quote
