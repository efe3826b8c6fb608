"""May we? One order against the limits, the venue and the books: accept, shrink or refuse, with figure and limit.

Precedence of the codes:

1. What is no order, or not one of this venue: ``invalid_order``, what ``pretrade.venue_rules`` refuses, ``nothing_to_protect``. These
   bind every order, but a protective one only as far as the venue could never have it: the rest of it is held by us.
2. Orders that protect or only reduce a position pass here; no limit on entries can stop them.
3. ``no_price``: nothing else can be measured.
4. The first of ``GATES`` that is broken decides, whatever the size of the entry.
5. All of ``SIZES`` are measured together. The one that leaves the fewest shares decides, ties go to the earlier row.

What is left of a sized target after 3, 4 or 5 may be sent (its reducing part always may); an explicit order is refused, because its
quantity was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderType
from framework.domain.values import MICRO, floor_to_lot, from_micros, notional, to_micros
from framework.rules.pretrade import gates, sizes, venue_rules
from framework.rules.pretrade import violations as codes
from framework.rules.pretrade.entry import Entry, Rule
from framework.rules.pretrade.standing import reducing
from framework.rules.pretrade.violations import LimitViolation, violation

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.rules.pretrade.risk_limits import RiskLimits
    from framework.rules.pretrade.standing import Standing


class Decision(StrEnum):
    """The outcome of a check."""

    ACCEPT = "accept"
    SHRINK = "shrink"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be sent: ``quantity_micros`` of the order, 0 when refused. The first of ``violations`` decided, the others hold too."""

    decision: Decision
    quantity_micros: int
    violations: tuple[LimitViolation, ...] = ()


#: The limit that switches a rule on (``None``: always on) and the rule, in order of precedence.
GATES: tuple[tuple[str | None, Rule], ...] = (
    (None, gates.short),
    ("allowed_entry_types", gates.entry_type),
    ("refuse_duplicates", gates.duplicate),
    ("max_orders_per_bar", gates.orders_per_bar),
    ("max_orders_per_day", gates.orders_per_day),
    ("price_band_pct", gates.price_band),
    ("min_market_cap_dollars", gates.market_cap),
    ("min_average_volume_shares", gates.average_volume),
    ("max_correlation", gates.correlation),
    ("max_positions", gates.max_positions),
    ("min_order_value_dollars", gates.min_order_value),
)
SIZES: tuple[tuple[str | None, Rule], ...] = (
    ("max_order_value_dollars", sizes.max_order_value),
    ("max_average_volume_pct", sizes.volume_share),
    ("max_position_pct", sizes.position),
    ("max_position_risk_pct", sizes.position_risk),
    ("max_sector_exposure_pct", sizes.sector),
    ("max_total_exposure_pct", sizes.total_exposure),
    ("max_portfolio_heat_pct", sizes.heat),
    ("max_portfolio_var_pct", sizes.portfolio_var),
    ("max_turnover_pct_per_day", sizes.turnover),
    ("settled_cash_only", sizes.settled_cash),
    (None, sizes.buying_power),
)


class PreTradeValidator:
    """The limits and the venue of a run, ready to check orders; only limits that are set cost time."""

    __slots__ = ("_gates", "_sizes", "limits", "venue")

    def __init__(self, limits: RiskLimits, venue: Capabilities) -> None:
        self.limits = limits
        self.venue = venue
        self._gates = _active(GATES, limits)
        self._sizes = _active(SIZES, limits)

    def check(self, order: Order, standing: Standing) -> Verdict:
        """Accept, shrink or refuse ``order``; ``standing`` holds the earlier orders of the same decision already."""
        refused = _malformed(order) or _venue_says_no(order, self.venue, standing) or _protects_too_much(order, standing)
        if refused is not None:
            return Verdict(Decision.REFUSE, 0, (refused,))
        opening = order.quantity_micros - reducing(order, standing)
        if opening == 0 or (order.role is not OrderRole.TARGET and order.role.protects):
            return Verdict(Decision.ACCEPT, order.quantity_micros)
        if standing.price <= 0:
            return self._reduced(order, opening, 0, [violation(order, codes.NO_PRICE, "no price has been seen yet")])
        entry = Entry(order, standing, self.limits, self.venue, opening)
        found = self._broken(entry)
        return self._reduced(order, opening, entry.price, found) if found else Verdict(Decision.ACCEPT, order.quantity_micros)

    def _broken(self, entry: Entry) -> list[LimitViolation]:
        for gate in self._gates:
            broken = gate(entry)
            if broken is not None:
                return [broken]
        return [broken for size in self._sizes if (broken := size(entry)) is not None]

    def _reduced(self, order: Order, opening: int, price: int, found: list[LimitViolation]) -> Verdict:
        """What is left of a sized target; explicit orders are not touched."""
        found.sort(key=lambda broken: broken.allowed_micros)
        if order.role is not OrderRole.TARGET:
            return Verdict(Decision.REFUSE, 0, tuple(found))
        closing = order.quantity_micros - opening
        lot = self.venue.lot_of(order.order_type)
        quantity = floor_to_lot(closing + found[0].allowed_micros, lot)
        least = max(to_micros(self.limits.min_order_value_dollars or 0.0), self.venue.fractional_least_micros if quantity % MICRO else 0)
        if quantity > closing and notional(quantity, price) < least:
            quantity = floor_to_lot(closing, lot)
        return Verdict(Decision.SHRINK if quantity else Decision.REFUSE, quantity, tuple(found))


def _active(rules: tuple[tuple[str | None, Rule], ...], limits: RiskLimits) -> tuple[Rule, ...]:
    settings = ((None if key is None else getattr(limits, key), key, rule) for key, rule in rules)
    return tuple(rule for setting, key, rule in settings if key is None or not (setting is None or setting is False))


def _malformed(order: Order) -> LimitViolation | None:
    wrong = _not_positive(order)
    if wrong is None:
        return None
    name, micros = wrong
    return violation(order, codes.INVALID_ORDER, f"{name} must be above 0", micros / MICRO, 0.0)


def _not_positive(order: Order) -> tuple[str, int] | None:
    """The first number of an order that is not above 0."""
    if order.quantity_micros <= 0:
        return "quantity", order.quantity_micros
    if order.order_type is OrderType.MARKET:
        return None
    prices = (("limit price", order.limit_micros), ("stop price", order.stop_micros), ("trail", order.trail_micros))
    return next(((name, micros) for name, micros in prices if micros is not None and micros <= 0), None)


def _venue_says_no(order: Order, venue: Capabilities, standing: Standing) -> LimitViolation | None:
    if order.role is not OrderRole.TARGET and order.role.protects:
        return venue_rules.impossible(order, venue)
    return venue_rules.refused(order, venue, standing.price, standing.held)


def _protects_too_much(order: Order, standing: Standing) -> LimitViolation | None:
    if order.role is OrderRole.TARGET or not order.role.protects:
        return None
    covered = abs(standing.held) if standing.held * order.side.sign < 0 else 0
    if order.quantity_micros <= covered:
        return None
    detail = f"protects {order.quantity} of {from_micros(covered)} shares"
    return violation(order, codes.NOTHING_TO_PROTECT, detail, order.quantity_micros / MICRO, covered / MICRO)
