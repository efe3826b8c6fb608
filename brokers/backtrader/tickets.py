"""What backtrader calls an order and what it becomes at the desk."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backtrader import Order as BtOrder
from backtrader.order import OrderBase

from framework.domain.order import OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO, from_micros, to_micros
from framework.errors import UnsupportedOrderTypeError
from framework.rules.orders import LARGEST
from framework.rules.stops.atr import on_tick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.rules.orders import Number, Terms

#: Types that leave a position at a loss; the other types that close one take its profit.
_STOPS = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
_TYPES: Mapping[int, OrderType] = MappingProxyType(
    {
        BtOrder.Market: OrderType.MARKET,
        BtOrder.Close: OrderType.MARKET,
        BtOrder.Limit: OrderType.LIMIT,
        BtOrder.Stop: OrderType.STOP_LOSS,
        BtOrder.StopLimit: OrderType.STOP_LIMIT,
        BtOrder.StopTrail: OrderType.TRAILING_STOP,
    }
)


@dataclass(slots=True, eq=False)
class Ticket:
    """A backtrader order and what works for it at the venue.

    ``order`` is the live object that ``buy`` and ``sell`` return. ``quantity`` and ``filled`` are micro-shares. ``expires`` is the moment,
    as backtrader counts time, after which it is canceled; ``ends_with_day`` leaves that to the venue. ``sent`` is the last order that was
    sent for it. ``group`` holds the tickets of which only one is to fill, itself included.
    """

    order: Any
    symbol: str
    side: OrderSide
    quantity: int
    kind: OrderType
    expires: float | None = None
    ends_with_day: bool = False
    filled: int = 0
    sent: Order | None = None
    parent: Ticket | None = None
    children: list[Ticket] = field(default_factory=list)
    group: list[Ticket] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        """Micro-shares that can still fill."""
        return self.quantity - self.filled

    @property
    def working(self) -> Order | None:
        """What works for it at the venue now."""
        return self.sent if self.sent is not None and self.sent.is_open else None

    @property
    def is_alive(self) -> bool:
        """Whether it may still fill."""
        return bool(self.order.alive())

    @property
    def stops(self) -> bool:
        """Whether it leaves a position at a loss."""
        return self.kind in _STOPS


def kind_of(order: Any) -> OrderType:
    """The type an order has here.

    Raises:
        UnsupportedOrderTypeError: There is none like it.
    """
    if order.exectype in _TYPES:
        return _TYPES[order.exectype]
    raise UnsupportedOrderTypeError(
        f"{order.data._name}: exectype {order.getordername()} has no counterpart here; "  # noqa: SLF001 - backtrader's own name for it
        "use StopTrail, or a StopLimit that next() moves"
    )


def terms_of(ticket: Ticket) -> Terms:
    """Type, prices and time in force of ``ticket`` as the desk takes them."""
    order, terms = ticket.order, _prices(ticket)
    terms["order_type"] = ticket.kind
    if order.exectype == BtOrder.Close:
        terms["time_in_force"] = "cls"
    elif ticket.ends_with_day:
        terms["time_in_force"] = TimeInForce.DAY
    return terms


def on_ticks(terms: Terms, side: OrderSide, venue: Capabilities) -> Terms:
    """``terms`` with prices on the ticks of ``venue``, for which backtrader's strategies do not look.

    A limit goes to the side that is better for its owner, a stop away from the market.
    """
    moved = terms.copy()
    if "limit_price" in moved:
        moved["limit_price"] = _on_tick(moved["limit_price"], side.sign, venue)
    if "stop_price" in moved:
        moved["stop_price"] = _on_tick(moved["stop_price"], -side.sign, venue)
    return moved


def _on_tick(price: Number | None, direction: int, venue: Capabilities) -> Number | None:
    """``price`` on the tick; what is no price stays as it is, to be refused as such."""
    if not isinstance(price, float) or not 0.0 < price <= LARGEST:
        return price
    exact = max(to_micros(price), 1)
    return from_micros(on_tick(exact, venue.tick_micros(exact), direction))


def _prices(ticket: Ticket) -> Terms:
    created = ticket.order.created
    match ticket.kind:
        case OrderType.LIMIT:
            return {"limit_price": created.price}
        case OrderType.STOP_LOSS:
            return {"stop_price": created.price}
        case OrderType.STOP_LIMIT:
            return {"stop_price": created.price, "limit_price": created.pricelimit}
        case OrderType.TRAILING_STOP if created.trailamount:
            return {"trail_amount": created.trailamount, "trail_type": TrailType.AMOUNT}
        case OrderType.TRAILING_STOP:
            return {"trail_amount": (created.trailpercent or 0.0) * 100.0, "trail_type": TrailType.PERCENTAGE}
        case _:
            return {}


def end(order: Any, status: int) -> None:
    """Let a backtrader order end as ``status``, one of Canceled, Expired, Margin and Rejected."""
    if status == BtOrder.Expired:
        OrderBase.expire(order)  # the method of its own class looks at dates first
    else:
        {BtOrder.Canceled: order.cancel, BtOrder.Margin: order.margin, BtOrder.Rejected: order.reject}[status]()


def is_day_order(valid: object) -> bool:
    """Whether ``valid`` asks for a day order: ``Order.DAY``, or the 0 that backtrader documents as the same."""
    return valid == dt.timedelta() or (isinstance(valid, int) and valid == 0)


def shares(micros: int) -> int | float:
    """Micro-shares as backtrader's strategies print them: whole numbers as int."""
    return micros // MICRO if micros % MICRO == 0 else micros / MICRO
