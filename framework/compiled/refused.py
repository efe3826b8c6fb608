"""What the limits said to an order of the loop: asked again of the rules themselves, with the books of that moment."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from framework.compiled.columns import GUARD, R_CODE, R_QUANTITY, WHOLE
from framework.domain import reasons
from framework.domain.order import Order, OrderRole, OrderSide, OrderType
from framework.engine.breakers import REDUCING
from framework.errors import InvariantError
from framework.rules.pretrade.standing import UNKNOWN_SECTOR, AccountStanding, Standing
from framework.rules.pretrade.validator import PreTradeValidator

if TYPE_CHECKING:
    from framework.compiled.facts import Facts
    from framework.compiled.play import Played
    from framework.domain.fill import Refusal


class Refused:
    """The refusals of a run, by their numbers."""

    def __init__(self, played: Played, facts: Facts) -> None:
        self._written = played.written
        self._symbols = played.prepared.panel.symbols
        self._facts = facts

    @cached_property
    def _validator(self) -> PreTradeValidator:
        return PreTradeValidator(self._facts.policies.limits, self._facts.venue)

    def code_of(self, number: int) -> str:
        """The code of what a limit or a breaker refused."""
        _, _, code, signed = self._written.refusals[number, : R_QUANTITY + 1].tolist()
        if code == GUARD:
            return REDUCING
        if code == WHOLE and signed < 0 and not self._facts.venue.shorting:
            return reasons.SHORT  # the first of all gates, and only entries are refused
        return self.by_limit(number, 0).code

    def by_limit(self, number: int, time: int) -> Refusal:
        """What was refused by a limit at ``time``, ns UTC.

        Raises:
            InvariantError: The limits have another opinion than the loop.
        """
        facts, var = self._written.refusals[number].tolist(), float(self._written.figures[number, 1])
        symbol, role = self._symbols[facts[1]], OrderRole.EXPLICIT if facts[R_CODE] == WHOLE else OrderRole.TARGET
        signed, approved = facts[R_QUANTITY], facts[-1]
        side = OrderSide.BUY if signed > 0 else OrderSide.SELL
        order = Order("", symbol, side, abs(signed), OrderType.MARKET, time, role=role, strategy=self._facts.strategy)
        verdict = self._validator.check(order, self._standing(symbol, facts, var))
        if verdict.quantity_micros != approved or not verdict.violations:
            raise InvariantError(f"{symbol}: the loop approved {approved} of {signed} micro-shares, the limits {verdict.quantity_micros}")
        return verdict.violations[0].refusal(time)

    def _standing(self, symbol: str, facts: list[int], var: float) -> Standing:
        equity, gross, entering, reserved, cash, positions, in_bar, today, total_var, sector_value = facts[4:14]
        held, price, risk, at_risk, fees, _ = facts[14:]
        sector = self._facts.policies.sectors.get(symbol, UNKNOWN_SECTOR)
        sectors = {sector: sector_value}
        account = AccountStanding(equity, gross, entering, reserved, cash, 0, 0, positions, in_bar, today, total_var, sectors)
        return Standing(
            account,
            held,
            0,
            price,
            sector=sector,
            var=var,
            risk_per_share=risk or None,
            at_risk=None if at_risk < 0 else at_risk,
            fees=fees,
        )
