"""What is working at the broker, and what it will do to the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderSide
from framework.errors import InvariantError
from framework.rules.pretrade.standing import entry_price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from framework.domain.book import Book
    from framework.domain.order_update import OrderUpdate
    from framework.engine.market import Market


class Blotter:
    """Orders that may still fill, beside the book they will change.

    Attributes:
        orders: By id, oldest first; ``add`` and ``remove`` are the way to change it.
        closing: Micro-shares of an order that were to close a position when it was sent, by id: the most it will ever close, and the
            others are an entry whatever becomes of the position before it fills.
    """

    def __init__(self, book: Book, market: Market) -> None:
        self._book = book
        self._market = market
        self._by_symbol: dict[str, dict[str, Order]] = {}
        self._groups: set[str] = set()
        self._ended: dict[str, Order] = {}
        self.orders: dict[str, Order] = {}
        self.closing: dict[str, int] = {}

    def add(self, order: Order) -> None:
        """Take in an order that was sent."""
        self.orders[order.order_id] = order
        self._by_symbol.setdefault(order.symbol, {})[order.order_id] = order
        if order.oco_id is not None:
            self._groups.add(order.oco_id)

    def remove(self, order: Order) -> None:
        """Drop an order that has ended."""
        self._ended[order.order_id] = order
        del self.orders[order.order_id]
        self.closing.pop(order.order_id, None)
        del self._by_symbol[order.symbol][order.order_id]

    def told_of(self, update: OrderUpdate) -> Order:
        """The order of a broker's report; one that had ended is among the working ones again.

        Raises:
            InvariantError: It is not known here.
        """
        order = self.orders.get(update.order_id)
        if order is not None:
            return order
        if update.order_id not in self._ended:
            raise InvariantError(f"the broker reports order {update.order_id!r} as {update.status}, which is not working here")
        order = self._ended.pop(update.order_id)
        self.add(order)
        return order

    def of(self, symbol: str | None = None) -> list[Order]:
        """Working orders in ``symbol``, or all, oldest first."""
        return list(self.orders.values() if symbol is None else self._by_symbol.get(symbol, {}).values())

    def rows_with(self, rows: list[int]) -> list[int]:
        """``rows``, ascending, and those of the symbols with working orders."""
        if not self.orders:
            return rows
        return sorted({*rows, *(self._market.row[symbol] for symbol, orders in self._by_symbol.items() if orders)})

    def partners(self, order: Order) -> list[Order]:
        """Working orders of which only one is to fill together with ``order``, oldest first."""
        if order.group_id not in self._groups:
            return []
        return [other for other in self.orders.values() if other.group_id == order.group_id and other is not order]

    def exits(self, symbol: str, side: OrderSide) -> list[Order]:
        """Working orders of ``side`` in ``symbol`` that are no protection."""
        return [order for order in self.of(symbol) if order.side is side and not order.role.protects]

    def exiting(self, symbol: str, *, at_once: bool = False, beside: Order | None = None) -> int:
        """Micro-shares of the position that working orders will close, or those of them that leave ``at_once``.

        Protective orders and partners of ``beside`` are not counted, of a group of which only one is to fill the largest.
        """
        held = self._book.quantity(symbol)
        if held == 0:
            return 0
        orders = [order for order in self.exits(symbol, closing_side(held)) if order.leaves_at_once or not at_once]
        return sum(max(order.leaves_micros for order in group) for group in self._grouped(orders, beside))

    def entering(
        self, symbol: str | None = None, beside: Order | None = None, cost: Callable[[Order, int], int] | None = None
    ) -> Iterator[tuple[Order, int]]:
        """Working orders that open or add to a position, in ``symbol`` or in all, oldest first; each with the micro-shares that do.

        Of a group of which only one is to fill it is the one that may cost most, by ``cost(order, micro-shares)`` or else by its value;
        partners of ``beside`` are not counted.
        """
        closable: dict[str, int] = {}
        for group in self._grouped([order for order in self.of(symbol) if not order.role.protects], beside):
            free = dict(closable) if len(group) > 1 else closable
            coming = [(order, opening) for order in group if (opening := self._opening(order, closable, free))]
            if coming:
                yield max(coming, key=lambda one: (cost or self._cost)(*one)) if len(coming) > 1 else coming[0]

    def _opening(self, order: Order, closable: dict[str, int], free: dict[str, int]) -> int:
        """Micro-shares of ``order`` that close nothing of what is ``free``; ``closable`` is what it leaves to be closed by others."""
        held, quantity = self._book.quantity(order.symbol), order.leaves_micros
        if held * order.side.sign >= 0:
            return quantity
        left = free.get(order.symbol, abs(held))
        closable[order.symbol] = min(closable.get(order.symbol, left), max(left - quantity, 0))
        return max(quantity - min(left, self.still_closing(order)), 0)

    def still_closing(self, order: Order) -> int:
        """Micro-shares of a position that what is left of ``order`` was to close when it was sent."""
        return max(self.closing.get(order.order_id, 0) - order.filled_micros, 0)

    def _cost(self, order: Order, opening: int) -> int:
        """What a working entry comes to at its reference price."""
        return opening * entry_price(order, self._market.price_micros(self._market.row[order.symbol]))

    def _grouped(self, orders: list[Order], beside: Order | None) -> Iterable[list[Order]]:
        """``orders`` by the group of which only one is to fill; most groups are of one."""
        if not self._groups and (beside is None or beside.oco_id is None):
            return [[order] for order in orders]
        groups: dict[str, list[Order]] = {}
        for order in orders:
            if beside is None or order.group_id != beside.group_id:
                groups.setdefault(order.group_id, []).append(order)
        return groups.values()


def closing_side(direction: int) -> OrderSide:
    """The side that closes a long (+1) or a short (-1)."""
    return OrderSide.SELL if direction > 0 else OrderSide.BUY
