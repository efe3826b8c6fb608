"""What the order manager writes on the tape: kinds of events, keys that let a thing happen once, and orders as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.domain.account_event import CashInLieu, Dividend, Entitlement, Split, TradeCorrection
from framework.domain.fill import Fill
from framework.domain.market import Quote
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.order_update import OrderUpdate
from framework.domain.venue_order import Execution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.account_event import AccountEvent

INTENT = "venue_intent"  # an order, or an order held before, is to go to the venue
DISPATCH = "venue_dispatch"  # a request for it may be on its way from here on
NOT_SENT = "venue_not_sent"  # that request has not reached the venue
BOUND = "venue_bound"  # the venue has it, under this id
SEEN = "venue_seen"  # a picture of it taught us something
ENDED = "venue_ended"  # nothing more of it can fill at the venue
REPORT = "venue_report"  # the engine is told
CORRECTION = "venue_correction"  # the engine is told of a trade that was changed
SPLIT = "venue_split"  # shares have split: the venue shows it as it was announced
ENTITLED = "venue_entitled"  # whoever held shares will be paid a dividend
PAID = "venue_paid"  # money that was announced has come
CANCEL = "venue_cancel"  # it is to be canceled
CANCEL_DISPATCH = "venue_cancel_dispatch"
HOLD = "venue_hold"  # it is to be taken back, and held here
LEVEL = "venue_level"  # how far a trailing stop that is held has followed the market
TOMBSTONE = "venue_tombstone"  # never seen again, given up
BASELINE = "venue_baseline"  # shares that are not ours
CASH = "venue_cash"  # money that is not ours
INCIDENT = "venue_incident"  # something a person must know
CLEARED = "venue_cleared"  # it is over, or a person has dealt with it
ACKNOWLEDGED = "venue_acknowledged"  # it goes on, and a person answers for it
RECONCILED = "venue_reconciled"
#: The reason of a cancel that the engine asked for; the order manager's own have others.
REQUESTED = "canceled by request"
#: A quote the engine asked for, and an order that is not ours. They teach the order manager nothing, and are no part of what is folded.
QUOTE = "venue_quote"
FOREIGN = "venue_foreign"
#: What happens to the account without an order.
ACTIONS = frozenset({SPLIT, ENTITLED, PAID})
ALL = frozenset(
    {
        INTENT, DISPATCH, NOT_SENT, BOUND, SEEN, ENDED, REPORT, CORRECTION, CANCEL, CANCEL_DISPATCH, HOLD, LEVEL, TOMBSTONE,
        BASELINE, CASH, INCIDENT, CLEARED, ACKNOWLEDGED, RECONCILED, SPLIT, ENTITLED, PAID,
    }
)  # fmt: skip

Payload = dict[str, Any]

_ORDER_FIELDS = (
    "order_id", "symbol", "quantity_micros", "created_at", "limit_micros", "stop_micros", "trail_micros", "extended_hours", "parent_id",
    "oco_id", "strategy", "tag", "reason", "good_from",
)  # fmt: skip
_FILLED = ("filled_micros", "filled_value_micros", "fees_micros")
_ENUMS = (
    ("side", OrderSide),
    ("order_type", OrderType),
    ("trail_type", TrailType),
    ("time_in_force", TimeInForce),
    ("role", OrderRole),
    ("status", OrderStatus),
)


def dispatch_key(ref: str, number: int) -> str:
    """The key on the tape of the request ``number``, from 0, that sends what the venue is to know as ``ref``."""
    return f"dispatch:{ref}:{number}"


def foreign_key(venue_order_id: str) -> str:
    """The key on the tape of the note that an order at the venue is not ours."""
    return f"foreign:{venue_order_id}"


def order_payload(order: Order) -> Payload:
    """The terms of an order, and whether it is sent or held."""
    fields: Payload = {name: getattr(order, name) for name in _ORDER_FIELDS}
    return fields | {name: str(getattr(order, name)) for name, _ in _ENUMS}


def read_order(payload: Mapping[str, Any]) -> Order:
    """The order of ``order_payload``, with what it has filled where that is told too."""
    fields: Payload = {name: payload[name] for name in (*_ORDER_FIELDS, *_FILLED) if name in payload}
    enums: Payload = {name: kind(payload[name]) for name, kind in _ENUMS}
    return Order(**fields, **enums)


def report_payload(update: OrderUpdate, ref: str | None) -> Payload:
    """What the engine is told of an order; ``ref`` is under which id of ours the venue traded."""
    payload: Payload = {"order_id": update.order_id, "ref": ref, "status": str(update.status), "reason": update.reason}
    if update.fill is not None:
        fill = update.fill
        payload["fill"] = [
            fill.execution_id,
            fill.timestamp,
            fill.quantity_micros,
            fill.price_micros,
            fill.reference_micros,
            fill.fees_micros,
        ]
    if update.unsolicited:
        payload["unsolicited"] = True
    return payload


def read_report(payload: Mapping[str, Any], timestamp: int, order: Order) -> OrderUpdate:
    """The update of ``report_payload``."""
    fill, figures = None, payload.get("fill")
    if figures is not None:
        name, when, quantity, price, reference, fees = figures
        fill = Fill(name, order.order_id, when, order.symbol, order.side, quantity, price, reference, fees, order.tag, order.strategy)
    unsolicited = bool(payload.get("unsolicited", False))
    return OrderUpdate(order.order_id, timestamp, OrderStatus(payload["status"]), payload["reason"], fill, unsolicited=unsolicited)


def correction_payload(event: TradeCorrection) -> Payload:
    """A correction as plain data."""
    return {name: getattr(event, name) for name in event.__slots__}


def read_correction(payload: Mapping[str, Any]) -> TradeCorrection:
    """The correction of ``correction_payload``."""
    return TradeCorrection(**payload)


def read_action(kind: str, payload: Mapping[str, Any], timestamp: int) -> AccountEvent | None:
    """What an event of kind ``SPLIT``, ``ENTITLED`` or ``PAID`` is to the account of the session; ``None`` where all of it is others'."""
    symbol, quantity = payload["symbol"], payload["quantity_micros"]
    if not quantity:
        return None
    if kind == SPLIT:
        return Split(timestamp, symbol, payload["new"], payload["old"], payload["held_micros"])
    amount = payload["amount_micros"]
    if kind == ENTITLED:
        return Entitlement(timestamp, symbol, quantity, amount, payload["pay_day"])
    paid = CashInLieu if payload["is_in_lieu"] else Dividend
    return paid(timestamp, symbol, quantity, amount)


def execution_rows(executions: Sequence[Execution]) -> list[list[Any]]:
    """Executions as plain data."""
    return [list(one) for one in executions]


def read_executions(rows: Sequence[Sequence[Any]]) -> tuple[Execution, ...]:
    """The executions of ``execution_rows``."""
    return tuple(Execution(*row) for row in rows)


def quote_payload(symbol: str, quote: Quote | None) -> Payload:
    """A quote that was asked for; without prices where there was none."""
    seen = None if quote is None else [quote.timestamp, quote.bid, quote.ask, quote.last]
    return {"symbol": symbol, "quote": seen}


def read_quote(payload: Mapping[str, Any]) -> Quote | None:
    """The quote of ``quote_payload``."""
    seen = payload["quote"]
    return None if seen is None else Quote(payload["symbol"], *seen)
