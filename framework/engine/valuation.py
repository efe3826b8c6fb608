"""What are the books worth now, and what may they lose tomorrow?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.values import MICRO, notional
from framework.rules.risk.joint import joint_historical, simple_sum
from framework.rules.risk.many import symbol_risks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.book import Book
    from framework.domain.market import Floats
    from framework.engine.market import Market
    from framework.engine.policies import Policies


class Risk(NamedTuple):
    """What a symbol may lose by tomorrow, as positive fractions of its value; NaN where that is not known."""

    var: float
    cvar: float


class Holdings(NamedTuple):
    """What is held, as ``Valuation.values`` gives it, and what all is worth, as ``Valuation.equity`` does."""

    values: dict[int, int]
    equity: int


class Valuation:
    """Marks the book to the last closes and estimates risk, asking each symbol's window only when it has moved."""

    def __init__(self, market: Market, book: Book, policies: Policies) -> None:
        self._market = market
        self._book = book
        self._policies = policies
        #: VaR and CVaR of each row, and by row the sessions that had been seen then.
        self._var, self._cvar = np.full((2, len(market.symbols)), np.nan)
        self._seen: dict[int, int] = {}
        self._entries = -1
        self._positions: tuple[tuple[int, int], ...] = ()

    def value(self, row: int) -> int:
        """Signed value of the position in symbol ``row``, micro-dollars."""
        quantity = self._book.quantity(self._market.symbols[row])
        return notional(quantity, self._market.price_micros(row)) if quantity else 0

    def positions(self) -> tuple[tuple[int, int], ...]:
        """Row and micro-shares (signed) of all symbols held, by row, ascending."""
        book, row = self._book, self._market.row
        if self._entries != book.entries:
            self._entries = book.entries
            self._positions = tuple(
                sorted((row[one.symbol], one.quantity_micros) for one in book.positions.values() if one.quantity_micros)
            )
        return self._positions

    def values(self) -> dict[int, int]:
        """Signed value of each position, micro-dollars, by row, ascending."""
        price = self._market.price_micros
        return {row: notional(quantity, price(row)) for row, quantity in self.positions()}

    def held_rows(self) -> list[int]:
        """Rows of all symbols held, ascending."""
        return [row for row, _ in self.positions()]

    def equity(self) -> int:
        """Cash, dividends still to be paid and positions, micro-dollars."""
        total, price = self._book.cash_micros + self._book.receivable_micros, self._market.price_micros
        for row, quantity in self.positions():
            total += notional(quantity, price(row))
        return total

    def holdings(self) -> Holdings:
        """Positions and equity at the last closes."""
        values = self.values()
        return Holdings(values, self._book.cash_micros + self._book.receivable_micros + sum(values.values()))

    def risk(self, row: int) -> Risk:
        """Risk of a symbol."""
        if self._seen.get(row) != self._market.sessions_seen(row):
            self.risks([row])
        return Risk(self._var.item(row), self._cvar.item(row))

    def risks(self, rows: list[int]) -> tuple[Floats, Floats]:
        """VaR and CVaR of ``rows``, float64 each, as in ``Risk``; many at once cost less than one by one."""
        market, policy = self._market, self._policies.risk
        stale = {row: seen for row in rows if (seen := market.sessions_seen(row)) != self._seen.get(row)}
        if stale:
            some = list(stale)
            self._var[some], self._cvar[some] = symbol_risks(market.windows(stale, policy.lookback), policy)
            self._seen |= stale
        return self._var[rows], self._cvar[rows]

    def charged_var(self, row: int) -> float:
        """VaR that counts against the portfolio's budget: the assumed one where the symbol's own is unknown or not believed."""
        own, sizing = self.risk(row).var, self._policies.sizing
        return own if sizing.risk_floor < own < math.inf else sizing.assumed_var

    def portfolio_risk(self) -> Risk:
        """Forecast in dollars: the simple sum of the positions' own risk, diversification not credited; NaN where one is not known.

        What is assumed for a symbol without history is charged to budgets, but it is no forecast.
        """
        held = self.values()
        found = simple_sum(_dollars(held), *self.risks(list(held)))
        return Risk(found.var, found.cvar)

    def joint_risk(self) -> Risk:
        """Risk in dollars of today's holdings over their joint history; 0 when flat, NaN where there is no answer."""
        held = self.values()
        if not held:
            return Risk(0.0, 0.0)
        policy = self._policies.risk
        found = joint_historical(_dollars(held), self._market.joint_returns(list(held), policy.lookback), policy.confidence)
        return Risk(found.var, found.cvar)


def _dollars(values: Mapping[int, int]) -> Floats:
    return np.array([value / MICRO for value in values.values()])
