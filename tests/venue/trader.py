"""A trader for tests: the real order manager on a real tape, an engine that only listens, and a venue that misleads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from framework.domain.book import Book
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO, to_micros
from framework.rules import ledger, lifecycle, limits
from framework.runtime.orders import events
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.ids import Desk
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.account_event import AccountEvent
    from framework.domain.order_update import OrderUpdate
    from framework.runtime.orders.incidents import Incident
    from tests.venue.scripted import ScriptedVenue

DESK = Desk("hash of an account", "paper")
HEADER = {"mode": DESK.mode, "account": DESK.account}
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def order_of(
    number: int,
    side: OrderSide = BUY,
    shares: float = 10,
    *,
    symbol: str = "AAPL",
    kind: OrderType = OrderType.LIMIT,
    price: float = 100.0,
    role: OrderRole = OrderRole.EXPLICIT,
    force: TimeInForce = TimeInForce.DAY,
    status: OrderStatus = OrderStatus.SUBMITTED,
) -> Order:
    """An order as the desk sends it."""
    micros = to_micros(price)
    return Order(
        f"S-{symbol}-{number}-{side}",
        symbol,
        side,
        round(shares * MICRO),
        kind,
        number,
        limit_micros=micros if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
        stop_micros=micros if kind in (OrderType.STOP_LOSS, OrderType.STOP_LIMIT) else None,
        time_in_force=force,
        role=role,
        strategy="S",
        status=status,
    )


def foreign_orders(manager):
    """The orders that the tape notes as somebody else's, ids of the venue, oldest first."""
    return [event.payload["venue_order_id"] for event in manager._recorder.store.events(kinds=[events.FOREIGN])]


@dataclass
class Listener:
    """An engine reduced to its books: folds what it hears as the desk does."""

    orders: dict[str, Order] = field(default_factory=dict)
    book: Book = field(default_factory=lambda: Book(0))
    heard: list[OrderUpdate] = field(default_factory=list)
    account: list[AccountEvent] = field(default_factory=list)

    def on_update(self, update: OrderUpdate) -> None:
        order = self.orders.get(update.order_id)
        self.heard.append(update)
        if order is not None:
            lifecycle.apply(order, update)
        if update.fill is not None:
            ledger.post_fill(self.book, update.fill)

    def on_account(self, event: AccountEvent) -> None:
        self.account.append(event)
        ledger.post(self.book, event)


class Trader:
    """One process: opens the tape, recovers, trades. ``close`` ends it cleanly, dropping it does not."""

    def __init__(self, path: Path, venue: ScriptedVenue, policy: OrderPolicy | None = None, **settings: object) -> None:
        self.venue = venue
        self.clock = settings.pop("clock", venue.truth.clock)
        self.store = TapeStore.open(path, header=HEADER)
        self.incidents: list[Incident] = []
        self.engine = Listener()
        self.manager = OrderManager(
            venue,
            self.store,
            DESK,
            self.clock,
            policy or OrderPolicy(),
            alarm=self.incidents.append,
            **settings,  # type: ignore[arg-type]
        )
        self.manager.subscribe(self.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.store.close()

    def start(self) -> None:
        """Reconcile, as every process does before it decides anything."""
        for _ in range(5):
            if self.manager.reconcile().succeeded:
                return
        raise AssertionError(self.manager.reconcile())

    def place(self, order: Order) -> Order:
        """Send an order through the door."""
        self.engine.orders[order.order_id] = order
        return self.manager.place_order(limits.approved_before(order, order.order_type))

    def cancel(self, order: Order) -> bool:
        """Ask for a cancel as the desk does, which steps first."""
        lifecycle.change(order, OrderStatus.PENDING_CANCEL, self.clock.now())
        return self.manager.cancel_order(order.order_id)

    def hold(self, order: Order) -> None:
        """Take an order back as the desk does."""
        self.manager.hold_order(order.order_id)
        lifecycle.change(order, OrderStatus.EMULATED, self.clock.now())

    def release(self, order: Order) -> None:
        """Let an order that is held rest at the venue again, as the desk does."""
        lifecycle.change(order, OrderStatus.SUBMITTED, self.clock.now())
        self.manager.release_order(order.order_id)

    def pass_time(self, seconds: float, step: float = 5.0) -> None:
        """Poll for a while."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            self.manager.poll()
            seconds -= step

    def codes(self) -> list[str]:
        """Incidents so far."""
        return [str(one.code) for one in self.incidents]
