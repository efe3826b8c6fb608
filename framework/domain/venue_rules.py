"""What is known of each venue, one row a rule: the value, the code of its refusal, the venue's own words, and where that is known from.

The rows are all there is: ``Capabilities`` are made of them, and the checks of ``rules.pretrade.venue_rules`` read nothing else. A row
without a code refuses nothing; it says how the venue works. Words that are not known are left empty.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from framework.domain import reasons
from framework.domain.order import OrderType, TimeInForce
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping


class VenueRule(NamedTuple):
    """One row.

    Attributes:
        capability: The field of ``Capabilities`` it sets.
        value: What it is set to.
        code: Reason code of an order that breaks it.
        says: What the venue answers such an order.
        source: Where it is known from.
    """

    capability: str
    value: object
    code: str = ""
    says: str = ""
    source: str = ""


_CENT, _MINUTE = MICRO // 100, 60 * 10**9
ALL_TYPES, ALL_FORCES = frozenset(OrderType), frozenset(TimeInForce)
DAY_AND_GTC = frozenset({TimeInForce.DAY, TimeInForce.GTC})
DAY_ONLY = frozenset({TimeInForce.DAY})
#: (from this price on, the step), dearest first: a cent from one dollar on, a hundredth of a cent below.
US_TICKS = ((MICRO, _CENT), (0, _CENT // 100))
_SUPPORT = "robinhood.com/us/en/support/articles/"
_ISSUE = "github.com/jmfernandes/robin_stocks/issues/"

ROBINHOOD = (
    VenueRule("order_types", ALL_TYPES, reasons.ORDER_TYPE, source=_SUPPORT + "stop-order"),
    VenueRule(
        "times_in_force",
        DAY_AND_GTC,
        reasons.TIME_IN_FORCE,
        "Invalid time in force fok.",
        "github.com/sanko/Robinhood/issues/37",
    ),
    VenueRule("gtc_days", 90, source="its trading tools for agents: gtc works for about 90 days"),
    VenueRule(
        "shorting",
        value=False,
        code=reasons.SHORT,
        says="Not enough shares to sell.",
        source="github.com/siropkin/robinhood-ai-trading-bot/issues/19",
    ),
    VenueRule(
        "reserves_shares",
        value=True,
        code=reasons.SHORT,
        says="Not enough shares to sell.",
        source=_SUPPORT + "not-enough-shares-error",
    ),
    VenueRule("lot_micros", MICRO, reasons.FRACTIONAL, "Order quantity cannot include fractional shares.", _ISSUE + "130"),
    VenueRule(
        "fractional_types",
        frozenset({OrderType.MARKET, OrderType.LIMIT}),
        reasons.FRACTIONAL,
        "Order quantity cannot include fractional shares.",
        _ISSUE + "347",
    ),
    VenueRule("fractional_forces", DAY_ONLY, reasons.TIME_IN_FORCE, "invalid time in force for fractional order.", _ISSUE + "161"),
    VenueRule(
        "fractional_in_extended_hours",
        value=False,
        code=reasons.FRACTIONAL,
        says="Limit order quantity cannot include fractional shares.",
        source=_ISSUE + "547",
    ),
    VenueRule("fractional_least_micros", MICRO, reasons.MIN_ORDER_VALUE, source=_SUPPORT + "fractional-shares"),
    VenueRule("ticks", US_TICKS, reasons.OFF_TICK, "Prices above $1.00 can't have subpenny increments.", _ISSUE + "54"),
    VenueRule("takes_passed_stops", value=False, code=reasons.STOP_PASSED, source=_SUPPORT + "why-was-my-order-rejected"),
    VenueRule("collar_millionths", 50_000, reasons.BUYING_POWER, "Not enough buying power.", _SUPPORT + "market-order"),
    VenueRule("extended_types", frozenset({OrderType.LIMIT}), reasons.EXTENDED_HOURS, source=_SUPPORT + "extendedhours-trading"),
    VenueRule("extended_hours", (150 * _MINUTE, 240 * _MINUTE), source=_SUPPORT + "extendedhours-trading"),
)

#: No broker in particular: what US rules ask of every order, and nothing more.
GENERIC = (
    VenueRule("order_types", ALL_TYPES, reasons.ORDER_TYPE),
    VenueRule("times_in_force", ALL_FORCES, reasons.TIME_IN_FORCE),
    VenueRule("gtc_days", None),
    VenueRule("shorting", value=True, code=reasons.SHORT),
    VenueRule("reserves_shares", value=False, code=reasons.SHORT),
    VenueRule("lot_micros", 1, reasons.FRACTIONAL),
    VenueRule("fractional_types", ALL_TYPES, reasons.FRACTIONAL),
    VenueRule("fractional_forces", ALL_FORCES, reasons.TIME_IN_FORCE),
    VenueRule("fractional_in_extended_hours", value=True, code=reasons.FRACTIONAL),
    VenueRule("fractional_least_micros", 0, reasons.MIN_ORDER_VALUE),
    VenueRule("ticks", US_TICKS, reasons.OFF_TICK, source="17 CFR 242.612 (SEC Rule 612)"),
    VenueRule("takes_passed_stops", value=True, code=reasons.STOP_PASSED),
    VenueRule("collar_millionths", 0, reasons.BUYING_POWER),
    VenueRule("extended_types", ALL_TYPES, reasons.EXTENDED_HOURS),
    VenueRule("extended_hours", (330 * _MINUTE, 240 * _MINUTE), source="the hours of US exchanges, 4:00 to 20:00 in New York"),
)

RULES: Mapping[str, tuple[VenueRule, ...]] = MappingProxyType({"robinhood": ROBINHOOD, "generic": GENERIC})
