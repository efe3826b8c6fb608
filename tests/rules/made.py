"""Orders and fills for tests, with the few fields that matter given."""

from __future__ import annotations

from typing import Any

from framework.domain.fill import Fill
from framework.domain.order import Order, OrderSide, OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO
from framework.rules.lifecycle import apply, status_after_fill


def order_of(side: OrderSide = OrderSide.BUY, quantity: int = 10 * MICRO, kind: OrderType = OrderType.MARKET, **fields: Any) -> Order:
    """An order of ``quantity`` micro-shares of AAPL."""
    return Order("order-1", "AAPL", side, quantity, kind, 7, **fields)


def fill_of(order: Order, quantity: int, price: int, fees: int = 0) -> Fill:
    """A fill of ``order`` that had no slippage."""
    return Fill("fill-1", order.order_id, 9, order.symbol, order.side, quantity, price, price, fees)


def trade(side: OrderSide, quantity: int, price: int, fees: int = 0, reference: int | None = None, symbol: str = "AAPL") -> Fill:
    """A fill of no order in particular."""
    return Fill("fill-1", "order-1", 9, symbol, side, quantity, price, price if reference is None else reference, fees)


def report(order: Order, fill: Fill) -> None:
    """Apply ``fill`` to ``order`` under the status it leads to."""
    apply(order, OrderUpdate(order.order_id, 9, status_after_fill(order, fill.quantity_micros), "", fill))


def state_of(order: Order) -> tuple[OrderStatus, int, int, int, list[object]]:
    """Everything of ``order`` that its life changes."""
    return order.status, order.filled_micros, order.filled_value_micros, order.fees_micros, list(order.changes)
