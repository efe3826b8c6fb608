"""Orders held by us until their price is reached (emulated orders), because the venue would not have them as they stand.

Where a working sell order reserves its shares, only one order can promise a share. The protective stop rests at the venue, and works there
when we do not; any other exit for the same shares is held. When its price is reached, what rests is held in its place. So is a protective
order the venue has no form for: with parts of a share, or a stop that has been passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderStatus
from framework.domain.values import floor_to_lot, to_micros
from framework.errors import BrokerError
from framework.rules.pretrade.venue_rules import unfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.order import Order
    from framework.engine.desk import Desk

#: Why an order is held as it is sent.
HELD = "held by us until its price is reached"
#: Why an order is made smaller, or canceled, although its price has been reached.
LEAVING = "its shares are being sold at market"
#: States in which a venue can be asked to give an order back.
_RESTING = frozenset({OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED})


class Emulation:
    """Decides which orders rest at the venue. ``step`` takes an order into a state that is ours to give."""

    def __init__(self, desk: Desk, step: Callable[[Order, OrderStatus, str], None]) -> None:
        self._desk = desk
        self._step = step

    def holds(self, order: Order) -> bool:
        """Whether ``order``, which was approved, is to be held."""
        if order.leaves_at_once:
            return False
        if order.role.protects and self._is_unfit(order):
            return True
        return order.role is not OrderRole.STOP and self._missing(order) > 0

    def make_way(self, order: Order) -> None:
        """Take back what keeps from the venue the shares that ``order`` is about to sell there: its partners first, a stop last."""
        missing = self._missing(order)
        resting = [other for other in self._promises(order) if other.status in _RESTING and not other.leaves_at_once] if missing > 0 else []
        for other in sorted(resting, key=lambda other: (other.group_id != order.group_id, other.role is OrderRole.STOP)):
            if missing > 0 and self._taken_back(other, f"its shares are needed for {order.order_id}"):
                missing -= other.leaves_micros

    def on_reached(self, order: Order) -> None:
        """The price of ``order`` has been reached: send it, or as much of it as is not being sold at market already."""
        self.make_way(order)
        excess = self._missing(order, at_once=True)
        if excess > 0:
            lot = self._desk.broker.capabilities.lot_of(order.order_type)
            self._desk.reduce(order, floor_to_lot(max(order.leaves_micros - excess, 0), lot), LEAVING)
        else:
            self._desk.release(order)

    def on_close(self) -> None:
        """Let the stops that we hold rest at the venue again, where it can have them."""
        if not self._desk.broker.capabilities.reserves_shares:
            return
        for order in self._desk.blotter.of():
            if order.status is OrderStatus.EMULATED and order.role is OrderRole.STOP and not self.holds(order):
                self.make_way(order)
                self._step(order, OrderStatus.SUBMITTED, "the venue can have it again")
                self._desk.release(order)

    def _taken_back(self, order: Order, reason: str) -> bool:
        try:
            self._desk.broker.hold_order(order.order_id)
        except BrokerError:
            return False  # it goes on working, and keeps its shares
        self._step(order, OrderStatus.EMULATED, reason)
        return True

    def _is_unfit(self, order: Order) -> bool:
        desk = self._desk
        price = to_micros(desk.broker.get_quote(order.symbol).last)
        return unfit(order, desk.broker.capabilities, price, desk.book.quantity(order.symbol)) is not None

    def _missing(self, order: Order, *, at_once: bool = False) -> int:
        """Micro-shares that ``order`` would promise although others at the venue have, or those of them that leave ``at_once``."""
        if not self._desk.broker.capabilities.reserves_shares:
            return 0
        held = self._desk.book.quantity(order.symbol)
        if held * order.side.sign >= 0:
            return 0
        promised = sum(other.leaves_micros for other in self._promises(order) if other.leaves_at_once or not at_once)
        return promised + order.leaves_micros - abs(held)

    def _promises(self, order: Order) -> list[Order]:
        """Orders at the venue that promise shares of the same position."""
        working = self._desk.blotter.of(order.symbol)
        return [one for one in working if one is not order and one.side is order.side and one.status is not OrderStatus.EMULATED]
