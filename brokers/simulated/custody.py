"""What happens to shares that are held without anybody trading them: dividends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.fill import Dividend
from framework.domain.values import notional, to_micros
from framework.rules import ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.simulated.account import VenueAccount
    from framework.engine.market import Market


class Custody:
    """Books what issuers do with the shares in ``account``, and reports it to ``paid``."""

    def __init__(self, market: Market, account: VenueAccount, paid: Callable[[Dividend], None]) -> None:
        self._market = market
        self._account = account
        self._paid = paid

    def before_trading(self, row: int) -> None:
        """Book what takes effect before the open of the bar of ``row`` that has just closed."""
        series = self._market.series[row]
        amount = float(series.dividend[self._market.cursor[row]])
        quantity = self._account.book.quantity(series.symbol)
        if amount and quantity:
            dividend = Dividend(self._market.now, series.symbol, quantity, notional(quantity, to_micros(amount)))
            ledger.post_dividend(self._account.book, dividend)
            self._paid(dividend)
