"""Money of an account that none of our trades has moved: what does it look like? A guess for a person, on which nothing is done."""

from __future__ import annotations

from enum import StrEnum

from framework.domain.values import MICRO

#: A difference below this share of the cash that is held or owed (one part in so many) may be interest.
_INTEREST = 100
#: The most a fee is taken for, micro-dollars.
_FEE = 10 * MICRO


class CashKind(StrEnum):
    """What a difference looks like."""

    OTHERS = "somebody else's trade"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    INTEREST = "interest or a dividend"
    FEE = "fee"
    UNKNOWN = "unknown"


def kind_of(difference: int, cash: int, *, others_traded: bool) -> CashKind:
    """What ``difference`` looks like, beside ``cash`` of the account (micro-dollars).

    ``others_traded``: shares that are not ours have changed too. People pay in and out whole dollars; a venue's own bookings are not.
    """
    if others_traded:
        return CashKind.OTHERS
    if difference % MICRO == 0:
        return CashKind.DEPOSIT if difference > 0 else CashKind.WITHDRAWAL
    if abs(difference) * _INTEREST <= (cash if difference > 0 else -cash):
        return CashKind.INTEREST  # of cash that is held, or owed
    if difference > 0:
        return CashKind.UNKNOWN
    return CashKind.FEE if -difference <= _FEE else CashKind.UNKNOWN
