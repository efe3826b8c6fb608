"""Everything that happened, in order, as it happened."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.domain.account_event import AccountEvent
    from framework.domain.fill import Fill, Refusal
    from framework.domain.order import Order
    from framework.domain.order_update import OrderUpdate
    from framework.rules.guards.state import Transition


class Journal:
    """Collects the facts of a run and hashes its decisions.

    The decisions hash is SHA-256 over one line for each order decision: time, symbol, side, quantity, type, prices, time in force and
    reason; quantities and prices in micros. Cancels are no decisions of it: they show in what follows.
    """

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.account_events: list[AccountEvent] = []
        self.refusals: list[Refusal] = []
        #: Decisions, broker reports, what happened to the account, refusals and what the guards did, in the order they happened.
        self.events: list[Order | OrderUpdate | AccountEvent | Refusal | Transition] = []
        self.transitions: list[Transition] = []
        self._decisions = hashlib.sha256()

    def decided(self, order: Order) -> None:
        """Record an order decision, denied ones included, before anything is sent."""
        self.orders.append(order)
        self.events.append(order)
        self._decisions.update(decision_line(order).encode())

    def reported(self, update: OrderUpdate) -> None:
        """Record a step of an order's life."""
        self.events.append(update)
        if update.fill is not None:
            self.fills.append(update.fill)

    def posted(self, event: AccountEvent) -> None:
        """Record what happened to the account without a trade."""
        self.account_events.append(event)
        self.events.append(event)

    def refused(self, refusal: Refusal) -> None:
        """Record something wanted and not done, or done smaller."""
        self.refusals.append(refusal)
        self.events.append(refusal)

    def guarded(self, transition: Transition) -> None:
        """Record that a circuit breaker tripped or was released, or that sizes were cut or restored."""
        self.transitions.append(transition)
        self.events.append(transition)

    @property
    def decisions_hash(self) -> str:
        """Hash of all decisions so far, hexadecimal."""
        return self._decisions.hexdigest()


def decision_line(order: Order) -> str:
    """The decision in one canonical line, with the terms it was made with."""
    terms = order.decided
    prices = (terms.limit_micros, terms.stop_micros, terms.trail_micros)
    kinds = (order.order_type.value, order.trail_type.value, order.time_in_force.value)
    return line_of(order.created_at, order.symbol, order.side.value, terms.quantity_micros, kinds, prices, order.reason)


def line_of(
    time: int,
    symbol: str,
    side: str,
    quantity: int,
    kinds: tuple[str, str, str],
    prices: tuple[int | None, int | None, int | None],
    reason: str,
) -> str:
    """The line of a decision: ``kinds`` are its type, type of trail and time in force, ``prices`` limit, stop and trail (micros)."""
    limit, stop, trail = ("" if price is None else price for price in prices)
    kind, trail_type, force = kinds
    return f"{time}|{symbol}|{side}|{quantity}|{kind}|{limit}|{stop}|{trail}|{trail_type}|{force}|{reason}\n"
