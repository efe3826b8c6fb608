"""What keeps positions protected needs of the order path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from framework.domain.book import Book
    from framework.domain.order import Order, OrderRole, OrderType
    from framework.engine.blotter import Blotter
    from framework.engine.guarded import ExitPlan
    from framework.engine.market import Market
    from framework.engine.ports import Broker


class Door(Protocol):
    """What protection needs of the order path."""

    @property
    def market(self) -> Market:
        """Bars so far."""

    @property
    def book(self) -> Book:
        """Cash and positions."""

    @property
    def blotter(self) -> Blotter:
        """Working orders."""

    @property
    def broker(self) -> Broker:
        """Where orders go."""

    def submit(self, order: Order, plan: ExitPlan | None) -> Order:
        """Check and send an order."""

    def cancel(self, order_id: str, reason: str) -> bool:
        """Cancel a working order."""

    def reduce(self, order: Order, quantity: int, reason: str) -> None:
        """Make a working order smaller."""

    def close(self, symbol: str, reason: str) -> Order | None:
        """Leave a position at market."""

    def protective(self, symbol: str, direction: int, quantity: int, kind: OrderType, role: OrderRole, parent_id: str) -> Order:
        """A new order that guards a position."""
