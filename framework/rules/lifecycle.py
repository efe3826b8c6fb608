"""Through which states may an order go? The one transition table, and the only writer of an order's state."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderStatus, StateChange
from framework.domain.values import from_micros, notional
from framework.errors import InvalidTransitionError, InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.fill import Fill
    from framework.domain.order import OrderTerms
    from framework.domain.order_update import OrderUpdate

_S = OrderStatus

TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = MappingProxyType(
    {
        _S.INITIALIZED: frozenset({_S.DENIED, _S.EMULATED, _S.SUBMITTED}),
        _S.DENIED: frozenset(),
        # A fill that happened before we took the order back may be reported after it; the rest stays with us.
        _S.EMULATED: frozenset({_S.EMULATED, _S.SUBMITTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED}),
        # A fill, a cancel or an expiry may be reported before the acceptance that came first.
        _S.SUBMITTED: frozenset(
            {_S.ACCEPTED, _S.REJECTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED, _S.UNKNOWN}
        ),
        # Venues reject late: the order was acknowledged, then failed a risk check of theirs.
        _S.ACCEPTED: frozenset({_S.EMULATED, _S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED, _S.REJECTED}),
        # A venue may say no to an order that it has taken all the same; what that one trades is booked.
        _S.REJECTED: frozenset({_S.REJECTED, _S.PARTIALLY_FILLED, _S.FILLED}),
        _S.PARTIALLY_FILLED: frozenset({_S.EMULATED, _S.PARTIALLY_FILLED, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED}),
        _S.FILLED: frozenset(),
        # The cancel may lose the race against a fill, or be refused (back to ACCEPTED); after a part of it, it is awaited still.
        # The answer to its submission may come after we want it back.
        _S.PENDING_CANCEL: frozenset(
            {_S.PENDING_CANCEL, _S.CANCELED, _S.PARTIALLY_FILLED, _S.FILLED, _S.EXPIRED, _S.ACCEPTED, _S.REJECTED, _S.UNKNOWN}
        ),
        # A fill that happened before the cancel or expiry may be reported after it; a part of the order does not revive the rest.
        _S.CANCELED: frozenset({_S.CANCELED, _S.PARTIALLY_FILLED, _S.FILLED}),
        _S.EXPIRED: frozenset({_S.EXPIRED, _S.PARTIALLY_FILLED, _S.FILLED}),
        # Settled by asking the venue: any answer is possible, sending again is not.
        _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.REJECTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED}),
    }
)


def change(order: Order, status: OrderStatus, timestamp: int, reason: str = "") -> None:
    """Move ``order`` into ``status``.

    Raises:
        InvalidTransitionError: The table has no such row.
    """
    _check_step(order, status, reason)
    _enter(order, status, timestamp, reason)


def _enter(order: Order, status: OrderStatus, timestamp: int, reason: str) -> None:
    order.status = status
    order.changes.append(StateChange(timestamp, status, reason))


def apply(order: Order, update: OrderUpdate) -> None:
    """Fold what a broker reported into ``order``: all of it, or nothing when it raises.

    Raises:
        InvalidTransitionError: The table has no such row.
        InvariantError: The fill is not for this order, more would be filled than was asked for, the shares filled
            contradict the status (FILLED is every share, PARTIALLY_FILLED some), an ended order revives without a fill, or the
            restated terms leave nothing to fill.
    """
    if update.restated is not None:
        _restate(order, update, update.restated)
        return
    _check_step(order, update.status, update.reason)
    if update.fill is not None:
        _check_fill(order, update.fill)
    _check_filled(order, update)
    if update.fill is not None:
        order.filled_micros += update.fill.quantity_micros
        order.filled_value_micros += notional(update.fill.quantity_micros, update.fill.price_micros)
        order.fees_micros += update.fill.fees_micros
    _enter(order, update.status, update.timestamp, update.reason)


def _restate(order: Order, update: OrderUpdate, terms: OrderTerms) -> None:
    """Let ``order`` go on under ``terms``; the money that was paid for what has filled stays what it was."""
    if not order.is_open or update.fill is not None:
        raise InvalidTransitionError(f"order {order.order_id}: only a working order is restated, and apart from any fill")
    if not 0 <= terms.filled_micros < terms.quantity_micros or (terms.filled_micros == 0) is not (order.filled_micros == 0):
        raise InvariantError(
            f"order {order.order_id}: restated as {from_micros(terms.filled_micros)} of {from_micros(terms.quantity_micros)} shares "
            f"filled, from {order.filled_quantity} of {order.quantity}"
        )
    order.asked = order.decided
    order.quantity_micros, order.filled_micros = terms.quantity_micros, terms.filled_micros
    order.limit_micros, order.stop_micros, order.trail_micros = terms.limit_micros, terms.stop_micros, terms.trail_micros
    order.changes.append(StateChange(update.timestamp, order.status, update.reason, terms))


def _check_step(order: Order, status: OrderStatus, reason: str) -> None:
    if status not in TRANSITIONS[order.status]:
        raise InvalidTransitionError(
            f"order {order.order_id}: {order.status.value} -> {status.value} is not possible ({reason or 'no reason given'})"
        )


def _check_fill(order: Order, fill: Fill) -> None:
    if (fill.order_id, fill.symbol, fill.side) != (order.order_id, order.symbol, order.side):
        raise InvariantError(f"fill {fill.execution_id} of {fill.order_id} does not belong to order {order.order_id}")
    if not 0 < fill.quantity_micros <= order.quantity_micros - order.filled_micros:
        raise InvariantError(
            f"order {order.order_id}: fill of {fill.quantity} leaves {order.filled_quantity} of {order.quantity} overfilled or is empty"
        )


def _check_filled(order: Order, update: OrderUpdate) -> None:
    filled = order.filled_micros + (0 if update.fill is None else update.fill.quantity_micros)
    is_whole, is_empty = filled == order.quantity_micros, filled == 0
    if is_whole != (update.status is _S.FILLED) or (is_empty and update.status is _S.PARTIALLY_FILLED):
        raise InvariantError(
            f"order {order.order_id}: reported as {update.status.value} with {from_micros(filled)} of {order.quantity} shares filled"
        )
    if update.fill is None and update.status is order.status and order.is_open and order.status is not _S.PARTIALLY_FILLED:
        raise InvariantError(f"order {order.order_id}: reported as {update.status.value} again, without a fill")
    if update.fill is None and not order.is_open:
        raise InvariantError(f"order {order.order_id}: {order.status.value} -> {update.status.value} needs a late fill, and there is none")


def status_after_fill(order: Order, quantity_micros: int) -> OrderStatus:
    """FILLED or PARTIALLY_FILLED, after ``quantity_micros`` more shares of ``order`` trade."""
    return _S.FILLED if order.filled_micros + quantity_micros == order.quantity_micros else _S.PARTIALLY_FILLED


def after_our_step(order: Order, update: OrderUpdate) -> OrderUpdate | None:
    """``update`` as it counts when it crossed our taking the order back: it does not undo that, and without shares it is no news."""
    if order.status not in {_S.PENDING_CANCEL, _S.EMULATED} or update.status not in {_S.ACCEPTED, _S.PARTIALLY_FILLED}:
        return update
    if update.restated is not None:
        return update
    return None if update.fill is None else replace(update, status=order.status)
