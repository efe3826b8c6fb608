"""The one door: every order of a strategy, a stop or an operator passes here, and only here is one approved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.order import ApprovedOrder, OrderType

if TYPE_CHECKING:
    from framework.domain.fill import Refusal
    from framework.domain.order import Order
    from framework.rules.pretrade.standing import Standing
    from framework.rules.pretrade.validator import PreTradeValidator


def check(order: Order, standing: Standing, validator: PreTradeValidator) -> tuple[ApprovedOrder | None, Refusal | None]:
    """Accept, shrink or refuse ``order``: (approved or None, refusal or None); both are set when it was shrunk.

    An order that only reduces a position, or protects it, is never stopped by an entry limit. A sized entry is shrunk to what fits; an
    explicit one is refused, since its quantity was meant.
    """
    verdict = validator.check(order, standing)
    refusal = verdict.violations[0].refusal(order.created_at) if verdict.violations else None
    if verdict.quantity_micros == 0:
        return None, refusal
    if verdict.quantity_micros == order.quantity_micros:
        return ApprovedOrder(order), refusal
    return ApprovedOrder(replace(order, quantity_micros=verdict.quantity_micros)), refusal


def approved_before(order: Order, order_type: OrderType) -> ApprovedOrder:
    """The approval of an order whose intent stands on the tape, as ``order_type``: a stop that was triggered goes on as what it has become.

    Only what was approved is ever written there, and what was written there does not change, but for the level a trailing stop has
    reached meanwhile, which never goes back.
    """
    if order_type is order.order_type:
        return ApprovedOrder(order)
    limit = order.limit_micros if order_type is OrderType.LIMIT else None
    return ApprovedOrder(replace(order, order_type=order_type, limit_micros=limit, stop_micros=None, trail_micros=None))
