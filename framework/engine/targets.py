"""From what is wanted to what must change: targets of one decision, sized together and turned into orders."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.fill import Refusal
from framework.domain.order import OrderRole, OrderSide
from framework.domain.values import MICRO, notional
from framework.rules.execution.pricing import priced
from framework.rules.sizing import kelly, lots
from framework.rules.sizing.policy import NO_PRICE, NO_SIGNAL, REFUSALS, TOO_SMALL, FixedUnit, SizingMethod
from framework.rules.sizing.sizers import TRADING_DAYS, Allocation, Candidates, allocate
from framework.rules.stops.atr import wilder_atr

if TYPE_CHECKING:
    from framework.engine.desk import Desk
    from framework.engine.protection import ExitPlan


class _Target(NamedTuple):
    row: int
    strength: float
    plan: ExitPlan | None
    tag: str | None


class Targets:
    """Collects the targets of a decision and settles them at its end."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._noted: dict[int, _Target] = {}

    def note(self, row: int, strength: float, plan: ExitPlan | None, tag: str | None) -> None:
        """Remember a target; a later one for the same symbol replaces it."""
        self._noted[row] = _Target(row, strength, plan, tag)

    def settle(self) -> None:
        """Size all targets together, then send what must change: reductions first, then the strongest."""
        if not self._noted:
            return
        targets = [self._noted[row] for row in sorted(self._noted)]
        self._noted = {}
        for target in targets:
            self._withdraw(target.row)
        sized = self._sized(targets)
        changes = [
            (self._delta(one, float(value), code), one, code) for one, value, code in zip(targets, sized.target, sized.codes, strict=True)
        ]
        for delta, target, code in sorted(changes, key=lambda row: (self._adds(row[0], row[1]), -abs(row[1].strength), row[1].row)):
            if delta:
                self._clear_the_way(self._symbol(target), delta)
                self._send(target, delta, code)

    def _send(self, target: _Target, delta: int, code: str) -> None:
        symbol, entries_as = self._symbol(target), self._desk.policies.entries_as
        reason = f"target {target.strength:g} {code}"
        limit = None
        if entries_as is not None and self._adds(delta, target):
            price, venue = self._desk.market.price_micros(target.row), self._desk.broker.capabilities
            side = OrderSide.BUY if delta > 0 else OrderSide.SELL
            limit, refusal = priced(self._desk.market.now, symbol, side, price, price, venue, entries_as)
            if refusal is not None:
                self._desk.journal.refused(refusal)
                return
        self._desk.send(symbol, delta, OrderRole.TARGET, target.plan, reason, target.tag, limit)

    def _symbol(self, target: _Target) -> str:
        return self._desk.market.symbols[target.row]

    def _withdraw(self, row: int) -> None:
        """A new target replaces what an older one still has working."""
        symbol = self._desk.market.symbols[row]
        for order in [order for order in self._desk.blotter.of(symbol) if order.role is OrderRole.TARGET]:
            self._desk.cancel(order.order_id, "new target")

    def _clear_the_way(self, symbol: str, delta: int) -> None:
        """Cancel exits that hold the shares which are to leave now: they would be sold twice, or the target refused."""
        if delta * self._desk.book.quantity(symbol) < 0:
            for order in self._desk.blotter.exits(symbol, OrderSide.BUY if delta > 0 else OrderSide.SELL):
                self._desk.cancel(order.order_id, "new target")

    def _sized(self, targets: list[_Target]) -> Allocation:
        valuation, policy = self._desk.valuation, self._desk.policies.sizing
        valuation.estimate([target.row for target in targets])
        others = self._committed_elsewhere({target.row for target in targets})
        prices = [self._desk.market.price_micros(target.row) / MICRO for target in targets]
        candidates = Candidates(
            strength=np.array([target.strength for target in targets]),
            measure=np.array([self._measure(target.row, price) for target, price in zip(targets, prices, strict=True)]),
            var=np.array([valuation.risk(target.row).var for target in targets]),
            price=np.array(prices),
            held=np.array([valuation.value(target.row) / MICRO for target in targets]),
        )
        return allocate(
            candidates,
            other_var=math.fsum(value * valuation.charged_var(row) for row, value in others) / MICRO,
            other_exposure=sum(value for _, value in others) / MICRO,
            equity=valuation.equity() / MICRO,
            slots=len(self._desk.market.symbols),
            policy=policy,
        )

    def _measure(self, row: int, price: float) -> float:
        """What the sizing method sizes by; NaN where it is not known or not needed."""
        policy = self._desk.policies
        method = policy.sizing.method
        if method in {SizingMethod.VAR, SizingMethod.CVAR}:
            risk = self._desk.valuation.risk(row)
            return risk.var if method is SizingMethod.VAR else risk.cvar
        if method is SizingMethod.ATR:
            return self._atr(row) / price if price > 0.0 else math.nan
        if method is SizingMethod.VOLATILITY:
            return self._volatility(row)
        if method is SizingMethod.KELLY:
            return kelly.from_trades(np.array(self._desk.trips.returns), policy.kelly_trades)
        return price if policy.sizing.fixed_unit is FixedUnit.SHARES else math.nan

    def _volatility(self, row: int) -> float:
        policy = self._desk.policies.risk
        returns = self._desk.market.daily_returns(row, policy.lookback)
        return float(np.std(returns, ddof=1)) * math.sqrt(TRADING_DAYS) if len(returns) >= max(policy.minimum, 2) else math.nan

    def _atr(self, row: int) -> float:
        series, count = self._desk.market.series[row], self._desk.market.cursor[row] + 1
        return wilder_atr(series.high[:count], series.low[:count], series.close[:count], self._desk.policies.exits.atr_period)

    def _committed_elsewhere(self, rows: set[int]) -> list[tuple[int, int]]:
        """(row, micro-dollars) held, and then of working entries, in symbols other than ``rows``."""
        market, valuation = self._desk.market, self._desk.valuation
        held = [(row, abs(valuation.value(row))) for row in valuation.held_rows()]
        working = [(market.row[order.symbol], opening) for order, opening in self._desk.blotter.entering()]
        coming = [(row, notional(opening, market.price_micros(row))) for row, opening in working]
        return [(row, value) for row, value in held + coming if row not in rows]

    def _delta(self, target: _Target, value: float, code: str) -> int:
        """Micro-shares to trade, after the size cut and rounding to the venue's lot; what is refused is noted."""
        desk = self._desk
        refused = code in REFUSALS
        if refused:
            self._refuse(target, code, value)
        if code in {NO_PRICE, NO_SIGNAL}:
            return 0
        price, held = desk.market.price_micros(target.row), desk.book.quantity(self._symbol(target))
        if value == 0.0 == held:
            return 0
        value = self._cut(value, notional(held, price) / MICRO)
        wanted = lots.shares_for(value, price, desk.broker.capabilities.lot_micros)
        delta, why = lots.change(held, wanted, price, desk.policies.sizing)
        if not refused and target.strength and held == 0 and (wanted == 0 or why == TOO_SMALL):
            self._refuse(target, TOO_SMALL, value)
        return delta

    def _cut(self, value: float, held: float) -> float:
        """``value`` with what it adds to ``held`` made smaller after a losing streak."""
        kept = held if held * value > 0.0 and abs(held) < abs(value) else 0.0
        adds = abs(value) > abs(held) or held * value < 0.0
        return kept + (value - kept) * self._desk.breakers.size_multiplier if adds else value

    def _adds(self, delta: int, target: _Target) -> bool:
        return delta * self._desk.book.quantity(self._symbol(target)) >= 0

    def _refuse(self, target: _Target, code: str, value: float) -> None:
        desk, symbol = self._desk, self._symbol(target)
        detail = f"target {target.strength:+g} {symbol}: {REFUSALS[code]}"
        desk.journal.refused(Refusal(desk.market.now, symbol, code, detail, value))
