"""What a line of orders.jsonl says of its order beside what happened to it, so that each line can be read alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.values import from_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from framework.domain.order import Order
    from framework.runtime.orders.envelope import OrderEnvelope


class OrderLines:
    """Looks orders up.

    Args:
        orders: All that were decided, oldest first; more come at its end.
        mode: Of the session.
        status_of: Where an order is at the venue, by its id; ``None`` where the venue is simulated.
    """

    def __init__(self, orders: Sequence[Order], mode: str, status_of: Callable[[str], OrderEnvelope | None] | None) -> None:
        self._orders, self._mode, self._status_of = orders, mode, status_of
        self._known: dict[str, Order] = {}
        self._seen = 0

    def about(self, payload: Mapping[str, object]) -> dict[str, object]:
        """More fields for a line with ``payload``; none where it is about no order.

        ``attempt`` counts the requests for the order under its present id, ``latency_ms`` is the time from the last of them to the answer:
        null while there is none, 0 where the order was found in a listing. Both are as they are when the line is written.
        """
        order_id = payload.get("order_id")
        if not isinstance(order_id, str):
            return {}
        found = None if self._status_of is None else self._status_of(order_id)
        sent = None if found is None or found.latency_seconds is None else round(found.latency_seconds * 1_000, 3)
        return {"mode": self._mode, **self._terms(order_id), "attempt": None if found is None else found.requests, "latency_ms": sent}

    def _terms(self, order_id: str) -> dict[str, object]:
        for order in self._orders[self._seen :]:
            self._known[order.order_id] = order
        self._seen = len(self._orders)
        one = self._known.get(order_id)
        if one is None:
            return {}
        limit = None if one.limit_micros is None else str(from_micros(one.limit_micros))
        return {"symbol": one.symbol, "side": str(one.side), "quantity": str(one.quantity), "limit_price": limit}
