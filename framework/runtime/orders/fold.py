"""How an event of the tape changes what the order manager knows. Live and after a restart it is this, and nothing else."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import OPEN_STATUSES, OrderStatus, OrderType
from framework.errors import InvariantError
from framework.rules import ledger, lifecycle
from framework.rules.executions import after
from framework.runtime.orders import events
from framework.runtime.orders.books import AT_VENUE, Leg, OrderBooks, Payment, Phase, Tracked
from framework.runtime.orders.incidents import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.domain.account_event import AccountEvent
    from framework.domain.order_update import OrderUpdate
    from framework.runtime.orders.events import Payload


def fold(books: OrderBooks, timestamp: int, kind: str, payload: Payload) -> OrderUpdate | AccountEvent | None:
    """Take in one event; returns what the engine is to be told by it. Kinds of others change nothing.

    Raises:
        InvariantError: It cannot follow what was before.
    """
    step = _STEPS.get(kind)
    return None if step is None else step(books, timestamp, payload)


def _intent(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    order_id = payload["order_id"]
    tracked = books.tracked.get(order_id)
    if tracked is None:
        replaces = payload.get("replaces")
        tracked = books.tracked[order_id] = Tracked(events.read_order(payload["order"]), replaces=replaces and (replaces[0], replaces[1]))
        books.open[order_id] = None
    elif tracked.order.status is OrderStatus.EMULATED:
        lifecycle.change(tracked.order, OrderStatus.SUBMITTED, timestamp)
    if payload["ref"] is not None:
        books.refs[payload["ref"]] = order_id
        tracked.legs.append(Leg(payload["ref"], payload["quantity_micros"], OrderType(payload["order_type"]), payload["deadline"]))


def _dispatch(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    _, leg = books.by_ref(payload["ref"])
    if leg.phase in (Phase.BOUND, Phase.ENDED) or payload["n"] != leg.dispatches:
        raise InvariantError(f"request {payload['n']} for {leg.ref} cannot follow: it is {leg.phase} after {leg.dispatches}")
    leg.may_be_there = leg.phase is Phase.UNKNOWN
    leg.phase, leg.dispatches, leg.sent_at = Phase.UNKNOWN, leg.dispatches + 1, timestamp
    leg.first_sent_at = leg.first_sent_at or timestamp
    leg.asked_micros = payload["quantity_micros"]


def _not_sent(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    _, leg = books.by_ref(payload["ref"])
    if leg.phase is Phase.UNKNOWN and not leg.may_be_there:
        leg.phase = Phase.NOT_SENT


def _bound(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    tracked, leg = books.by_ref(payload["ref"])
    if leg.venue_order_id is not None:
        raise InvariantError(f"{leg.ref} is order {leg.venue_order_id} of the venue, so it cannot be {payload['venue_order_id']}")
    leg.venue_order_id, leg.phase, leg.latency_ns = payload["venue_order_id"], Phase.BOUND, payload["latency_ns"]
    leg.cancel_wanted = leg.cancel_wanted or not tracked.order.is_open
    books.venue_ids[payload["venue_order_id"]] = leg.ref
    books.open[tracked.order.order_id] = None


def _seen(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    tracked, leg = books.by_ref(payload["ref"])
    leg.known = after(
        leg.known,
        events.read_executions(payload["executions"]),
        next(iter(events.read_executions(payload["synthetic"])), None),
        tuple(payload["busted"]),
        payload["cumulative_micros"],
        payload["updated_at"],
    )
    leg.word, leg.is_canceling = payload["word"], payload["is_canceling"]
    if payload["has_ended"]:
        leg.phase = Phase.ENDED
    _close(books, tracked, timestamp)


def _ended(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    tracked, leg = books.by_ref(payload["ref"])
    leg.phase = Phase.ENDED
    _close(books, tracked, timestamp)


def _report(books: OrderBooks, timestamp: int, payload: Payload) -> OrderUpdate:
    tracked = books.tracked[payload["order_id"]]
    update = events.read_report(payload, timestamp, tracked.order)
    lifecycle.apply(tracked.order, update)
    if update.fill is not None:
        ledger.post_fill(books.ledger(tracked.order.strategy), update.fill)
        _move(books, tracked.order.symbol, update.fill.side.sign * update.fill.quantity_micros)
    _close(books, tracked, timestamp)
    return update


def _correction(books: OrderBooks, _timestamp: int, payload: Payload) -> AccountEvent:
    event = events.read_correction(payload)
    ledger.post(books.ledger(books.tracked[event.order_id].order.strategy), event)
    _move(books, event.symbol, event.quantity_micros)
    return event


def _split(books: OrderBooks, timestamp: int, payload: Payload) -> AccountEvent | None:
    symbol = payload["symbol"]
    books.applied[f"split {symbol}"] = payload["since"]
    if books.baseline is not None and payload["others_micros"] != books.baseline.get(symbol, 0):
        books.baseline = {**books.baseline, symbol: payload["others_micros"]}
    event = events.read_action(events.SPLIT, payload, timestamp)
    if event is None:
        return None
    _move(books, symbol, payload["held_micros"] - books.shares.get(symbol, 0))
    ledger.post(books.ledger_of(symbol), event)
    if payload["fraction_micros"]:
        books.payments[payload["key"]] = Payment(symbol, payload["fraction_micros"], 0, 0, payload["pay_day"], is_in_lieu=True)
    return event


def _entitled(books: OrderBooks, timestamp: int, payload: Payload) -> AccountEvent | None:
    symbol = payload["symbol"]
    books.applied[f"dividend {symbol}"] = payload["since"]
    ours, others = (payload["quantity_micros"], payload["amount_micros"]), payload["others_micros"]
    books.payments[payload["key"]] = Payment(symbol, *ours, others, payload["pay_day"], is_in_lieu=False)
    return _posted(books, events.ENTITLED, timestamp, payload)


def _paid(books: OrderBooks, timestamp: int, payload: Payload) -> AccountEvent | None:
    del books.payments[payload["key"]]
    books.cash = (books.cash or 0) + payload["others_micros"]
    return _posted(books, events.PAID, timestamp, payload)


def _posted(books: OrderBooks, kind: str, timestamp: int, payload: Payload) -> AccountEvent | None:
    event = events.read_action(kind, payload, timestamp)
    if event is not None:
        ledger.post(books.ledger_of(event.symbol), event)
    return event


def _move(books: OrderBooks, symbol: str, shares: int) -> None:
    books.shares[symbol] = books.shares.get(symbol, 0) + shares
    if not books.shares[symbol]:
        del books.shares[symbol]


def _cancel(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    tracked = books.tracked[payload["order_id"]]
    status = tracked.order.status
    if status is not OrderStatus.PENDING_CANCEL and OrderStatus.PENDING_CANCEL in lifecycle.TRANSITIONS[status]:
        lifecycle.change(tracked.order, OrderStatus.PENDING_CANCEL, timestamp)
    _want_back(tracked)


def _hold(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    tracked = books.tracked[payload["order_id"]]
    lifecycle.change(tracked.order, OrderStatus.EMULATED, timestamp)
    _want_back(tracked)


def _level(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    tracked = books.tracked[payload["order_id"]]
    tracked.level = tracked.order.stop_micros = payload["level_micros"]


def _want_back(tracked: Tracked) -> None:
    for leg in tracked.legs:
        if leg.phase in AT_VENUE:
            leg.cancel_wanted = True
        else:
            leg.phase = Phase.ENDED


def _cancel_dispatch(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    _, leg = books.by_ref(payload["ref"])
    leg.cancels = payload["n"] + 1
    leg.cancel_wanted = True


def _tombstone(books: OrderBooks, timestamp: int, payload: Payload) -> None:
    tracked, leg = books.by_ref(payload["ref"])
    leg.phase, tracked.was_given_up = Phase.ENDED, True
    _close(books, tracked, timestamp)


def _close(books: OrderBooks, tracked: Tracked, timestamp: int) -> None:
    """Note whether the order is over; the last ended ones go on being listened to."""
    if tracked.order.status in OPEN_STATUSES or any(leg.phase is not Phase.ENDED for leg in tracked.legs):
        tracked.ended_at = 0
        books.open[tracked.order.order_id] = None
    else:
        tracked.ended_at = timestamp
        books.open.pop(tracked.order.order_id, None)


def _baseline(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    books.baseline = dict(payload["shares"])


def _cash(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    books.cash = payload["micros"]


def _incident(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    if payload["lasts"]:
        books.incidents[payload["code"], payload["subject"]] = payload["effect"]


def _cleared(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    books.incidents.pop((payload["code"], payload["subject"]), None)


def _acknowledged(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    key = (payload["code"], payload["subject"])
    if key in books.incidents:
        books.incidents[key] = Effect.SEEN


def _reconciled(books: OrderBooks, _timestamp: int, payload: Payload) -> None:
    books.reconciled_at = payload["listed_at"]


_STEPS: Mapping[str, Callable[[OrderBooks, int, Payload], OrderUpdate | AccountEvent | None]] = MappingProxyType(
    {
        events.INTENT: _intent,
        events.DISPATCH: _dispatch,
        events.NOT_SENT: _not_sent,
        events.BOUND: _bound,
        events.SEEN: _seen,
        events.ENDED: _ended,
        events.REPORT: _report,
        events.CORRECTION: _correction,
        events.SPLIT: _split,
        events.ENTITLED: _entitled,
        events.PAID: _paid,
        events.CANCEL: _cancel,
        events.CANCEL_DISPATCH: _cancel_dispatch,
        events.HOLD: _hold,
        events.LEVEL: _level,
        events.TOMBSTONE: _tombstone,
        events.BASELINE: _baseline,
        events.CASH: _cash,
        events.INCIDENT: _incident,
        events.CLEARED: _cleared,
        events.ACKNOWLEDGED: _acknowledged,
        events.RECONCILED: _reconciled,
    }
)


def forget(books: OrderBooks, before: int) -> None:
    """Stop listening to orders that ended before ``before`` (ns UTC)."""
    for order_id, tracked in list(books.tracked.items()):
        if not tracked.ended_at:
            continue
        if tracked.ended_at >= before:
            return
        del books.tracked[order_id]
        for leg in tracked.legs:
            del books.refs[leg.ref]
            if leg.venue_order_id is not None:
                books.venue_ids.pop(leg.venue_order_id, None)
