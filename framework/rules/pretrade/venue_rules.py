"""Would the venue take this order? Its rows of ``domain.venue_rules``, put to an order; limits and simulated venue ask the same functions.

Precedence: what is no order of the venue at all (``impossible``), then what it does not take as it stands (``unfit``). The first binds
every order. An order that protects a position and is only unfit is not refused: it is held by us until its price is reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain import reasons
from framework.domain.order import OrderType
from framework.domain.values import MICRO, from_micros, notional
from framework.domain.venue_rules import RULES
from framework.rules.pretrade.standing import entry_price
from framework.rules.pretrade.violations import LimitViolation, violation

if TYPE_CHECKING:
    from collections.abc import Collection

    from framework.domain.order import Order
    from framework.domain.venue import Capabilities


def refused(order: Order, venue: Capabilities, price: int, held: int) -> LimitViolation | None:
    """Why the venue would not take ``order``, ``None`` if it does.

    Args:
        order: A new order.
        venue: Whose rows.
        price: The price now, micro-dollars; with 0 nothing that depends on it is measured.
        held: Micro-shares of the symbol held, signed.
    """
    return impossible(order, venue) or unfit(order, venue, price, held)


def impossible(order: Order, venue: Capabilities) -> LimitViolation | None:
    """The venue has no such order, whatever it is for: its type, time in force or prices."""
    if order.order_type not in venue.order_types:
        return _no(order, venue, "order_types", reasons.ORDER_TYPE, f"{venue.name} has no {order.order_type} orders")
    if order.time_in_force not in venue.times_in_force:
        detail = f"{venue.name} has no {order.time_in_force} orders here; use {_either(venue.times_in_force)}"
        return _no(order, venue, "times_in_force", reasons.TIME_IN_FORCE, detail)
    return _off_tick(order, venue)


def unfit(order: Order, venue: Capabilities, price: int, held: int) -> LimitViolation | None:
    """The venue has such orders, but not this one: for parts of a share, outside of regular hours, or with a stop that has been passed."""
    if order.extended_hours and order.order_type not in venue.extended_types:
        detail = f"{venue.name} works {_either(venue.extended_types)} orders outside of regular hours, no {order.order_type} orders"
        return _no(order, venue, "extended_types", reasons.EXTENDED_HOURS, detail)
    if order.quantity_micros % MICRO or order.quantity_micros % venue.lot_micros:
        broken = _no_such_part(order, venue) or _part_worth_too_little(order, venue, price, held)
        if broken is not None:
            return broken
    stop = order.stop_micros
    if stop is None or venue.takes_passed_stops or price <= 0 or order.side.sign * (price - stop) < 0:
        return None
    side = "above" if order.side.sign > 0 else "below"
    detail = f"stop price {order.stop_price} is not {side} the price of {from_micros(price)}; {venue.name} takes no stop already passed"
    return _no(order, venue, "takes_passed_stops", reasons.STOP_PASSED, detail, stop, price)


def exits_off_tick(order: Order, stop: int, target: int, venue: Capabilities) -> LimitViolation | None:
    """A stop or a profit target given with an entry that the venue could not have; micro-dollars, 0 for none."""
    return _first_off_tick(order, venue, (("stop", stop), ("take profit", target)))


def _off_tick(order: Order, venue: Capabilities) -> LimitViolation | None:
    # The level a trailing stop has reached lies on no tick.
    stop = None if order.order_type is OrderType.TRAILING_STOP else order.stop_micros
    return _first_off_tick(order, venue, (("limit price", order.limit_micros), ("stop price", stop)))


def _first_off_tick(order: Order, venue: Capabilities, prices: tuple[tuple[str, int | None], ...]) -> LimitViolation | None:
    for name, price in prices:
        if not price:
            continue
        tick = venue.tick_micros(price)
        if price % tick:
            below = price // tick * tick
            either = f"{from_micros(below)} or {from_micros(below + tick)}" if below else f"{from_micros(tick)}"
            detail = f"{name} {from_micros(price)} is no multiple of {from_micros(tick)}; use {either}"
            return _no(order, venue, "ticks", reasons.OFF_TICK, detail, price, tick)
    return None


def _no_such_part(order: Order, venue: Capabilities) -> LimitViolation | None:
    """Parts of a share are not traded so."""
    figure, lot = order.quantity_micros, venue.lot_micros
    if figure % lot:
        detail = f"{venue.name} trades multiples of {from_micros(lot)} shares here ([broker] fractional)"
        return _no(order, venue, "lot_micros", reasons.FRACTIONAL, detail, figure, lot)
    if order.order_type not in venue.fractional_types:
        detail = f"{venue.name} takes parts of a share as {_either(venue.fractional_types)} orders only"
        return _no(order, venue, "fractional_types", reasons.FRACTIONAL, detail, figure, venue.lot_of(order.order_type))
    if order.extended_hours and not venue.fractional_in_extended_hours:
        detail = f"{venue.name} trades whole shares outside of regular hours"
        return _no(order, venue, "fractional_in_extended_hours", reasons.FRACTIONAL, detail, figure, MICRO)
    if order.time_in_force not in venue.fractional_forces:
        detail = f"{venue.name} takes parts of a share as {_either(venue.fractional_forces)} orders only"
        return _no(order, venue, "fractional_forces", reasons.TIME_IN_FORCE, detail)
    return None


def _part_worth_too_little(order: Order, venue: Capabilities, price: int, held: int) -> LimitViolation | None:
    """An order for parts of a share needs some value, unless it sells all there is."""
    least, is_all = venue.fractional_least_micros, held == -order.side.sign * order.quantity_micros
    if not least or is_all or price <= 0:
        return None
    value = notional(order.quantity_micros, entry_price(order, price))
    if value >= least:
        return None
    detail = f"worth {value / MICRO:,.2f} dollars; {venue.name} asks for {least / MICRO:,.2f} at least where a share is in parts"
    return _no(order, venue, "fractional_least_micros", reasons.MIN_ORDER_VALUE, detail, value, least)


def _no(
    order: Order, venue: Capabilities, capability: str, code: str, detail: str, figure: int | None = None, limit: int | None = None
) -> LimitViolation:
    says = next((rule.says for rule in RULES.get(venue.name, ()) if rule.capability == capability), "")
    words = f'{detail} (its words: "{says}")' if says else detail
    return violation(order, code, words, None if figure is None else figure / MICRO, None if limit is None else limit / MICRO)


def _either(names: Collection[str]) -> str:
    return " or ".join(sorted(names)) or "no"
