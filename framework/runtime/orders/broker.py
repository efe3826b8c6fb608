"""The order manager: the broker the engine sees, over a venue that can lose, repeat, delay and contradict anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.errors import (
    MissingDataError,
    OrderCancellationError,
    OrderStatusError,
    OrderSubmissionError,
    SafetyError,
    UnsupportedOrderTypeError,
)
from framework.runtime.orders import events
from framework.runtime.orders.access import Access
from framework.runtime.orders.actions import NOTHING, Actions
from framework.runtime.orders.books import Leg, Phase, Tracked
from framework.runtime.orders.canceling import Canceling
from framework.runtime.orders.clock import never
from framework.runtime.orders.emulating import Emulating
from framework.runtime.orders.envelope import OrderEnvelope, envelope
from framework.runtime.orders.fold import forget
from framework.runtime.orders.guarding import Guarding
from framework.runtime.orders.ids import client_id
from framework.runtime.orders.incidents import nobody
from framework.runtime.orders.looking import Looking, Watching
from framework.runtime.orders.policy import SECOND, OrderPolicy
from framework.runtime.orders.reconciling import Parts, Reconciling
from framework.runtime.orders.recorder import Recorder
from framework.runtime.orders.sending import Sending
from framework.runtime.orders.settling import Settling
from framework.runtime.orders.shares import Answer, may_send, opens, stopped
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from framework.domain.book import Book
    from framework.domain.market import Quote
    from framework.domain.order import ApprovedOrder
    from framework.domain.venue import Capabilities
    from framework.domain.venue_order import VenueOrder
    from framework.engine.ports import BrokerListener
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.actions import Announced
    from framework.runtime.orders.books import OrderBooks
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.ids import Desk
    from framework.runtime.orders.incidents import Code, Incident
    from framework.runtime.orders.reconciling import Reconciliation
    from framework.runtime.orders.recorder import EventStore
    from framework.runtime.tape.lease import Lease


class OrderManager(Access):
    """Places, follows, cancels and reconciles orders; one thread, one account.

    ``poll`` is to be called by the loop: there everything happens that was not asked for. Nothing opens before ``reconcile`` has succeeded.

    Args:
        gateway: The venue.
        store: The tape, opened; what is on it of earlier processes is taken up.
        desk: Account and mode.
        clock: Both clocks.
        policy: Patience and limits.
        lease: Every event is written under it; ``None`` where nobody else can write.
        may_trade: Whether the lease lasts for another request; asked right before each.
        session_end: When the session of a timestamp ends (ns UTC); without it no lost order is ever given up.
        shares_of_engine: Micro-shares by symbol as the engine has them.
        alarm: Told of every incident.
        announced: Splits and dividends.

    Attributes:
        actions: What of those the venue shows.
    """

    def __init__(
        self,
        gateway: VenueGateway,
        store: EventStore,
        desk: Desk,
        clock: Clock,
        policy: OrderPolicy,
        *,
        lease: Lease | None = None,
        may_trade: Callable[[], bool] = lambda: True,
        session_end: Callable[[int], int] = never,
        shares_of_engine: Callable[[], Mapping[str, int]] | None = None,
        alarm: Callable[[Incident], None] = nobody,
        announced: Announced = NOTHING,
    ) -> None:
        super().__init__(gateway)
        self._desk = desk
        self._clock = clock
        self._policy = policy
        self._recorder = Recorder(store, clock, lease, alarm)
        pictures: list[VenueOrder] = []
        self.actions = Actions(self._recorder, clock, announced, session_end)
        self._emulating = Emulating(self._recorder, gateway, clock, self.actions.awaits)
        self._sending = Sending(self._recorder, gateway, clock, policy, may_trade, pictures, self._emulating.has_reached)
        self._settling = Settling(self._recorder, gateway, clock, policy, self._sending, session_end)
        watching = Watching(desk.account, self.actions.awaits)
        self._looking = Looking(self._recorder, gateway, clock, policy, pictures, self._settling.bind, watching)
        self._canceling = Canceling(self._recorder, gateway, clock, policy)
        self._guarding = Guarding(self._recorder, clock, policy, self._emulating, gateway.capabilities.lot_of(OrderType.STOP_LOSS))
        parts = Parts(self._looking, self._settling, self.actions, self._canceling)
        self._reconciling = Reconciling(self._recorder, gateway, clock, policy, parts, shares_of_engine)

    # --- the session

    @property
    def capabilities(self) -> Capabilities:
        """What the venue accepts, and is allowed here."""
        venue, allowed = self._gateway.capabilities, self._policy.order_types
        return venue if allowed is None else replace(venue, order_types=venue.order_types & allowed)

    def subscribe(self, listener: BrokerListener) -> None:
        """Send every event to ``listener`` from now on; what is on the tape already it knows."""
        self._recorder.subscribe(listener)

    # --- orders

    def place_order(self, approved: ApprovedOrder) -> Order:
        """Place an order: its intent and the claim of one request are on the disk before a byte leaves.

        A lost answer is UNKNOWN; a sale whose shares are not free yet waits here, and so does an exit while nobody is connected.

        Raises:
            OrderSubmissionError: It opens and nobody is connected, or the order id was used before.
            UnsupportedOrderTypeError: Its type is not allowed here.
        """
        self._check(approved.order)
        self._place(approved.order, None)
        return self._known(approved.order.order_id).order.snapshot()

    def replace_order(self, order_id: str, approved: ApprovedOrder) -> Order:
        """Put an approved order for what is left into the place of a working one: it is sent when the venue shows that one's end.

        If the old one fills meanwhile, the new one is rejected.

        Raises:
            OrderStatusError: The old one is not known.
            OrderSubmissionError: It has ended, or as for ``place_order``.
            UnsupportedOrderTypeError: The type of the new one is not allowed here.
        """
        old = self._known(order_id)
        if not old.order.is_open:
            raise OrderSubmissionError(f"order {order_id} is {old.order.status}, so it cannot be replaced")
        self._check(approved.order)
        self._place(approved.order, (order_id, old.order.filled_micros))
        new = self._known(approved.order.order_id).order
        if new.is_open:
            self._canceling.cancel(old, f"replaced by {new.order_id}")
        return new.snapshot()

    def _check(self, order: Order) -> None:
        if not self.is_connected() and opens(order, self.books):
            raise OrderSubmissionError(f"order {order.order_id}: not connected to {self.capabilities.name}; call connect()")
        if order.order_type not in self.capabilities.order_types:
            allowed = ", ".join(sorted(self.capabilities.order_types))
            raise UnsupportedOrderTypeError(f"order {order.order_id} is a {order.order_type} order; allowed are: {allowed}")
        if order.order_id in self.books.tracked:
            raise OrderSubmissionError(f"order id {order.order_id!r} was used before")

    def _place(self, order: Order, replaces: tuple[str, int] | None) -> None:
        against = self._refusal(order)
        if order.status is OrderStatus.EMULATED:
            self._recorder.write(self._intent(order, None))
            if against:
                self._refuse(self._known(order.order_id), against)
            return
        draft = Tracked(order.snapshot(), [self._leg(order, 0, order.order_type)], replaces=replaces)
        answer = Answer(refusal=against) if against else may_send(draft, self.books, self.capabilities)
        self._go(draft, draft.legs[-1], answer)

    def _go(self, tracked: Tracked, leg: Leg, answer: Answer) -> None:
        """Write the intent of ``leg`` down, with the claim of its first request if it may go at once."""
        intent = self._intent(tracked.order, leg, tracked.replaces)
        self._sending.plan(leg.ref, self._patience(tracked.order))
        if answer.refusal:
            self._recorder.write(intent)
            self._refuse(self._known(tracked.order.order_id), answer.refusal)
        elif answer.waits or not self.is_connected():
            self._recorder.write(intent)
        else:
            self._sending.send(tracked, leg, intent)

    def _refuse(self, tracked: Tracked, why: str) -> None:
        if tracked.leg is not None:
            self._sending.end(tracked, tracked.leg, OrderStatus.REJECTED, why)
            return
        update = OrderUpdate(tracked.order.order_id, self._clock.now(), OrderStatus.CANCELED, why)
        self._recorder.write(NewEvent(update.timestamp, events.REPORT, events.report_payload(update, None)))

    def _leg(self, order: Order, number: int, order_type: OrderType) -> Leg:
        deadline = self._clock.now() + round(self._patience(order) * SECOND)
        return Leg(client_id(self._desk, order.order_id, number), order.leaves_micros, order_type, deadline)

    def _intent(self, order: Order, leg: Leg | None, replaces: tuple[str, int] | None = None) -> NewEvent:
        payload: dict[str, object] = {"order_id": order.order_id, "order": events.order_payload(order), "ref": None}
        if replaces is not None:
            payload["replaces"] = list(replaces)
        if leg is not None:
            payload |= {
                "ref": leg.ref,
                "quantity_micros": leg.asked_micros,
                "order_type": str(leg.order_type),
                "deadline": leg.deadline,
            }
        return NewEvent(self._clock.now(), events.INTENT, payload, f"intent:{order.order_id if leg is None else leg.ref}")

    def _patience(self, order: Order) -> float:
        """Seconds after which it is not sent any more."""
        return self._policy.entry_deadline_seconds if opens(order, self.books) else self._policy.exit_deadline_seconds

    def _refusal(self, order: Order) -> str:
        """Why an order that opens may not be placed now."""
        if not opens(order, self.books):
            return ""
        if len(self.books.open) >= self._policy.most_open:
            return f"{len(self.books.open)} orders are open, as many as may be"
        if not self._reconciling.is_ready:
            return f"nothing is opened before the account is known: {self._reconciling.last.reason}"
        return stopped(order, self.books) or self.actions.refusal(order.symbol)

    def hold_order(self, order_id: str) -> None:
        """Take a working order from the venue and hold it here; what sells its shares next waits until the venue has let go of it.

        Raises:
            OrderStatusError: It is not known.
            OrderCancellationError: It has ended, is being canceled, or its answer is not known.
        """
        self._canceling.hold(self._known(order_id))

    def release_order(self, order_id: str) -> None:
        """Send an order that was held here; one whose price was reached goes as what it has become.

        Raises:
            OrderStatusError: It is not known.
            OrderSubmissionError: It is not held.
        """
        tracked = self._known(order_id)
        if tracked.order.status not in (OrderStatus.EMULATED, OrderStatus.SUBMITTED):
            raise OrderSubmissionError(f"order {order_id} is {tracked.order.status}, so it is not held here")
        leg = self._leg(tracked.order, len(tracked.legs), self._emulating.type_now(tracked))
        draft = Tracked(tracked.order.snapshot(), [*tracked.legs, leg])
        self._go(draft, leg, may_send(draft, self.books, self.capabilities))

    def cancel_order(self, order_id: str) -> bool:
        """Cancel an order; ``False`` when it had ended. That it is over is reported when the venue shows it.

        Raises:
            OrderCancellationError: It is not known.
        """
        if order_id not in self.books.tracked:
            raise OrderCancellationError(f"order {order_id!r} is not known")
        return self._canceling.cancel(self._known(order_id), events.REQUESTED)

    def cancel_all(self, within_seconds: float = 5.0) -> list[str]:
        """Cancel every open order and look until all are over; returns the ids of those that are not after ``within_seconds``."""
        ends = self._clock.monotonic() + round(within_seconds * SECOND)
        for tracked in self.books.working():
            self._canceling.cancel(tracked, "all orders are canceled")
        while self.books.open and self._clock.monotonic() < ends:
            self.poll()
            if self.books.open:
                self._clock.sleep(self._policy.poll_seconds)
        return list(self.books.open)

    def get_order(self, order_id: str) -> Order:
        """What is known of an order, ended ones included as long as they are listened to.

        Raises:
            OrderStatusError: It is not known.
        """
        return self._known(order_id).order.snapshot()

    def get_status(self, order_id: str) -> OrderEnvelope:
        """Where an order is, with its ids and its latency.

        Raises:
            OrderStatusError: It is not known.
        """
        return envelope(self._known(order_id))

    def get_open_orders(self) -> list[Order]:
        """All orders that may still fill, oldest first."""
        return [tracked.order.snapshot() for tracked in self.books.working()]

    def _known(self, order_id: str) -> Tracked:
        tracked = self.books.tracked.get(order_id)
        if tracked is None:
            raise OrderStatusError(f"order {order_id!r} is not known")
        return tracked

    # --- what happens

    def poll(self) -> None:
        """Look what happened, and do what is due: settle, send what waits, ask again for cancels, watch held orders and stops."""
        self._settling.settle(self._looking.look())
        self._emulating.pump()
        self._resume()
        self._sending.pump()
        self._canceling.pump()
        self._guarding.check()
        self._recorder.rest()
        forget(self.books, self._clock.now() - round(self._policy.watch_seconds * SECOND))

    def _resume(self) -> None:
        """Release what was to be released when an earlier process ended, and stops that were reached before they came."""
        for tracked in self.books.working():
            if tracked.order.status is OrderStatus.SUBMITTED and all(leg.phase is Phase.ENDED for leg in tracked.legs):
                self.release_order(tracked.order.order_id)

    def poll_until_settled(self, order_ids: Sequence[str], within_seconds: float) -> bool:
        """Look, at growing intervals, until none of the orders is open; ``False`` when time was up before."""
        ends, pause = self._clock.monotonic() + round(within_seconds * SECOND), self._policy.poll_seconds
        while True:
            before = [self.get_status(order_id) for order_id in order_ids if order_id in self.books.tracked]
            self.poll()
            if not self.books.open.keys() & set(order_ids):
                return True
            left = (ends - self._clock.monotonic()) / SECOND
            if left <= 0:
                return False
            moved = before != [self.get_status(order_id) for order_id in order_ids if order_id in self.books.tracked]
            pause = self._policy.poll_seconds if moved else min(2 * pause, self._policy.poll_cap_seconds)
            self._clock.sleep(min(pause, left))

    def synchronize_open_orders(self) -> list[Order]:
        """Ask the venue for every order that may still trade, and return what is open then."""
        self._settling.settle(self._looking.look(at_all=True))
        return self.get_open_orders()

    # --- the account and the gate

    @property
    def books(self) -> OrderBooks:
        """What is known; only the tape changes it."""
        return self._recorder.books

    def ledger(self, strategy: str) -> Book:
        """What the orders of ``strategy`` have traded, from no cash and no shares."""
        return self.books.ledger(strategy)

    def reconcile(self) -> Reconciliation:
        """Compare tape, venue and engine; at the start until it has succeeded, and then again and again."""
        return self._reconciling.run()

    @property
    def is_ready(self) -> bool:
        """Whether positions may be opened: this process has compared tape, venue and engine once and found them to agree."""
        return self._reconciling.is_ready

    @property
    def is_waiting(self) -> bool:
        """Whether something may happen, or is about to be told, that is worth looking often for."""
        return bool(self.books.open) or self._guarding.counts

    def require_ready(self) -> None:
        """Refuse a decision before the account is known.

        Raises:
            SafetyError: It is not.
        """
        self._reconciling.require_ready()

    def acknowledge(self, code: Code, subject: str, who: str, why: str, price_micros: int | None = None) -> None:
        """A person has looked at an incident, and trading may go on; see ``Reconciling.acknowledge``."""
        self._reconciling.acknowledge(code, subject, who, why, price_micros)

    def settle_as_absent(self, order_id: str, who: str, why: str) -> None:
        """A person has looked at the venue and says that it never had the order.

        Raises:
            SafetyError: It is not one whose answer was lost.
        """
        tracked = self._known(order_id)
        if tracked.leg is None or tracked.leg.phase is not Phase.UNKNOWN:
            raise SafetyError(f"order {order_id} is {tracked.order.status}: only one that was lost can be settled by hand")
        self._settling.give_up(tracked, tracked.leg, who, why)

    def get_quote(self, symbol: str) -> Quote:
        """The current quote. It is written down: the engine decides with it.

        Raises:
            MissingDataError: There is none.
        """
        quote = self._gateway.quotes([symbol]).get(symbol)
        self._recorder.write(NewEvent(self._clock.now(), events.QUOTE, events.quote_payload(symbol, quote)))
        if quote is None:
            raise MissingDataError(f"{symbol}: the venue has no quote")
        return quote
