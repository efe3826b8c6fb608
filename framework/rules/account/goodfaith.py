"""Which sales of a cash account break good faith?

In a cash account a purchase may be paid with the money of a sale that has not settled, but what was bought so must not be sold before that
sale has settled (Regulation T, 12 CFR 220.8, as brokers apply it). The third such sale in twelve months restricts the account to settled
cash for 90 days. What was never paid for cannot be sold here at all (free riding): a purchase without cash is refused. When a sale
settles follows from its date (``pretrade.settlement``).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.rules.pretrade.settlement import is_settled

if TYPE_CHECKING:
    from framework.domain.market import Integers

VIOLATIONS, MEMORY, RESTRICTION = 3, 365, 90
#: Paid with settled money only.
SETTLED = -1


@dataclass(slots=True)
class _Sale:
    """What a sale on ``day`` brought, and how much of that has been spent; micro-dollars."""

    day: int
    proceeds: int
    spent: int = 0


@dataclass(slots=True)
class _Bought:
    """Micro-shares bought together; ``sale_day`` is the day of the youngest sale whose unsettled money paid for them."""

    quantity: int
    sale_day: int


@dataclass(slots=True)
class GoodFaith:
    """Money that has not settled, what it has bought, and the violations so far; days count from 1970.

    Attributes:
        violations: Days of the sales that broke good faith, oldest first, one for each order.
    """

    violations: list[int] = field(default_factory=list)
    _sales: list[_Sale] = field(default_factory=list)
    _held: dict[str, deque[_Bought]] = field(default_factory=dict)
    _broken_by: str = ""

    def settle(self, today: int, business_days: Integers) -> None:
        """Forget sales that have settled by ``today``; ``business_days`` are those up to it, int64, ascending."""
        self._sales = [sale for sale in self._sales if not is_settled(sale.day, today, business_days)]

    def unsettled(self) -> int:
        """Micro-dollars in the account that have not settled and are not spent."""
        return sum(sale.proceeds - sale.spent for sale in self._sales)

    def bought(self, symbol: str, quantity: int, cost: int, cash: int) -> None:
        """Micro-shares were bought for ``cost``, fees included, with ``cash`` (before it, unsettled money included) in the account."""
        short = cost - max(cash - self.unsettled(), 0)
        youngest = SETTLED
        for sale in self._sales:  # oldest first: it settles first
            if short <= 0:
                break
            part = min(short, sale.proceeds - sale.spent)
            if part > 0:
                sale.spent += part
                short -= part
                youngest = sale.day
        self._held.setdefault(symbol, deque()).append(_Bought(quantity, youngest))

    def sold(self, symbol: str, quantity: int, proceeds: int, today: int, order_id: str) -> bool:
        """Micro-shares were sold, oldest first; returns whether that breaks good faith, once for each order."""
        lots = self._held.setdefault(symbol, deque())
        waiting = {sale.day for sale in self._sales}
        broken = False
        while quantity > 0 and lots:
            part = min(quantity, lots[0].quantity)
            broken |= lots[0].sale_day in waiting
            quantity -= part
            lots[0].quantity -= part
            if lots[0].quantity == 0:
                lots.popleft()
        self._sales.append(_Sale(today, proceeds))
        if not broken or order_id == self._broken_by:
            return False
        self._broken_by = order_id
        self.violations.append(today)
        return True

    def split(self, symbol: str, new: int, old: int) -> None:
        """Put what is held into new shares."""
        for lot in self._held.get(symbol, ()):
            lot.quantity = lot.quantity * new // old

    def restricted_until(self, today: int) -> int:
        """The last day of a restriction to settled cash that holds ``today``; 0 without one."""
        for number, day in enumerate(self.violations):
            is_third = number + 1 >= VIOLATIONS and day - self.violations[number + 1 - VIOLATIONS] <= MEMORY
            if is_third and day <= today <= day + RESTRICTION:
                return day + RESTRICTION
        return 0
