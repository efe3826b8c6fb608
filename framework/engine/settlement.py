"""Which money has settled, and who sells what was bought with money that had not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.domain.account_event import GoodFaithViolation, Split
from framework.domain.order import OrderSide
from framework.domain.values import notional
from framework.rules.account.goodfaith import MEMORY, GoodFaith
from framework.rules.account.policy import AccountType

if TYPE_CHECKING:
    from framework.domain.account_event import AccountEvent
    from framework.domain.book import Book
    from framework.domain.fill import Fill
    from framework.engine.journal import Journal
    from framework.rules.account.policy import AccountPolicy

#: Sessions that are remembered: no settlement cycle is longer.
_LONGEST_CYCLE = 10


class Settlement:
    """Follows sales until they settle; in a cash account also what unsettled money has bought."""

    def __init__(self, account: AccountPolicy, book: Book, journal: Journal) -> None:
        self._is_cash = account.type is AccountType.CASH
        self._settled_only = account.settled_only
        self._book = book
        self._journal = journal
        self._sessions: list[int] = []
        self._money = GoodFaith()

    def on_session(self, session: int) -> None:
        """A new ``session`` has begun."""
        self._sessions = [*self._sessions[-_LONGEST_CYCLE:], session]
        self._money.settle(session, np.array(self._sessions, dtype=np.int64))

    def on_fill(self, fill: Fill) -> None:
        """``fill`` is in the books and its session has been told."""
        if not (self._is_cash or self._settled_only):
            return
        today, value = self._sessions[-1], notional(fill.quantity_micros, fill.price_micros)
        if fill.side is OrderSide.BUY:
            cost = value + fill.fees_micros
            self._money.bought(fill.symbol, fill.quantity_micros, cost, self._book.cash_micros + cost)
        elif self._money.sold(fill.symbol, fill.quantity_micros, value - fill.fees_micros, today, fill.order_id) and self._is_cash:
            recent = [day for day in self._money.violations if today - day <= MEMORY]
            until = self._money.restricted_until(today)
            self._journal.posted(GoodFaithViolation(fill.timestamp, fill.symbol, fill.order_id, len(recent), until))

    def on_account(self, event: AccountEvent) -> None:
        """Shares that were bought follow a split."""
        if isinstance(event, Split):
            self._money.split(event.symbol, event.new, event.old)

    def kept_apart(self) -> int:
        """Micro-dollars of cash that entries may not spend: unsettled money, where it may not be used at all."""
        if not self._sessions:
            return 0
        restricted = self._is_cash and self._money.restricted_until(self._sessions[-1])
        return self._money.unsettled() if self._settled_only or restricted else 0
