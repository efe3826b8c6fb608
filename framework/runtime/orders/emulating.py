"""Has the price of an order been reached that we hold? The market is asked, as the venue would have been."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import OrderStatus, OrderType, OrderUpdate, TrailType
from framework.domain.values import to_micros
from framework.rules.fills import LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING, at_point, ratchet
from framework.runtime.orders import events
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import Order
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.recorder import Recorder

_KINDS: Mapping[OrderType, int] = MappingProxyType(
    {
        OrderType.MARKET: MARKET,
        OrderType.LIMIT: LIMIT,
        OrderType.STOP_LOSS: STOP,
        OrderType.STOP_LIMIT: STOP_LIMIT,
        OrderType.TRAILING_STOP: TRAILING,
    }
)


#: A level that no market has reached, micro-dollars.
FAR = 1 << 50


class Emulating:
    """Watches the prices of held orders. A trailing level is kept in memory: after a restart it begins anew from the order's own."""

    def __init__(self, recorder: Recorder, gateway: VenueGateway, clock: Clock) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._levels: dict[str, int] = {}

    def pump(self) -> None:
        """Tell the engine which held orders have been reached; it makes way for them and releases them."""
        held = [tracked.order for tracked in self._recorder.books.working() if tracked.is_held]
        self._levels = {order.order_id: self._levels[order.order_id] for order in held if order.order_id in self._levels}
        if not held:
            return
        quotes = self._gateway.quotes(sorted({order.symbol for order in held}))
        for order in held:
            quote = quotes.get(order.symbol)
            if quote is not None and self._is_reached(order, to_micros(quote.last)):
                update = OrderUpdate(order.order_id, self._clock.now(), OrderStatus.SUBMITTED, "its price was reached")
                self._recorder.write(NewEvent(update.timestamp, events.REPORT, events.report_payload(update, None)))

    def type_now(self, order: Order) -> OrderType:
        """As what an order that was held goes to the venue: a stop whose price has been reached as a market or limit order."""
        if order.order_type in (OrderType.MARKET, OrderType.LIMIT):
            return order.order_type
        quote = self._gateway.quotes([order.symbol]).get(order.symbol)
        if quote is None or not self._is_reached(order, to_micros(quote.last)):
            return order.order_type
        return OrderType.LIMIT if order.order_type is OrderType.STOP_LIMIT else OrderType.MARKET

    def _is_reached(self, order: Order, price: int) -> bool:
        kind, level = _KINDS[order.order_type], self._level(order, price)
        fills, triggered = at_point(kind, order.side.sign, order.limit_micros or 0, level, False, price)  # noqa: FBT003 - as compiled code calls it
        return fills or triggered

    def _level(self, order: Order, price: int) -> int:
        if order.order_type is not OrderType.TRAILING_STOP:
            return order.stop_micros or 0
        sign, in_percent = order.side.sign, order.trail_type is TrailType.PERCENTAGE
        level = self._levels.get(order.order_id, order.stop_micros)
        start = price + sign * FAR if level is None else level
        if sign * (price - start) < 0:
            self._levels[order.order_id] = start = ratchet(sign, start, price, order.trail_micros or 0, in_percent)
        return start
