"""From what is wanted to what must change: targets of one decision, sized together and turned into orders."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.fill import Refusal
from framework.domain.order import OrderRole, OrderSide
from framework.domain.values import MICRO, notional
from framework.engine.rebalancing import Rebalancing, TargetChange
from framework.rules.execution.pricing import priced
from framework.rules.sizing import kelly, lots
from framework.rules.sizing.numbers import TRADING_DAYS, cut
from framework.rules.sizing.policy import BELOW_LOT, NO_PRICE, NO_SIGNAL, REFUSALS, TOO_SMALL, FixedUnit, SizingMethod
from framework.rules.sizing.sizers import Allocation, Candidates, allocate
from framework.rules.stops.atr import wilder_atr

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from framework.domain.market import Floats
    from framework.domain.order import Order
    from framework.engine.desk import Desk
    from framework.engine.guarded import ExitPlan

#: Refusal of a target whose older order may still fill.
UNSETTLED = "order_unsettled"
#: Codes of targets about which nothing can be decided: what is held stays.
UNDECIDED = frozenset({NO_PRICE, NO_SIGNAL})


class Targets:
    """Collects the targets of a decision and settles them at its end."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        #: Strength, plan and tag by row.
        self._noted: dict[int, tuple[float, ExitPlan | None, str | None]] = {}
        self._rebalancing = Rebalancing(desk)

    def note(self, row: int, strength: float, plan: ExitPlan | None, tag: str | None) -> None:
        """Remember a target; a later one for the same symbol replaces it."""
        self._rebalancing.leave(self._desk.market.symbols[row])
        self._noted[row] = (strength, plan, tag)

    def rebalance(self, weights: Mapping[str, float], tag: str | None) -> None:
        """Remember the weights of the whole portfolio; they replace the targets noted so far."""
        self._noted = {}
        self._rebalancing.note(weights, tag)

    def forget(self) -> None:
        """What was wanted and has not become orders is not wanted any more."""
        self._noted = {}
        self._rebalancing.forget()

    def settle(self) -> None:
        """Send what the weights ask for; then size all targets together and send what must change, reductions first, then the strongest."""
        if not (self._noted or self._rebalancing.is_wanted):
            return
        weighted = self._rebalancing.rows
        if weighted:
            for change in self._rebalancing.changes(self._withdraw(weighted)):
                self._clear_the_way(change.symbol, change.delta)
                self._rebalancing.sent(self._send(change, None, self._rebalancing.tag))
        if not self._noted:
            return
        noted = self._noted
        rows = sorted(noted.keys() - self._withdraw(noted))
        self._noted = {}
        strengths = [noted[row][0] for row in rows]
        changes = self._changes(rows, strengths, self._sized(rows, strengths))
        for change in sorted(changes, key=lambda change: (self._adds(change), -abs(change.strength), change.row)):
            self._clear_the_way(change.symbol, change.delta)
            self._send(change, *noted[change.row][1:])

    def _send(self, change: TargetChange, plan: ExitPlan | None, tag: str | None) -> Order | None:
        symbol, delta, entries_as = change.symbol, change.delta, self._desk.policies.entries_as
        reason = reason_of(change.strength, change.code)
        limit = None
        if entries_as is not None and self._adds(change):
            price, venue = self._desk.market.price_micros(change.row), self._desk.broker.capabilities
            side = OrderSide.BUY if delta > 0 else OrderSide.SELL
            limit, refusal = priced(self._desk.market.now, symbol, side, price, price, venue, entries_as)
            if refusal is not None:
                self._desk.journal.refused(refusal)
                return None
        return self._desk.send(symbol, delta, OrderRole.TARGET, plan, reason, tag, limit)

    def _withdraw(self, rows: Container[int]) -> set[int]:
        """A new target replaces what an older one still has working; gives the rows where it cannot, since both might fill."""
        row_of = self._desk.market.row
        working = [order for order in self._desk.blotter.of() if order.role is OrderRole.TARGET and row_of[order.symbol] in rows]
        unsettled = set()
        for order in sorted(working, key=lambda order: row_of[order.symbol]):
            if not self._desk.cancel(order.order_id, "new target") and order.is_open:
                unsettled.add(row_of[order.symbol])
                detail = f"target {order.symbol}: the older order {order.order_id} is {order.status}, was not canceled and may still fill"
                self._desk.journal.refused(Refusal(self._desk.market.now, order.symbol, UNSETTLED, detail))
        return unsettled

    def _clear_the_way(self, symbol: str, delta: int) -> None:
        """Cancel exits that hold the shares which are to leave now: they would be sold twice, or the target refused."""
        if delta * self._desk.book.quantity(symbol) < 0:
            for order in self._desk.blotter.exits(symbol, OrderSide.BUY if delta > 0 else OrderSide.SELL):
                self._desk.cancel(order.order_id, "new target")

    def _sized(self, rows: list[int], strengths: list[float]) -> Allocation:
        valuation, market = self._desk.valuation, self._desk.market
        held, equity = valuation.holdings()
        others = self._committed_elsewhere(held, set(rows))
        var, cvar = valuation.risks(rows)
        price = market.prices(rows)
        candidates = Candidates(
            strength=np.array(strengths),
            measure=self._measure(rows, var, cvar, price),
            var=var,
            price=price,
            held=np.array([held.get(row, 0) / MICRO for row in rows]),
        )
        return allocate(
            candidates,
            other_var=math.fsum(value * valuation.charged_var(row) for row, value in others) / MICRO,
            other_exposure=sum(value for _, value in others) / MICRO,
            equity=equity / MICRO,
            slots=len(market.symbols),
            policy=self._desk.policies.sizing,
        )

    def _measure(self, rows: list[int], var: Floats, cvar: Floats, price: Floats) -> Floats:
        """What the sizing method sizes by, for each of ``rows``; NaN where it is not known or not needed."""
        policy = self._desk.policies
        match policy.sizing.method:
            case SizingMethod.VAR:
                return var
            case SizingMethod.CVAR:
                return cvar
            case SizingMethod.ATR:
                return np.array([self._atr(row) / last if last > 0.0 else math.nan for row, last in zip(rows, price.tolist(), strict=True)])
            case SizingMethod.VOLATILITY:
                return np.array([self._volatility(row) for row in rows])
            case SizingMethod.KELLY:
                return np.full(len(rows), kelly.from_trades(np.array(self._desk.trips.returns), policy.kelly_trades))
            case _:
                return price if policy.sizing.fixed_unit is FixedUnit.SHARES else np.full(len(rows), math.nan)

    def _volatility(self, row: int) -> float:
        policy = self._desk.policies.risk
        returns = self._desk.market.daily_returns(row, policy.lookback)
        return float(np.std(returns, ddof=1)) * math.sqrt(TRADING_DAYS) if len(returns) >= max(policy.minimum, 2) else math.nan

    def _atr(self, row: int) -> float:
        series, count = self._desk.market.series[row], self._desk.market.cursor[row] + 1
        return wilder_atr(series.high[:count], series.low[:count], series.close[:count], self._desk.policies.exits.atr_period)

    def _committed_elsewhere(self, values: Mapping[int, int], rows: Container[int]) -> list[tuple[int, int]]:
        """(row, micro-dollars) held, and then of working entries, in symbols other than ``rows``."""
        market = self._desk.market
        held = [(row, abs(value)) for row, value in values.items()]
        working = [(market.row[order.symbol], opening) for order, opening in self._desk.blotter.entering()]
        coming = [(row, notional(opening, market.price_micros(row))) for row, opening in working]
        return [(row, value) for row, value in held + coming if row not in rows]

    def _changes(self, rows: list[int], strengths: list[float], sized: Allocation) -> list[TargetChange]:
        """What must change; what is refused is noted."""
        symbols, quantity = self._desk.market.symbols, self._desk.book.quantity
        changes = []
        for row, strength, value, code in zip(rows, strengths, sized.target.tolist(), sized.codes, strict=True):
            symbol = symbols[row]
            if code in REFUSALS:
                self._refuse(symbol, strength, code, value)
            held = quantity(symbol)
            if code in UNDECIDED or value == 0.0 == held:
                continue
            change = self._change(TargetChange(row, symbol, strength, 0, code), value, held)
            if change.delta:
                changes.append(change)
        return changes

    def _change(self, change: TargetChange, value: float, held: int) -> TargetChange:
        """``change`` with its micro-shares, after the size cut and rounding to the venue's lot."""
        desk = self._desk
        price = desk.market.price_micros(change.row)
        value = self._cut(value, notional(held, price) / MICRO)
        wanted = lots.shares_for(value, price, desk.broker.capabilities.lot_micros)
        delta, why = lots.change(held, wanted, price, desk.policies.sizing)
        if change.code not in REFUSALS and change.strength and held == 0 and (wanted == 0 or why == TOO_SMALL):
            self._refuse(change.symbol, change.strength, TOO_SMALL if wanted else BELOW_LOT, value)
        return change._replace(delta=delta)

    def _cut(self, value: float, held: float) -> float:
        """``value`` with what it adds to ``held`` made smaller after a losing streak."""
        return cut(value, held, self._desk.breakers.size_multiplier)

    def _adds(self, change: TargetChange) -> bool:
        return change.delta * self._desk.book.quantity(change.symbol) >= 0

    def _refuse(self, symbol: str, strength: float, code: str, value: float) -> None:
        self._desk.journal.refused(refusal_of(self._desk.market.now, symbol, strength, code, value))


def reason_of(strength: float, code: str) -> str:
    """Why an order was made: the target, and what decided its size."""
    return f"target {strength:g} {code}"


def refusal_of(timestamp: int, symbol: str, strength: float, code: str, value: float) -> Refusal:
    """What the sizer did not give; ``value`` dollars are what came out."""
    return Refusal(timestamp, symbol, code, f"target {strength:+g} {symbol}: {REFUSALS[code]}", value)
