"""What the venue charges for cash and shares it has lent, once a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.account_event import Interest
from framework.domain.values import notional
from framework.engine.market import session_number
from framework.rules import ledger
from framework.rules.account.interest import for_shares, on_cash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brokers.simulated.account import VenueAccount
    from framework.domain.account_event import AccountEvent
    from framework.engine.market import Market
    from framework.rules.account.policy import AccountPolicy


class Financing:
    """Charges interest and fees to ``account`` by ``policy``, which has some, and reports them to ``hear``."""

    def __init__(self, market: Market, account: VenueAccount, policy: AccountPolicy, hear: Callable[[AccountEvent], None]) -> None:
        self._market = market
        self._account = account
        self._policy = policy
        self._hear = hear
        self._session: int | None = None

    def before_trading(self, rows: Sequence[int]) -> None:
        """In a new session charge the days since the one before, by the closes before the bars of ``rows``."""
        before, self._session = self._session, session_number(self._market.now)
        if before is None or before == self._session:
            return
        days, short = self._session - before, self._short_values(set(rows))
        interest = on_cash(self._account.book.cash_micros, sum(short.values()), days, self._policy)
        self._charge("", "debit_interest" if interest < 0 else "credit_interest", interest)
        for symbol, value in short.items():
            self._charge(symbol, "borrow_fee", for_shares(value, days, self._policy))

    def _short_values(self, opened: set[int]) -> dict[str, int]:
        """What the shares sold short were worth when the last session ended, micro-dollars, above 0."""
        values = {}
        for position in self._account.positions():
            if position.quantity_micros < 0:
                row = self._market.row_of(position.symbol)
                price = self._market.close_before(row) if row in opened else self._market.price_micros(row)
                values[position.symbol] = notional(-position.quantity_micros, price)
        return values

    def _charge(self, symbol: str, code: str, amount: int) -> None:
        if amount:
            event = Interest(self._market.now, symbol, code, amount)
            ledger.post(self._account.book, event)
            self._hear(event)
