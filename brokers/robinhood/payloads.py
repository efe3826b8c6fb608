"""An order as Robinhood is told it: our own fields, exact strings, one stable ``ref_id``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.amounts import iso, text_of
from framework.domain.order import OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO, fraction_of
from framework.errors import UnsupportedOrderTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import Order
    from framework.domain.venue import Capabilities

#: What the web sends; the venue refuses what is older than 2. It has moved before and will again.
ORDER_FORM_VERSION = 7
_FORCES = MappingProxyType({TimeInForce.DAY: "gfd", TimeInForce.GTC: "gtc"})


class Sight(NamedTuple):
    """The quote an order is made at, micro-dollars; ``timestamp`` in ns UTC."""

    bid: int
    ask: int
    last: int
    timestamp: int


class Addresses(NamedTuple):
    """Where account and instrument of an order are."""

    account: str
    instrument: str


def needs_sight(order: Order) -> bool:
    """Whether the order cannot be told without a quote: its collar or its first level comes from there."""
    is_plain_buy = order.order_type is OrderType.MARKET and order.side is OrderSide.BUY
    return is_plain_buy or (order.order_type is OrderType.TRAILING_STOP and order.stop_micros is None)


def payload(
    order: Order, client_id: str, quantity_micros: int, addresses: Addresses, rules: Capabilities, sight: Sight | None
) -> Mapping[str, Any]:
    """The JSON of ``order``.

    A market buy is told as the limit order it becomes there: within the collar above the ask. A buy stop gets the same room above its
    stop; robin_stocks would give it none.

    Raises:
        UnsupportedOrderTypeError: The venue has no such order, or it needs a quote and there is none.
    """
    if order.order_type not in rules.order_types or order.time_in_force not in _FORCES:
        raise UnsupportedOrderTypeError(f"{order.symbol}: Robinhood has no {order.order_type} order {order.time_in_force}")
    if needs_sight(order) and sight is None:
        raise UnsupportedOrderTypeError(f"{order.symbol}: a {order.side} {order.order_type} order needs a quote, and there is none")
    hours = "extended_hours" if order.extended_hours else "regular_hours"
    told = {
        "account": addresses.account,
        "instrument": addresses.instrument,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": text_of(quantity_micros),
        "time_in_force": _force(order),
        "market_hours": hours,
        "extended_hours": order.extended_hours,
        "order_form_version": ORDER_FORM_VERSION,
        "position_effect": "open" if order.side is OrderSide.BUY else "close",
        "ref_id": client_id,
        **_terms(order, rules, sight),
    }
    return told if sight is None else {**told, **_seen(sight)}


def _force(order: Order) -> str:
    """A market order works for the day only; whoever asked for more sends it again in the next session."""
    at_once = order.order_type is OrderType.MARKET
    return "gfd" if at_once else _FORCES[order.time_in_force]


def _terms(order: Order, rules: Capabilities, sight: Sight | None) -> dict[str, Any]:
    if order.order_type is OrderType.TRAILING_STOP:
        return _trailing(order, rules, sight)
    stop = order.stop_micros
    limit = order.limit_micros
    if limit is None and order.side is OrderSide.BUY:
        reference = stop if stop is not None else sight.ask if sight is not None else 0
        limit = _collared(reference, rules)
    told: dict[str, Any] = {"type": "market" if limit is None else "limit", "trigger": "immediate" if stop is None else "stop"}
    if limit is not None:
        told["price"] = text_of(limit)
    if stop is not None:
        told["stop_price"] = text_of(stop)
    return told


def _trailing(order: Order, rules: Capabilities, sight: Sight | None) -> dict[str, Any]:
    trail = order.trail_micros or 0
    level = _off_market(order.stop_micros if order.stop_micros is not None else _first_level(order, trail, sight), order, rules)
    if order.trail_type is TrailType.PERCENTAGE:
        peg: dict[str, Any] = {"type": "percentage", "percentage": text_of(trail)}
    else:
        peg = {"type": "price", "price": {"amount": text_of(trail), "currency_code": "USD"}}
    told = {"type": "market", "trigger": "stop", "stop_price": text_of(level), "trailing_peg": peg}
    return {**told, "price": text_of(_collared(level, rules))} if order.side is OrderSide.BUY else told


def _first_level(order: Order, trail: int, sight: Sight | None) -> int:
    last = 0 if sight is None else sight.last
    distance = fraction_of(last, trail // 100) if order.trail_type is TrailType.PERCENTAGE else trail
    level = last + order.side.sign * distance
    if level <= 0:
        raise UnsupportedOrderTypeError(f"{order.symbol}: a trail of {text_of(trail)} below {text_of(last)} leaves no price")
    return level


def _off_market(level: int, order: Order, rules: Capabilities) -> int:
    """``level`` on the tick, away from the market, so that the stop is never nearer than asked: one that has moved lies anywhere."""
    tick = rules.tick_micros(level)
    return -(-level // tick) * tick if order.side is OrderSide.BUY else max(level // tick, 1) * tick


def _collared(price: int, rules: Capabilities) -> int:
    """The most a buy at ``price`` may pay: the collar above it, on the tick below."""
    limit = fraction_of(price, MICRO + rules.collar_millionths)
    return limit // rules.tick_micros(limit) * rules.tick_micros(limit)


def _seen(sight: Sight) -> dict[str, str]:
    return {"bid_price": text_of(sight.bid), "ask_price": text_of(sight.ask), "bid_ask_timestamp": iso(sight.timestamp)}
