"""Through which states may an order go? The one transition table, and the only writer of an order's state."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderStatus, OrderUpdate, StateChange
from framework.domain.values import notional
from framework.errors import InvalidTransitionError, InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.fill import Fill

_S = OrderStatus

TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = MappingProxyType(
    {
        _S.INITIALIZED: frozenset({_S.DENIED, _S.SUBMITTED}),
        _S.DENIED: frozenset(),
        # A fill, a cancel or an expiry may be reported before the acceptance that came first.
        _S.SUBMITTED: frozenset(
            {_S.ACCEPTED, _S.REJECTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED, _S.UNKNOWN}
        ),
        # Venues reject late: the order was acknowledged, then failed a risk check of theirs.
        _S.ACCEPTED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED, _S.REJECTED}),
        _S.REJECTED: frozenset(),
        _S.PARTIALLY_FILLED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED}),
        _S.FILLED: frozenset(),
        # The cancel may lose the race against a fill, or be refused (back to ACCEPTED).
        _S.PENDING_CANCEL: frozenset({_S.CANCELED, _S.PARTIALLY_FILLED, _S.FILLED, _S.EXPIRED, _S.ACCEPTED}),
        # A fill that happened before the cancel or expiry may be reported after it.
        _S.CANCELED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED}),
        _S.EXPIRED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED}),
        # Settled by asking the venue: any answer is possible, sending again is not.
        _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.REJECTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED}),
    }
)


def change(order: Order, status: OrderStatus, timestamp: int, reason: str = "") -> None:
    """Move ``order`` into ``status``.

    Raises:
        InvalidTransitionError: The table has no such row.
    """
    if status not in TRANSITIONS[order.status]:
        raise InvalidTransitionError(
            f"order {order.order_id}: {order.status.value} -> {status.value} is not possible ({reason or 'no reason given'})"
        )
    order.status = status
    order.changes.append(StateChange(timestamp, status, reason))


def apply(order: Order, update: OrderUpdate) -> None:
    """Fold what a broker reported into ``order``.

    Raises:
        InvalidTransitionError: The table has no such row.
        InvariantError: The fill is not for this order, or more would be filled than was asked for.
    """
    if update.fill is not None:
        _add_fill(order, update.fill)
    change(order, update.status, update.timestamp, update.reason)


def _add_fill(order: Order, fill: Fill) -> None:
    if (fill.order_id, fill.symbol, fill.side) != (order.order_id, order.symbol, order.side):
        raise InvariantError(f"fill {fill.execution_id} of {fill.order_id} does not belong to order {order.order_id}")
    if not 0 < fill.quantity_micros <= order.quantity_micros - order.filled_micros:
        raise InvariantError(
            f"order {order.order_id}: fill of {fill.quantity} leaves {order.filled_quantity} of {order.quantity} overfilled or is empty"
        )
    order.filled_micros += fill.quantity_micros
    order.filled_value_micros += notional(fill.quantity_micros, fill.price_micros)
    order.fees_micros += fill.fees_micros


def status_after_fill(order: Order, quantity_micros: int) -> OrderStatus:
    """FILLED or PARTIALLY_FILLED, after ``quantity_micros`` more shares of ``order`` trade."""
    return _S.FILLED if order.filled_micros + quantity_micros == order.quantity_micros else _S.PARTIALLY_FILLED
