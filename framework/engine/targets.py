"""From what is wanted to what must change: targets of one decision, sized together and turned into orders."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.fill import Refusal
from framework.domain.order import OrderRole, OrderSide
from framework.domain.values import MICRO, floor_to_lot, notional
from framework.rules import sizing

if TYPE_CHECKING:
    from framework.engine.desk import Desk
    from framework.rules.stops import StopPlan

_EXPLAINED = MappingProxyType(
    {
        sizing.VAR_BUDGET: "the portfolio VaR budget ([sizing] max_portfolio_var_pct) is used up",
        sizing.EXPOSURE: "total exposure ([sizing] max_total_exposure_pct) is used up",
        sizing.TOO_SMALL: "the position would be worth less than [sizing] min_position_value",
    }
)


class _Target(NamedTuple):
    row: int
    strength: float
    stop: StopPlan | None
    tag: str | None


class Targets:
    """Collects the targets of a decision and settles them at its end."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._noted: dict[int, _Target] = {}

    def note(self, row: int, strength: float, stop: StopPlan | None, tag: str | None) -> None:
        """Remember a target; a later one for the same symbol replaces it."""
        self._noted[row] = _Target(row, strength, stop, tag)

    def settle(self) -> None:
        """Size all targets together, then send what must change: reductions first, then the strongest."""
        if not self._noted:
            return
        targets = [self._noted[row] for row in sorted(self._noted)]
        self._noted = {}
        for target in targets:
            self._withdraw(target.row)
        priced = [target for target in targets if self._has_price(target)]
        if not priced:
            return
        values, codes = self._sized(priced)
        changes = [(self._delta(target, value, code), target, code) for target, value, code in zip(priced, values, codes, strict=True)]
        for delta, target, code in sorted(
            changes, key=lambda change: (self._adds(change[0], change[1]), -abs(change[1].strength), change[1].row)
        ):
            if delta:
                self._clear_the_way(self._symbol(target), delta)
                reason = f"target {target.strength:g} {code}"
                self._desk.send(self._symbol(target), delta, OrderRole.TARGET, target.stop, reason, target.tag)

    def _symbol(self, target: _Target) -> str:
        return self._desk.market.symbols[target.row]

    def _withdraw(self, row: int) -> None:
        """A new target replaces what an older one still has working."""
        symbol = self._desk.market.symbols[row]
        for order in [order for order in self._desk.blotter.orders.values() if order.symbol == symbol and order.role is OrderRole.TARGET]:
            self._desk.cancel(order.order_id, "new target")

    def _clear_the_way(self, symbol: str, delta: int) -> None:
        """Cancel exits that hold the shares which are to leave now: they would be sold twice, or the target refused."""
        if delta * self._desk.book.quantity(symbol) < 0:
            for order in self._desk.blotter.exits(symbol, OrderSide.BUY if delta > 0 else OrderSide.SELL):
                self._desk.cancel(order.order_id, "new target")

    def _has_price(self, target: _Target) -> bool:
        if self._desk.market.price_micros(target.row) > 0:
            return True
        self._refuse(target, sizing.NO_PRICE, "no price has been seen yet")
        return False

    def _sized(self, targets: list[_Target]) -> tuple[list[float], list[str]]:
        valuation, policies = self._desk.valuation, self._desk.policies
        others = self._committed_elsewhere({target.row for target in targets})
        values, codes = sizing.allocate(
            strength=np.array([target.strength for target in targets]),
            var=np.array([valuation.var(target.row) for target in targets]),
            held=np.array([valuation.value(target.row) / MICRO for target in targets]),
            other_var=sum(value * valuation.charged_var(row) for row, value in others) / MICRO,
            other_exposure=sum(value for _, value in others) / MICRO,
            equity=max(valuation.equity() / MICRO, 0.0),
            slots=len(self._desk.market.symbols),
            policy=policies.sizing,
        )
        return [float(value) for value in values], codes

    def _committed_elsewhere(self, rows: set[int]) -> list[tuple[int, int]]:
        """(row, micro-dollars) held, and then of working entries, in symbols other than ``rows``."""
        market, valuation = self._desk.market, self._desk.valuation
        held = [(row, abs(valuation.value(row))) for row in valuation.held_rows()]
        working = [(market.row[order.symbol], opening) for order, opening in self._desk.blotter.entering()]
        coming = [(row, notional(opening, market.price_micros(row))) for row, opening in working]
        return [(row, value) for row, value in held + coming if row not in rows]

    def _delta(self, target: _Target, value: float, code: str) -> int:
        """Micro-shares to trade, after rounding to the venue's lot; refusals and changes too small to bother are noted."""
        desk, symbol = self._desk, self._symbol(target)
        price, held = desk.market.price_micros(target.row), desk.book.quantity(symbol)
        size = int(abs(value) * MICRO) * MICRO // price if target.strength else 0
        wanted = floor_to_lot(size if value > 0.0 else -size, desk.broker.capabilities.lot_micros)
        if wanted == 0 and held == 0 and target.strength and code not in _EXPLAINED:
            code = sizing.TOO_SMALL
        if code in _EXPLAINED:
            self._refuse(target, code, _EXPLAINED[code], value)
        change = notional(abs(wanted - held), price)
        is_adjustment = held != 0 and wanted != 0
        return 0 if is_adjustment and change < desk.policies.sizing.min_position_value * MICRO else wanted - held

    def _adds(self, delta: int, target: _Target) -> bool:
        return delta * self._desk.book.quantity(self._symbol(target)) >= 0

    def _refuse(self, target: _Target, code: str, detail: str, figure: float | None = None) -> None:
        desk, symbol = self._desk, self._symbol(target)
        desk.journal.refused(Refusal(desk.market.now, symbol, code, f"target {target.strength:+g} {symbol}: {detail}", figure))
