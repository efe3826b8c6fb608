"""Keeps every position paired with its stop, share for share, in reaction to each fill.

In simulation a fill is heard while the bar's path is still being walked, so the new stop works on the rest of it; live the same
reaction follows the venue's report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from framework.domain.order import Order, OrderRole, OrderType, TrailType
from framework.rules import stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.book import Book
    from framework.domain.fill import Fill
    from framework.engine.blotter import Blotter
    from framework.engine.ports import Broker
    from framework.rules.stops import StopPlan


#: Orders that leave without waiting for a better price: a stop beside them would guard shares that are already going.
LEAVES_AT_ONCE = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TRAILING_STOP})


class Door(Protocol):
    """What protection needs of the order path."""

    @property
    def book(self) -> Book:
        """Cash and positions."""

    @property
    def blotter(self) -> Blotter:
        """Working orders."""

    @property
    def broker(self) -> Broker:
        """Where orders go."""

    def submit(self, order: Order, stop: StopPlan | None) -> Order:
        """Check and send an order."""

    def cancel(self, order_id: str, reason: str) -> bool:
        """Cancel a working order."""

    def protective(self, symbol: str, direction: int, quantity: int, kind: OrderType, role: OrderRole, parent_id: str) -> Order:
        """A new order that guards a position."""


@dataclass(slots=True)
class Guarded:
    """How one position is protected: levels in micro-dollars, the trail in micro-percent, and the orders that work for it."""

    direction: int
    parent_id: str
    level: int | None = None
    trail: int | None = None
    take_profit: int | None = None
    stop: Order | None = None
    profit: Order | None = None


class Protection:
    """The stops and take-profits of all positions."""

    def __init__(self, desk: Door) -> None:
        self._desk = desk
        self._plans: dict[str, StopPlan] = {}
        self._guarded: dict[str, Guarded] = {}
        self._exits: set[str] = set()

    def before_send(self, order: Order, plan: StopPlan | None) -> None:
        """Remember what to do when ``order`` fills, and make room for it if it leaves the position at once."""
        if order.role.protects:
            return
        if plan is not None:
            self._plans[order.order_id] = plan
        held = self._desk.book.quantity(order.symbol)
        if held * order.side.sign >= 0:
            return
        if order.quantity_micros <= abs(held):
            self._exits.add(order.order_id)
        if order.order_type in LEAVES_AT_ONCE:
            self.align(order.symbol, leaving=order.quantity_micros)

    def after_fill(self, order: Order, fill: Fill) -> None:
        """React to a fill: guard what was opened, and shrink or cancel what guarded shares that are gone."""
        held = self._desk.book.quantity(fill.symbol)
        plan = self._plans.get(order.order_id)
        if held * order.side.sign > 0 and not order.role.protects:
            self._guard(order, plan, fill.price_micros)
        else:
            self._cancel_exits(order, abs(held))
        self.align(fill.symbol)

    def after_end(self, order: Order) -> None:
        """React to an order that ended: shares it was about to sell need their stop again."""
        self._plans.pop(order.order_id, None)
        self._exits.discard(order.order_id)
        if not order.role.protects:
            self.align(order.symbol)

    def _guard(self, order: Order, plan: StopPlan | None, price: int) -> None:
        known = self._guarded.get(order.symbol)
        if known is None or known.direction != order.side.sign:
            self._drop(known)
            if plan is None:
                self._guarded.pop(order.symbol, None)
                return
            known = self._guarded[order.symbol] = Guarded(order.side.sign, order.order_id)
        if plan is not None:
            known.level = stops.tighter(known.direction, known.level, self._level(plan, price, known.direction))
            known.trail = plan.trail_micros if plan.trail_micros is not None else known.trail
            known.take_profit = plan.take_profit_micros or known.take_profit

    def _level(self, plan: StopPlan, price: int, direction: int) -> int | None:
        level = stops.level(plan, price, direction)
        return None if level is None else stops.on_tick(level, self._desk.broker.capabilities.tick_micros(level), direction)

    def align(self, symbol: str, leaving: int = 0) -> None:
        """Make the guarding orders' quantity equal to the shares held, less those about to leave.

        ``leaving`` micro-shares are about to leave beside what working exits will close.
        """
        known = self._guarded.get(symbol)
        if known is None:
            return
        held = self._desk.book.quantity(symbol)
        if held * known.direction <= 0:
            self._drop(known)
            del self._guarded[symbol]
            return
        wanted = max(abs(held) - self._desk.blotter.exiting(symbol, LEAVES_AT_ONCE) - leaving, 0)
        if known.trail is not None and known.stop is not None:
            # What the trail has reached is at the venue; a new order must not fall back behind it.
            known.level = stops.tighter(known.direction, known.level, self._desk.broker.get_order(known.stop.order_id).stop_micros)
        if known.level is not None or known.trail is not None:
            known.stop = self._resized(known.stop, wanted, lambda: self._stop_order(symbol, known, wanted))
        if known.take_profit is not None:
            known.profit = self._resized(known.profit, wanted, lambda: self._profit_order(symbol, known, wanted))

    def _resized(self, order: Order | None, wanted: int, make: Callable[[], Order]) -> Order | None:
        if order is not None and order.is_open:
            if order.leaves_micros == wanted:
                return order
            self._desk.cancel(order.order_id, "resized")
        return self._desk.submit(make(), None) if wanted else None

    def _stop_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        kind = OrderType.STOP_LOSS if known.trail is None else OrderType.TRAILING_STOP
        order = self._desk.protective(symbol, known.direction, quantity, kind, OrderRole.STOP, known.parent_id)
        order.stop_micros, order.trail_micros, order.trail_type = known.level, known.trail, TrailType.PERCENTAGE
        return order

    def _profit_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        order = self._desk.protective(symbol, known.direction, quantity, OrderType.LIMIT, OrderRole.TAKE_PROFIT, known.parent_id)
        order.limit_micros = known.take_profit
        return order

    def _drop(self, known: Guarded | None) -> None:
        for order in () if known is None else (known.stop, known.profit):
            if order is not None and order.is_open:
                self._desk.cancel(order.order_id, "position closed")

    def _cancel_exits(self, done: Order, held: int) -> None:
        """Exits larger than what is left would open the opposite position."""
        for order in self._desk.blotter.exits(done.symbol, done.side):
            if order is not done and order.order_id in self._exits and order.leaves_micros > held:
                self._desk.cancel(order.order_id, "position closed")
