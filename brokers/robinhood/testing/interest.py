"""What borrowed money costs: counted at the end of each day on what settled cash is below zero, a year of 360, charged every 30 days.

So Robinhood's help pages describe it; the rate, and how much is free, are whatever a test says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from framework.domain.values import MICRO, rounded_quotient

YEAR, BILLING_DAYS = 360, 30


class Charge(NamedTuple):
    """Interest that was taken: when (ns UTC), micro-dollars."""

    timestamp: int
    amount: int


@dataclass(slots=True)
class Loan:
    """The terms of an account and what has come due; ``rate`` in millionths a year, ``free`` in micro-dollars.

    Attributes:
        owed_days: Micro-dollars owed, summed over the days since the last charge.
        days: Of them.
    """

    rate: int
    free: int = 0
    billing_days: int = BILLING_DAYS
    owed_days: int = 0
    days: int = 0
    charges: list[Charge] = field(default_factory=list)

    def day_ends(self, settled_cash: int, now: int) -> int:
        """Count a day; what is charged now, micro-dollars, 0 on most days."""
        self.owed_days += max(-settled_cash - self.free, 0)
        self.days += 1
        if self.days < self.billing_days:
            return 0
        amount = rounded_quotient(self.owed_days * self.rate, YEAR * MICRO)
        self.owed_days = self.days = 0
        if amount:
            self.charges.append(Charge(now, amount))
        return amount
