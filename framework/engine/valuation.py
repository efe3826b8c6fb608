"""What are the books worth now, and what may they lose tomorrow?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.values import MICRO, notional
from framework.rules.risk.joint import joint_historical
from framework.rules.risk.many import symbol_risks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.book import Book
    from framework.engine.market import Market
    from framework.engine.policies import Policies
    from framework.rules.risk.estimate import RiskEstimate


class Valuation:
    """Marks the book to the last closes and estimates risk, asking each symbol's window only when it has moved."""

    def __init__(self, market: Market, book: Book, policies: Policies) -> None:
        self._market = market
        self._book = book
        self._policies = policies
        self._risk: dict[int, tuple[int, RiskEstimate]] = {}

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

    def risk(self, row: int) -> RiskEstimate:
        """Risk of a symbol as fractions of its value; the estimate says where it is unknown."""
        known = self._risk.get(row)
        if known is None or known[0] != self._market.sessions_seen(row):
            self.estimate((row,))
        return self._risk[row][1]

    def estimate(self, rows: Sequence[int]) -> None:
        """Bring the risk of ``rows`` up to date; many at once cost less than one by one."""
        seen = {row: self._market.sessions_seen(row) for row in rows}
        stale = [row for row in rows if row not in self._risk or self._risk[row][0] != seen[row]]
        policy = self._policies.risk
        found = symbol_risks([self._market.daily_returns(row, policy.lookback) for row in stale], policy)
        self._risk.update((row, (seen[row], one)) for row, one in zip(stale, found, strict=True))

    def charged_var(self, row: int) -> float:
        """VaR that counts against the portfolio's budget: the assumed one where the symbol's own is unknown or not believed."""
        own, sizing = self.risk(row).var, self._policies.sizing
        return own if sizing.risk_floor < own < math.inf else sizing.assumed_var

    def portfolio_var(self) -> float:
        """Forecast: the simple sum of the positions' own VaR in dollars, diversification not credited; NaN where one is not known.

        What is assumed for a symbol without history is charged to budgets, but it is no forecast.
        """
        return math.fsum(abs(self.value(row)) * self.risk(row).var for row in self.held_rows()) / MICRO

    def joint_var(self) -> float:
        """VaR in dollars of today's holdings over their joint history; 0 when flat, NaN where there is no answer."""
        rows = self.held_rows()
        if not rows:
            return 0.0
        values = np.array([self.value(row) / MICRO for row in rows])
        history = self._market.joint_returns(rows, self._policies.risk.lookback)
        return joint_historical(values, history, self._policies.risk.confidence).var
