"""Does an order trade at these quotes, how much and at what price?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.acceptance import collar, tick
from brokers.robinhood.testing.amounts import micros
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brokers.robinhood.testing.market import Quote
    from brokers.robinhood.testing.orders import Order


def follow(order: Order, quote: Quote, now: int) -> None:
    """Let a trailing stop follow the last trade, and a stop begin where it is reached."""
    if order.stop is None or order.triggered is not None:
        return
    if order.form.peg is not None:
        order.stop = _trailed(order, order.form.peg, quote.last)
    reached = quote.last >= order.stop if order.form.is_buy else quote.last <= order.stop
    if reached:
        order.triggered = now


def trade(order: Order, quote: Quote) -> tuple[int, int] | None:
    """(micro-shares, micro-dollars a share) that trade now."""
    if order.stop is not None and order.triggered is None:
        return None
    price, size = (quote.ask, quote.ask_size) if order.form.is_buy else (quote.bid, quote.bid_size)
    if price is None or not size or not _within(order, price):
        return None
    wanted = order.left if order.quantity is not None else (order.form.dollars or 0) * MICRO // price
    return min(wanted, size * MICRO), price


def worst(order: Order) -> int | None:
    """The limit it trades at or better than; a market sale has none."""
    if order.price is not None:
        return order.price
    if order.form.is_buy and order.stop is not None:
        return collar(order.stop)
    return None


def _within(order: Order, price: int) -> bool:
    limit = worst(order)
    return limit is None or (price <= limit if order.form.is_buy else price >= limit)


def _trailed(order: Order, peg: Mapping[str, Any], last: int) -> int:
    distance = _distance(peg, last)
    step = tick(last)
    stop = order.stop or last
    if order.form.is_buy:
        return min(stop, -(-(last + distance) // step) * step)
    return max(stop, (last - distance) // step * step)


def _distance(peg: Mapping[str, Any], last: int) -> int:
    if peg.get("type") == "percentage":
        return last * (micros(peg["percentage"]) or 0) // (100 * MICRO)
    return micros(peg["price"]["amount"]) or 0
