"""Orders of which only one is to fill (FIX ContingencyType 1, one cancels the other): each fill takes its part from the others.

The groups are ours, not the venue's. In simulation a fill is heard while the bar's path is being walked, so that two of a group never trade
for the same shares; live, a fill that crosses the cancel on its way can still come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.fill import Refusal
from framework.domain.order import Order, OrderStatus, OrderType
from framework.domain.values import floor_to_lot
from framework.errors import InvalidOrderError

if TYPE_CHECKING:
    from framework.domain.fill import Fill
    from framework.engine.desk import Desk
    from framework.engine.protection import Protection

#: Refusal of an order that a filled one was to cancel.
OCO_FILLED = "oco_filled"
#: Why an order was canceled because another of its group has filled.
OCO = "one cancels the other"
#: What an order is once its stop price has been reached.
_TRIGGERED = (
    (OrderType.STOP_LOSS, OrderType.MARKET),
    (OrderType.TRAILING_STOP, OrderType.MARKET),
    (OrderType.STOP_LIMIT, OrderType.LIMIT),
)


class Contingencies:
    """Keeps the orders of a group at what is left to fill."""

    def __init__(self, desk: Desk, protection: Protection) -> None:
        self._desk = desk
        self._protection = protection
        self._smaller: dict[str, Order] = {}

    def join(self, order: Order, first: Order) -> Refusal | None:
        """Put ``order`` into the group of ``first``; the refusal when what only one was to do has been done already.

        Raises:
            InvalidOrderError: ``first`` is no order.
        """
        if not isinstance(first, Order):
            raise InvalidOrderError(f"{order.symbol}: oco = {first!r} is no order; pass what buy or sell returned")
        order.oco_id = first.group_id
        order.reason = f"{order.reason}, oco {first.group_id}"
        if first.is_open or not first.filled_micros:
            return None
        detail = f"{order.side} {order.quantity} {order.symbol}: order {first.order_id}, which was to cancel it, has filled already"
        return Refusal(order.created_at, order.symbol, OCO_FILLED, detail)

    def after_fill(self, order: Order, fill: Fill) -> None:
        """``fill`` of ``order``: what its partners still ask for shrinks by the same part, and ends where nothing of it is left."""
        left, before = order.leaves_micros, order.leaves_micros + fill.quantity_micros
        for other in self._desk.blotter.partners(order):
            self.reduce(other, floor_to_lot(other.leaves_micros * left // before, self._desk.broker.capabilities.lot_micros), OCO)

    def reduce(self, order: Order, quantity: int, reason: str) -> None:
        """Put an order of ``quantity`` micro-shares, less than it has left, in the place of ``order``; for none cancel it."""
        plan, seen = self._protection.plan_of(order), self._desk.broker.get_order(order.order_id)
        if self._desk.cancel(order.order_id, reason) and quantity:
            order_id = self._desk.next_id(seen.symbol, seen.side)
            smaller = remade(replace(seen, oco_id=seen.group_id), order_id, quantity, self._desk.market.now)
            self._smaller[order.order_id] = self._desk.submit(smaller, plan)

    def current(self, order: Order) -> Order:
        """The order that works in the place of ``order``: itself, if none had to."""
        while order.order_id in self._smaller:
            order = self._smaller[order.order_id]
        return order


def remade(seen: Order, order_id: str, quantity: int, now: int) -> Order:
    """A new order of ``quantity`` with the terms of ``seen``, the venue's view: a level or a trigger that was reached is not given up."""
    order = replace(
        seen,
        order_id=order_id,
        quantity_micros=quantity,
        created_at=now,
        good_from=seen.created_at if seen.good_from is None else seen.good_from,
        status=OrderStatus.INITIALIZED,
        filled_micros=0,
        filled_value_micros=0,
        fees_micros=0,
        changes=[],
        asked=None,
        triggered=False,
    )
    reached = dict(_TRIGGERED).get(seen.order_type)
    if reached is not None and (seen.triggered or seen.filled_micros):
        order = replace(order, order_type=reached, stop_micros=None, trail_micros=None)
    return order
