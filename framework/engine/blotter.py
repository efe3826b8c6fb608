"""What is working at the broker, and what it will do to the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderSide, OrderType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framework.domain.book import Book

_ALL_TYPES = frozenset(OrderType)


class Blotter:
    """Orders that may still fill, beside the book they will change.

    Attributes:
        orders: By id, oldest first; ``add`` and ``remove`` are the way to change it.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._by_symbol: dict[str, dict[str, Order]] = {}
        self.orders: dict[str, Order] = {}

    def add(self, order: Order) -> None:
        """Take in an order that was sent."""
        self.orders[order.order_id] = order
        self._by_symbol.setdefault(order.symbol, {})[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Drop an order that has ended."""
        del self.orders[order.order_id]
        del self._by_symbol[order.symbol][order.order_id]

    def of(self, symbol: str | None = None) -> list[Order]:
        """Working orders in ``symbol``, or all, oldest first."""
        return list(self.orders.values() if symbol is None else self._by_symbol.get(symbol, {}).values())

    def exits(self, symbol: str, side: OrderSide) -> list[Order]:
        """Working orders of ``side`` in ``symbol`` that are no protection."""
        return [order for order in self.of(symbol) if order.side is side and not order.role.protects]

    def exiting(self, symbol: str, types: frozenset[OrderType] = _ALL_TYPES) -> int:
        """Micro-shares of the position that working orders of ``types`` will close, protective ones not counted."""
        held = self._book.quantity(symbol)
        if held == 0:
            return 0
        orders = self.exits(symbol, closing_side(held))
        return sum(order.leaves_micros for order in orders if order.order_type in types)

    def entering(self, symbol: str | None = None) -> Iterator[tuple[Order, int]]:
        """Working orders that open or add to a position, in ``symbol`` or in all, oldest first; each with the micro-shares that do."""
        closable: dict[str, int] = {}
        for order in self.of(symbol):
            held, opening = self._book.quantity(order.symbol), order.leaves_micros
            if order.role.protects:
                continue
            if held * order.side.sign < 0:
                left = closable.get(order.symbol, abs(held))
                closable[order.symbol] = max(left - opening, 0)
                opening = max(opening - left, 0)
            if opening:
                yield order, opening


def closing_side(direction: int) -> OrderSide:
    """The side that closes a long (+1) or a short (-1)."""
    return OrderSide.SELL if direction > 0 else OrderSide.BUY
