"""Keeps every position paired with its stop, share for share, in reaction to each fill.

In simulation a fill is heard while the bar's path is still being walked, so the new stop works on the rest of it; live the same
reaction follows the venue's report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TrailType
from framework.rules import stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.fill import Fill
    from framework.engine.engine import Engine
    from framework.rules.stops import StopPlan


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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._plans: dict[str, StopPlan] = {}
        self._guarded: dict[str, Guarded] = {}

    def plan(self, order: Order, plan: StopPlan | None) -> None:
        """Remember what to do when ``order`` fills."""
        if plan is not None:
            self._plans[order.order_id] = plan

    def forget(self, order: Order) -> None:
        """Drop the plan of an order that has ended."""
        self._plans.pop(order.order_id, None)

    def after_fill(self, order: Order, fill: Fill) -> None:
        """React to a fill: guard what was opened, and shrink or cancel what guarded shares that are gone."""
        held = self._engine.book.quantity(fill.symbol)
        plan = self._plans.get(order.order_id)
        if held * order.side.sign > 0 and not order.role.protects:
            self._guard(order, plan, fill.price_micros)
        elif held == 0:
            self._cancel_exits(order)
        self.align(fill.symbol)

    def _guard(self, order: Order, plan: StopPlan | None, price: int) -> None:
        known = self._guarded.get(order.symbol)
        if known is None or known.direction != order.side.sign:
            self._drop(known)
            if plan is None:
                self._guarded.pop(order.symbol, None)
                return
            known = self._guarded[order.symbol] = Guarded(order.side.sign, order.order_id)
        if plan is not None:
            known.level = stops.tighter(known.direction, known.level, stops.level(plan, price, known.direction))
            known.trail = plan.trail_micros if plan.trail_micros is not None else known.trail
            known.take_profit = plan.take_profit_micros or known.take_profit

    def align(self, symbol: str, leaving: int = 0) -> None:
        """Make the guarding orders' quantity equal to the shares held less those about to leave (``leaving`` micro-shares more than the working exits)."""
        known = self._guarded.get(symbol)
        if known is None:
            return
        held = self._engine.book.quantity(symbol)
        if held * known.direction <= 0:
            self._drop(known)
            del self._guarded[symbol]
            return
        wanted = max(abs(held) - self._engine.exiting(symbol, at_market=True) - leaving, 0)
        if known.level is not None or known.trail is not None:
            known.stop = self._resized(known.stop, wanted, lambda: self._stop_order(symbol, known, wanted))
        if known.take_profit is not None:
            known.profit = self._resized(known.profit, wanted, lambda: self._profit_order(symbol, known, wanted))

    def _resized(self, order: Order | None, wanted: int, make: Callable[[], Order]) -> Order | None:
        if order is not None and order.is_open:
            if order.leaves_micros == wanted:
                return order
            self._engine.cancel(order.order_id, "resized")
        return self._engine.submit(make(), None) if wanted else None

    def _stop_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        level = known.level
        if known.stop is not None and known.trail is not None:
            # What the trail has reached is at the venue; a new order must not fall back behind it.
            level = stops.tighter(known.direction, level, self._engine.broker.get_order(known.stop.order_id).stop_micros)
        kind = OrderType.STOP_LOSS if known.trail is None else OrderType.TRAILING_STOP
        order = self._engine.protective(symbol, known.direction, quantity, kind, OrderRole.STOP, known.parent_id)
        order.stop_micros, order.trail_micros, order.trail_type = level, known.trail, TrailType.PERCENTAGE
        return order

    def _profit_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        order = self._engine.protective(symbol, known.direction, quantity, OrderType.LIMIT, OrderRole.TAKE_PROFIT, known.parent_id)
        order.limit_micros = known.take_profit
        return order

    def _drop(self, known: Guarded | None) -> None:
        for order in () if known is None else (known.stop, known.profit):
            if order is not None and order.is_open:
                self._engine.cancel(order.order_id, "position closed")

    def _cancel_exits(self, done: Order) -> None:
        """Exits of a position that is gone would open the opposite one."""
        for order in self._engine.exits(done.symbol, done.side):
            self._engine.cancel(order.order_id, "position closed")


def closing_side(direction: int) -> OrderSide:
    """The side that closes a long (+1) or a short (-1)."""
    return OrderSide.SELL if direction > 0 else OrderSide.BUY
