"""Has the price of an order been reached that we hold? The market is asked, as the venue would have been."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import OrderStatus, OrderType, TrailType
from framework.domain.order_update import OrderUpdate
from framework.domain.values import to_micros
from framework.rules.fills import LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING, at_point, ratchet
from framework.runtime.orders import events
from framework.runtime.orders.asking import asked
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.domain.market import Quote
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.books import Tracked
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
    """Watches the prices of held orders. How far a trailing stop has followed is written down, so that no restart loosens it.

    ``awaits(symbol)``: its shares are about to split, and a price may be of before or after it.

    Attributes:
        unseen: Symbols of held orders without a quote at the last look: nobody watches what is held there.
    """

    def __init__(self, recorder: Recorder, gateway: VenueGateway, clock: Clock, awaits: Callable[[str], bool]) -> None:
        self._awaits = awaits
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self.unseen: frozenset[str] = frozenset()

    def pump(self) -> None:
        """Tell the engine which held orders have been reached; it makes way for them and releases them."""
        held = [one for one in self._recorder.books.working() if one.is_held and not self._awaits(one.order.symbol)]
        symbols = sorted({tracked.order.symbol for tracked in held})
        quotes = self._quotes(symbols) if symbols else {}
        self.unseen = frozenset(symbols) - quotes.keys()
        for tracked in held:
            quote = quotes.get(tracked.order.symbol)
            if quote is not None and self._is_reached(tracked, to_micros(quote.last)):
                update = OrderUpdate(tracked.order.order_id, self._clock.now(), OrderStatus.SUBMITTED, "its price was reached")
                self._recorder.write(NewEvent(update.timestamp, events.REPORT, events.report_payload(update, None)))

    def type_now(self, tracked: Tracked) -> OrderType:
        """As what an order that was held goes to the venue: a stop whose price has been reached as a market or limit order."""
        order = tracked.order
        if order.order_type in (OrderType.MARKET, OrderType.LIMIT):
            return order.order_type
        if not self.has_reached(tracked):
            return order.order_type
        return OrderType.LIMIT if order.order_type is OrderType.STOP_LIMIT else OrderType.MARKET

    def has_reached(self, tracked: Tracked) -> bool:
        """Whether the market has come to the price of a stop; where nobody quotes, or a split is awaited, that is not known: no."""
        if self._awaits(tracked.order.symbol):
            return False
        quote = self._quotes([tracked.order.symbol]).get(tracked.order.symbol)
        return quote is not None and self._is_reached(tracked, to_micros(quote.last))

    def _quotes(self, symbols: list[str]) -> dict[str, Quote]:
        return asked(self._recorder, self._clock, "quotes", lambda: self._gateway.quotes(symbols), lambda _: {})

    def _is_reached(self, tracked: Tracked, price: int) -> bool:
        order = tracked.order
        kind, level = _KINDS[order.order_type], self._level(tracked, price)
        fills, triggered = at_point(kind, order.side.sign, order.limit_micros or 0, level, triggered=False, price=price)
        return fills or triggered

    def _level(self, tracked: Tracked, price: int) -> int:
        order, sign = tracked.order, tracked.order.side.sign
        if order.order_type is not OrderType.TRAILING_STOP:
            return order.stop_micros or 0
        level = order.stop_micros if tracked.level is None else tracked.level
        reached = price + sign * FAR if level is None else level
        if sign * (price - reached) >= 0:
            return reached
        fresh = ratchet(sign, reached, price, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)
        if level is None or abs(fresh - level) >= self._gateway.capabilities.tick_micros(price):
            payload = {"order_id": order.order_id, "level_micros": fresh}
            self._recorder.write(NewEvent(self._clock.now(), events.LEVEL, payload))
        return fresh
