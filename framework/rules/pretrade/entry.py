"""An entry as the limits see it: the opening part of an order, and what it would come to."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from framework.domain.values import MICRO, fraction_of, notional, shares_worth, to_micros
from framework.rules.pretrade.standing import entry_price, worst_price
from framework.rules.pretrade.violations import MEASURES, LimitViolation, violation

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.rules.pretrade.risk_limits import RiskLimits
    from framework.rules.pretrade.standing import Standing

#: What is asked for fits as it is.
ALL = -1


class Entry:
    """The opening part of an order and what the rules measure of it; micro-shares and micro-dollars.

    Attributes:
        order, standing, limits, venue: What it is checked with; ``account`` is the standing's.
        opening: Micro-shares that open or add; ``closed`` is the rest of the order.
        price: Price at which the entry counts; ``worst`` the one at which cash is reserved.
        value: ``opening`` at ``price``.
        sign: +1 for a buy, -1 for a sell.
        held: |value| of the position; ``closes`` the same where the order closes it first, else 0.
    """

    __slots__ = (
        "account",
        "closed",
        "closes",
        "held",
        "limits",
        "opening",
        "order",
        "price",
        "sign",
        "standing",
        "value",
        "venue",
        "worst",
    )

    def __init__(self, order: Order, standing: Standing, limits: RiskLimits, venue: Capabilities, opening: int) -> None:
        self.order, self.standing, self.limits, self.venue, self.opening = order, standing, limits, venue, opening
        self.account, self.sign = standing.account, order.side.sign
        self.price = entry_price(order, standing.price)
        self.worst = worst_price(order, standing.price, limits.entry_collar_pct)
        self.value = notional(opening, self.price)
        self.closed = order.quantity_micros - opening
        self.held = notional(abs(standing.held), standing.price) if standing.held else 0
        # Shares on the other side are closed first: they leave room instead of taking it.
        self.closes = self.held if standing.held * self.sign < 0 else 0

    def over(self, code: str, cap: int, used: int, each: int) -> LimitViolation | None:
        """The violation of a limit on size: ``used`` and the entry, at ``each`` a share, would come to more than ``cap``."""
        needed = self.value if each == self.price else notional(self.opening, each)
        allowed = fitting(needed, cap - used, each)
        if allowed == ALL:
            return None
        measure, order = MEASURES[code], self.order
        figure, limit = (used + needed) / MICRO, cap / MICRO
        detail = (
            f"{order.side} {order.quantity} {order.symbol}: {measure.what} would come to {figure:,.2f} {measure.unit}, "
            f"allowed are {limit:,.2f} ([limits] {measure.key} = {getattr(self.limits, measure.key)})"
        )
        return LimitViolation(order.symbol, code, detail, figure, limit, allowed)

    def unknown(self, code: str, what: str, key: str) -> LimitViolation:
        """The violation of a limit whose figure is not there."""
        return violation(self.order, code, f"{what} is not known, and [limits] {key} = {getattr(self.limits, key)} needs it")


def fitting(needed: int, room: int, each: int) -> int:
    """Micro-shares at ``each`` micro-dollars that fit into ``room``; ``ALL`` where what is ``needed`` does."""
    return ALL if needed <= room else shares_worth(max(room, 0), each)


@lru_cache(maxsize=64)  # equity is the same for all orders of a decision
def share(amount: int, fraction: float | None) -> int:
    """``fraction`` (to a millionth) of ``amount``, rounded down."""
    return fraction_of(amount, to_micros(fraction or 0.0))


#: Measures an entry: the violation, or ``None``.
Rule = Callable[[Entry], LimitViolation | None]
