"""What is known as plain data, and back: a restart need not fold what was folded before."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from framework.domain.book import Book, Position
from framework.domain.order import Order, OrderType
from framework.rules.executions import Known, Lot
from framework.runtime.orders import events
from framework.runtime.orders.books import Leg, OrderBooks, Payment, Phase, Tracked

if TYPE_CHECKING:
    from collections.abc import Mapping

#: With a version: a fold that has changed must not believe what another one kept.
NAME = "orders 5"
_FILLED = ("filled_micros", "filled_value_micros", "fees_micros")
_LEG = (
    "ref", "asked_micros", "deadline", "dispatches", "first_sent_at", "sent_at", "venue_order_id", "word", "cancel_wanted",
    "is_canceling", "cancels", "latency_ns", "may_be_there",
)  # fmt: skip


def freeze(books: OrderBooks) -> dict[str, Any]:
    """``books`` as plain data. What happened to an order before is left out: its state says it all."""
    return {
        "tracked": [_frozen(tracked) for tracked in books.tracked.values()],
        "open": list(books.open),
        "ledgers": {name: asdict(ledger) for name, ledger in sorted(books.ledgers.items())},
        "shares": books.shares,
        "baseline": books.baseline,
        "cash": books.cash,
        "incidents": [[*key, effect] for key, effect in books.incidents.items()],
        "applied": books.applied,
        "payments": {key: list(one) for key, one in books.payments.items()},
        "reconciled_at": books.reconciled_at,
    }


def _frozen(tracked: Tracked) -> dict[str, Any]:
    order = tracked.order
    return {
        "order": events.order_payload(order),
        "filled": [getattr(order, name) for name in _FILLED],
        "legs": [_frozen_leg(leg) for leg in tracked.legs],
        "ended_at": tracked.ended_at,
        "was_given_up": tracked.was_given_up,
        "replaces": tracked.replaces,
        "level": tracked.level,
    }


def _frozen_leg(leg: Leg) -> dict[str, Any]:
    known = leg.known
    return {
        "fields": [getattr(leg, name) for name in _LEG],
        "phase": str(leg.phase),
        "order_type": str(leg.order_type),
        "executions": events.execution_rows(tuple(known.executions.values())),
        "unmatched": [list(lot) for lot in known.unmatched],
        "known": [known.booked_micros, known.value_micros, known.cumulative_micros, known.updated_at],
    }


def thaw(state: Mapping[str, Any]) -> OrderBooks:
    """The books of ``freeze``."""
    books = OrderBooks(
        open=dict.fromkeys(state["open"]),
        ledgers={name: _ledger(fields) for name, fields in state["ledgers"].items()},
        shares=dict(state["shares"]),
        baseline=state["baseline"],
        cash=state["cash"],
        incidents={(code, subject): effect for code, subject, effect in state["incidents"]},
        applied=dict(state["applied"]),
        payments={key: Payment(*fields) for key, fields in state["payments"].items()},
        reconciled_at=state["reconciled_at"],
    )
    for one in state["tracked"]:
        tracked = _thawed(one)
        books.tracked[tracked.order.order_id] = tracked
        for leg in tracked.legs:
            books.refs[leg.ref] = tracked.order.order_id
            if leg.venue_order_id is not None:
                books.venue_ids[leg.venue_order_id] = leg.ref
    return books


def _ledger(fields: dict[str, Any]) -> Book:
    positions = {symbol: Position(**each) for symbol, each in fields["positions"].items()}
    return Book(**{**fields, "positions": positions})


def _thawed(one: dict[str, Any]) -> Tracked:
    order: Order = events.read_order(one["order"] | dict(zip(_FILLED, one["filled"], strict=True)))
    tracked = Tracked(order, [_thawed_leg(leg) for leg in one["legs"]])
    tracked.ended_at, tracked.was_given_up, tracked.level = one["ended_at"], one["was_given_up"], one["level"]
    tracked.replaces = one["replaces"] and (one["replaces"][0], one["replaces"][1])
    return tracked


def _thawed_leg(one: dict[str, Any]) -> Leg:
    fields: dict[str, Any] = dict(zip(_LEG, one["fields"], strict=True))
    executions = {each.execution_id: each for each in events.read_executions(one["executions"])}
    known = Known(executions, tuple(Lot(*lot) for lot in one["unmatched"]), *one["known"])
    return Leg(**fields, phase=Phase(one["phase"]), order_type=OrderType(one["order_type"]), known=known)
