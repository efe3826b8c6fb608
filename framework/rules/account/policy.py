"""What kind of account is it, and what does borrowing cost in it?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AccountType(StrEnum):
    """What entries are paid with.

    ``limited``: cash, that of sales at once; nothing is borrowed but shares to sell short where the venue has them. ``cash``: cash, and a
    purchase with money that has not settled is a commitment to hold (``account.goodfaith``); no short sales. ``margin``: half of an
    entry may be borrowed (``account.margin``).
    """

    LIMITED = "limited"
    CASH = "cash"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """The type and what a year costs, as fractions: of cash owed, of cash held (received), of the value of shares sold short.

    ``settled_only``: unsettled money buys nothing, restriction or not.
    """

    type: AccountType = AccountType.LIMITED
    debit_rate: float = 0.0
    credit_rate: float = 0.0
    borrow_rate: float = 0.0
    settled_only: bool = False

    @property
    def accrues(self) -> bool:
        """Whether interest or fees can come due."""
        return self.debit_rate + self.credit_rate + self.borrow_rate > 0.0


#: Paid in full, nothing charged.
UNLEVERED = AccountPolicy()
