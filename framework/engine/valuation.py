"""What are the books worth now, and what may they lose tomorrow?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.domain.values import MICRO, notional
from framework.rules.var import symbol_var

if TYPE_CHECKING:
    from framework.domain.book import Book
    from framework.engine.market import Market
    from framework.engine.policies import Policies


class Valuation:
    """Marks the book to the last closes and estimates VaR, asking each symbol's window only when it has moved."""

    def __init__(self, market: Market, book: Book, policies: Policies) -> None:
        self._market = market
        self._book = book
        self._policies = policies
        self._var: dict[int, tuple[int, float]] = {}

    def value(self, row: int) -> int:
        """Signed value of the position in symbol ``row``, micro-dollars."""
        quantity = self._book.quantity(self._market.symbols[row])
        return notional(quantity, self._market.price_micros(row)) if quantity else 0

    def is_flat(self) -> bool:
        """Whether nothing is held."""
        return not any(position.quantity_micros for position in self._book.positions.values())

    def held_rows(self) -> list[int]:
        """Rows of all symbols held, ascending."""
        return sorted(self._market.row[symbol] for symbol, position in self._book.positions.items() if position.quantity_micros)

    def equity(self) -> int:
        """Cash plus positions, micro-dollars."""
        return self._book.cash_micros + sum(self.value(row) for row in self.held_rows())

    def gross(self) -> int:
        """Sum of |position value|, micro-dollars."""
        return sum(abs(self.value(row)) for row in self.held_rows())

    def var(self, row: int) -> float:
        """One-day VaR of a symbol as a fraction of its value; NaN where unknown."""
        seen = self._market.sessions_seen(row)
        known = self._var.get(row)
        if known is None or known[0] != seen:
            policy = self._policies.var
            returns = self._market.daily_returns(row, policy.lookback)
            known = (seen, symbol_var(returns, policy.method, policy.confidence, policy.min_observations))
            self._var[row] = known
        return known[1]

    def charged_var(self, row: int) -> float:
        """VaR that counts against the portfolio's budget: the assumed one where the symbol's own is unknown or not believed."""
        own, sizing = self.var(row), self._policies.sizing
        return own if own > sizing.var_floor else sizing.assumed_var

    def portfolio_var(self) -> float:
        """Simple sum of the positions' VaR in dollars; diversification is not credited."""
        return math.fsum(abs(self.value(row)) * self.charged_var(row) for row in self.held_rows()) / MICRO
