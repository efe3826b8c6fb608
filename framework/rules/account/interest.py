"""What do borrowed cash and borrowed shares cost? Simple interest for calendar days, a year of 360 (actual/360, as US brokers count)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.values import MICRO, rounded_quotient, to_micros

if TYPE_CHECKING:
    from framework.rules.account.policy import AccountPolicy

YEAR = 360


def on_cash(cash: int, short_value: int, days: int, policy: AccountPolicy) -> int:
    """Interest for ``days``, micro-dollars: below 0 is owed on a debit balance, above 0 received on a credit balance.

    What short sales brought (``short_value``, above 0, at the last price) is collateral: it neither earns interest nor pays for purchases.
    """
    balance = cash - short_value
    return _simple(balance, policy.debit_rate if balance < 0 else policy.credit_rate, days)


def for_shares(short_value: int, days: int, policy: AccountPolicy) -> int:
    """What is owed for ``days`` on shares sold short of ``short_value`` (above 0), micro-dollars, below 0."""
    return -_simple(short_value, policy.borrow_rate, days)


def _simple(amount: int, rate: float, days: int) -> int:
    return rounded_quotient(amount * to_micros(rate) * days, YEAR * MICRO)
