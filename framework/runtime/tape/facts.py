"""What happened, as events of the tape: one function that knows how each fact of a run is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.account_event import (
    AccountEvent,
    CashInLieu,
    Delisted,
    Dividend,
    Entitlement,
    GoodFaithViolation,
    Interest,
    MarginCall,
    Split,
    TradeCorrection,
)
from framework.domain.fill import Refusal
from framework.domain.order import Order, OrderTerms
from framework.domain.order_update import OrderUpdate
from framework.errors import InvariantError
from framework.rules.guards.state import Transition
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What an event that is a plain record is called.
ACCOUNT_KINDS: tuple[tuple[type[AccountEvent], str], ...] = (
    (Split, "split"),
    (CashInLieu, "cash_in_lieu"),
    (Entitlement, "dividend_entitled"),
    (Dividend, "dividend_paid"),
    (Delisted, "delisted"),
    (Interest, "interest"),
    (MarginCall, "margin_call"),
    (GoodFaithViolation, "good_faith_violation"),
    (TradeCorrection, "trade_corrected"),
)
ORDER_FIELDS = (
    "order_id",
    "symbol",
    "side",
    "quantity_micros",
    "order_type",
    "limit_micros",
    "stop_micros",
    "trail_micros",
    "trail_type",
    "time_in_force",
    "extended_hours",
    "role",
    "parent_id",
    "oco_id",
    "strategy",
    "tag",
    "reason",
)


def new_event(event: object) -> NewEvent:
    """``event`` (a decision, a report of the broker, something of the account, a refusal or what a guard did) as the tape has it.

    Raises:
        InvariantError: The tape has no place for it.
    """
    return NewEvent(*_as_row(event))


def _as_row(event: object) -> tuple[int, str, Mapping[str, object]]:
    if isinstance(event, Order):
        return event.created_at, "order_decided", {name: getattr(event, name) for name in ORDER_FIELDS} | _terms(event.decided)
    if isinstance(event, OrderUpdate) and event.restated is not None:
        return event.timestamp, "order_restated", {"order_id": event.order_id, "reason": event.reason, **event.restated._asdict()}
    if isinstance(event, OrderUpdate):
        return event.timestamp, f"order_{event.status}", {"order_id": event.order_id, "reason": event.reason, **_fill_of(event)}
    if isinstance(event, Transition | Refusal):
        name = "refused" if isinstance(event, Refusal) else f"guard_{event.code}"
        return event.timestamp, name, {field: value for field, value in event._asdict().items() if field != "timestamp"}
    for kind, name in ACCOUNT_KINDS:
        if isinstance(event, kind):
            return event.timestamp, name, {field: getattr(event, field) for field in event.__slots__ if field != "timestamp"}
    raise InvariantError(f"the tape has no place for a {type(event).__name__}")


def _terms(terms: OrderTerms) -> dict[str, int | None]:
    """Terms under the names of the fields of an order."""
    return {name: value for name, value in terms._asdict().items() if name != "filled_micros"}


def _fill_of(update: OrderUpdate) -> dict[str, object]:
    if update.fill is None:
        return {}
    names = ("execution_id", "quantity_micros", "price_micros", "reference_micros", "fees_micros")
    return {name: getattr(update.fill, name) for name in names}
