"""An order as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.amounts import fixed
from brokers.robinhood.testing.clock import SECOND, iso
from brokers.robinhood.testing.hours import REGULAR, new_york_date
from brokers.robinhood.testing.orders import PENDING, QUEUED, UNCONFIRMED
from brokers.robinhood.testing.views.addresses import account_url, instrument_url, order_url, position_url
from framework.domain.values import MICRO, notional, rounded_quotient

if TYPE_CHECKING:
    from brokers.robinhood.testing.orders import Execution, Order

USD = "1072fc76-1862-41ab-82c2-485837590762"


def order_json(order: Order, instrument_id: str, now: int) -> dict[str, Any]:
    """The order as ``POST`` and both ``GET`` answer it; there is no ``symbol`` in it."""
    form, state = order.form, shown_state(order, now)
    shown = {
        "id": order.id,
        "ref_id": form.ref_id,
        "url": order_url(order.id),
        "account": account_url(order.account),
        "position": position_url(order.account, instrument_id),
        "instrument": instrument_url(instrument_id),
        "instrument_id": instrument_id,
        "cancel": order_url(order.id) + "cancel/" if order.is_open and order.state != PENDING else None,
        "state": state,
        "derived_state": state,
        "side": form.side,
        "type": form.type,
        "trigger": form.trigger,
        "time_in_force": form.time_in_force,
        "market_hours": form.hours,
        "extended_hours": form.hours != REGULAR,
        "order_form_version": form.version,
        "placed_agent": order.agent,
        "reject_reason": order.reject_reason,
        "position_effect": "open" if form.is_buy else "close",
        "user_cancel_request_state": "no_cancel_requested" if order.cancel_asked is None else "cancel_requested",
        "last_update_version": order.version,
        "stop_triggered_at": None if order.triggered is None else iso(order.triggered),
        "is_visible_to_user": True,
        "created_at": iso(order.created),
        "updated_at": iso(order.updated),
        "last_transaction_at": iso(order.transacted),
        **_amounts(order),
        **_nulls(),
    }
    if form.peg is not None:
        shown["trailing_peg"] = dict(form.peg)
    return shown


def shown_state(order: Order, now: int) -> str:
    """What the venue says its state is, which may lag or be a word nobody knows."""
    if order.plan.word is not None and order.state not in {UNCONFIRMED, QUEUED}:
        return order.plan.word
    lags = order.executions and now < order.executions[-1].timestamp + int(order.plan.lag * SECOND)
    return UNCONFIRMED if lags else order.state


def _amounts(order: Order) -> dict[str, Any]:
    filled = order.filled
    average = rounded_quotient(order.value * MICRO, filled) if filled else None
    executions = [] if order.plan.hide_executions else [_execution(order, one) for one in order.executions]
    return {
        "quantity": fixed(order.quantity),
        "cumulative_quantity": fixed(filled),
        "price": fixed(order.price),
        "stop_price": fixed(order.stop),
        "average_price": fixed(average),
        "fees": fixed(order.fees, 2),
        "executions": executions,
        "dollar_based_amount": _money(order.form.dollars),
        "executed_notional": _money(order.value) if filled else None,
    }


def _execution(order: Order, one: Execution) -> dict[str, Any]:
    shown = {
        "id": one.id,
        "price": fixed(one.price),
        "quantity": fixed(one.quantity),
        "timestamp": iso(one.timestamp),
        "settlement_date": new_york_date(one.settles).isoformat(),
        "trade_execution_date": new_york_date(one.timestamp).isoformat(),
        "rounded_notional": fixed(notional(one.quantity, one.price), 4),
        "fees": fixed(one.fees, 2),
        "ipo_access_execution_rank": None,
    }
    if order.plan.nameless:
        del shown["id"]
    return shown


def _money(amount: int | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": fixed(amount), "currency_code": "USD", "currency_id": USD}


def _nulls() -> dict[str, Any]:
    names = "user_uuid response_category pending_cancel_open_agent replaces preset_percent_limit investment_schedule_id drip_dividend_id"
    return dict.fromkeys([*names.split(), "a_key_of_tomorrow"])
