"""How far a buy may follow the price: where the venue sends market buys and buy stops as limit orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderSide, OrderTerms, OrderType
from framework.rules import fills
from framework.rules.execution.pricing import limit_price

if TYPE_CHECKING:
    from brokers.simulated.working import Working
    from framework.domain.venue import Capabilities


def ceiling(work: Working, venue: Capabilities) -> int | None:
    """Highest price, micro-dollars, at which ``work`` buys without having a limit of its own; ``None`` where nothing bounds it."""
    rate = venue.collar_millionths
    if not rate or work.order.side is OrderSide.SELL or work.kind in {fills.LIMIT, fills.STOP_LIMIT}:
        return None
    start = work.measured if work.kind == fills.MARKET else work.level
    return limit_price(1, start, rate, 0, venue.tick_micros(limit_price(1, start, rate, 0, 1)))


def rest(work: Working, limit: int) -> OrderTerms:
    """Let ``work`` go on as the limit order it is at the venue; its new terms."""
    order = work.order
    work.kind, order.order_type = fills.LIMIT, OrderType.LIMIT
    return OrderTerms(order.quantity_micros, order.filled_micros, limit, None, None)
