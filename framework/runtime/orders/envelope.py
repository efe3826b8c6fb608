"""An order with what happened to it on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from framework.domain.order import OrderStatus
    from framework.runtime.orders.books import Tracked


@dataclass(frozen=True, slots=True)
class OrderEnvelope:
    """Where an order is.

    Attributes:
        order_id, client_id, venue_order_id: Ours, ours at the venue, the venue's; ``None`` while it was not sent, or nobody has answered.
        status: Of the order.
        filled: Shares.
        average_price: Dollars; ``None`` before the first fill.
        requests: How often it was asked for; more than once only under the same client id.
        sent_at: When it was last asked for, ns UTC; ``None`` while it was not.
        latency_seconds: From the request to the answer; ``None`` before it, and 0 when it was found in a listing.
    """

    order_id: str
    client_id: str | None
    venue_order_id: str | None
    status: OrderStatus
    filled: Decimal
    average_price: Decimal | None
    requests: int
    sent_at: int | None
    latency_seconds: float | None

    def age_seconds(self, now: int) -> float:
        """How long ago it was last asked for, at ``now`` (ns UTC); 0 while it was not."""
        return 0.0 if self.sent_at is None else max(now - self.sent_at, 0) / 1e9


def envelope(tracked: Tracked) -> OrderEnvelope:
    """The envelope of an order."""
    order, leg = tracked.order, tracked.leg
    return OrderEnvelope(
        order.order_id,
        None if leg is None else leg.ref,
        None if leg is None else leg.venue_order_id,
        order.status,
        order.filled_quantity,
        order.average_price,
        0 if leg is None else leg.dispatches,
        None if leg is None or not leg.sent_at else leg.sent_at,
        None if leg is None or leg.venue_order_id is None else leg.latency_ns / 1e9,
    )
