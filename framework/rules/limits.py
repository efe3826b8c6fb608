"""May we? The one door: every order of a strategy, a stop or an operator is checked here, and only here is one approved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from framework.domain.fill import Refusal
from framework.domain.order import ApprovedOrder, Order, OrderRole
from framework.domain.values import MICRO, floor_to_lot, from_micros, notional
from framework.domain.venue import Capabilities  # noqa: TC001 - a field type of a dataclass users introspect

NO_PRICE = "no_price"
ORDER_TYPE = "order_type_not_supported"
TIME_IN_FORCE = "time_in_force_not_supported"
FRACTIONAL = "fractional_not_allowed"
SHORT = "short_not_allowed"
NOTHING_TO_PROTECT = "nothing_to_protect"
POSITION = "position_limit"
EXPOSURE = "exposure_limit"
BUYING_POWER = "insufficient_buying_power"


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """What an entry may not exceed, as fractions of equity; ``None`` is no limit.

    ``collar`` is how far above the reference price a market entry is assumed to fill when cash is reserved for it.
    """

    max_position_pct: float | None = 0.10
    max_total_exposure_pct: float | None = 0.80
    collar: float = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """What the books say at the moment of the check, in micros; the earlier orders of the same decision are already in it.

    ``held`` micro-shares of the symbol, signed; ``exits`` micro-shares already being sold (or bought back) by working orders;
    ``price`` the last price, 0 when there is none; ``equity``, ``gross`` (sum of |position value|) and ``reserved`` (working entries, at
    their worst price) micro-dollars; ``pending`` micro-dollars of working entries in this symbol.
    """

    held: int
    exits: int
    price: int
    equity: int
    gross: int
    reserved: int
    pending: int


def check(order: Order, standing: Standing, venue: Capabilities, policy: LimitPolicy) -> tuple[ApprovedOrder | None, Refusal | None]:
    """Accept, shrink or refuse ``order``: (approved or None, refusal or None); both are set when it was shrunk.

    An order that only reduces a position, or protects it, is never stopped by an entry limit. A sized entry is shrunk
    to what fits; an explicit one is refused, since its quantity was meant.
    """
    refused = _venue_says_no(order, venue) or _protects_too_much(order, standing)
    if refused is not None:
        return None, refused
    opening = order.quantity_micros - _reducing(order, standing)
    if opening == 0 or order.role.protects:
        return ApprovedOrder(order), None
    if standing.price <= 0:
        return None, _refusal(order, NO_PRICE, "no price has been seen yet")
    if not venue.shorting and order.side.sign < 0:
        held = from_micros(max(standing.held - standing.exits, 0))
        detail = f"{held} shares are free to sell; {venue.name} has no short selling"
        return _shrunk(order, venue, 0, opening, _refusal(order, SHORT, detail, float(order.quantity), float(held)))
    return _within_limits(order, standing, venue, policy, opening)


def _venue_says_no(order: Order, venue: Capabilities) -> Refusal | None:
    if order.order_type not in venue.order_types:
        return _refusal(order, ORDER_TYPE, f"{venue.name} has no {order.order_type} orders")
    if order.time_in_force not in venue.times_in_force:
        return _refusal(
            order, TIME_IN_FORCE, f"{venue.name} has no {order.time_in_force} orders here; use {' or '.join(sorted(venue.times_in_force))}"
        )
    if order.quantity_micros % venue.lot_micros:
        return _refusal(
            order,
            FRACTIONAL,
            f"{order.quantity} shares; {venue.name} trades multiples of {from_micros(venue.lot_micros)}",
            float(order.quantity),
            venue.lot_micros / MICRO,
        )
    return None


def _reducing(order: Order, standing: Standing) -> int:
    """The part of the order that closes shares not yet being closed by another order."""
    free = max(abs(standing.held) - standing.exits, 0)
    return min(order.quantity_micros, free) if standing.held * order.side.sign < 0 else 0


def _protects_too_much(order: Order, standing: Standing) -> Refusal | None:
    if not order.role.protects:
        return None
    covered = abs(standing.held) if standing.held * order.side.sign < 0 else 0
    if order.quantity_micros <= covered:
        return None
    return _refusal(
        order, NOTHING_TO_PROTECT, f"protects {order.quantity} of {from_micros(covered)} shares", float(order.quantity), covered / MICRO
    )


def _within_limits(
    order: Order, standing: Standing, venue: Capabilities, policy: LimitPolicy, opening: int
) -> tuple[ApprovedOrder | None, Refusal | None]:
    code, detail, room, each = min(_rooms(order, standing, policy), key=lambda row: row[2] * MICRO // row[3])
    affordable = max(room, 0) * MICRO // each
    if opening <= affordable:
        return ApprovedOrder(order), None
    refusal = _refusal(order, code, detail, notional(opening, each) / MICRO, max(room, 0) / MICRO)
    return _shrunk(order, venue, affordable, opening, refusal)


def _shrunk(order: Order, venue: Capabilities, affordable: int, opening: int, refusal: Refusal) -> tuple[ApprovedOrder | None, Refusal]:
    """What is left of ``order`` when only ``affordable`` of the ``opening`` micro-shares may be traded; explicit orders are not touched."""
    allowed = floor_to_lot(order.quantity_micros - opening + affordable, venue.lot_micros)
    if order.role is not OrderRole.TARGET or allowed <= 0:
        return None, refusal
    return ApprovedOrder(replace(order, quantity_micros=allowed)), refusal


def _rooms(order: Order, standing: Standing, policy: LimitPolicy) -> list[tuple[str, str, int, int]]:
    """(code, detail, micro-dollars left, price that counts against them) for each entry limit, in order of precedence."""
    price = _entry_price(order, standing.price, 0.0)
    held = notional(abs(standing.held), standing.price)
    # Shares on the other side are closed first: they leave room instead of taking it.
    closes = held if standing.held * order.side.sign < 0 else 0
    taken = standing.gross + standing.reserved - closes
    rooms = []
    if policy.max_position_pct is not None:
        cap = round(policy.max_position_pct * standing.equity)
        detail = f"the position would exceed {policy.max_position_pct:.1%} of equity ([limits] max_position_pct)"
        rooms.append((POSITION, detail, cap - standing.pending - held + closes, price))
    if policy.max_total_exposure_pct is not None:
        cap = round(policy.max_total_exposure_pct * standing.equity)
        detail = f"all positions together would exceed {policy.max_total_exposure_pct:.1%} of equity ([limits] max_total_exposure_pct)"
        rooms.append((EXPOSURE, detail, cap - taken, price))
    detail = f"needs more than the buying power left (a market entry reserves {policy.collar:.0%} above the last price)"
    rooms.append((BUYING_POWER, detail, standing.equity - taken, worst_price(order, standing.price, policy)))
    return rooms


def worst_price(order: Order, last: int, policy: LimitPolicy) -> int:
    """Price at which an entry is reserved, micro-dollars: a buy's limit, or the last (or stop) price plus the collar."""
    return _entry_price(order, last, policy.collar)


def _entry_price(order: Order, last: int, collar: float) -> int:
    """Price at which an entry counts. A limit bounds what a buy pays; a short sale may fetch more than its limit, and so weigh more."""
    limit = order.limit_micros or 0
    if limit and order.side.sign > 0:
        return limit
    return max(round(max(last, order.stop_micros or 0) * (1.0 + collar)), limit)


def _refusal(order: Order, code: str, detail: str, figure: float | None = None, limit: float | None = None) -> Refusal:
    return Refusal(order.created_at, order.symbol, code, f"{order.side} {order.quantity} {order.symbol}: {detail}", figure, limit)
