"""From target weights to orders, in two steps: what leaves goes first, what is bought waits until that has traded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import floor_to_lot
from framework.rules.execution.rebalance import CASH, legs, rebalanced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from framework.domain.order import Order
    from framework.engine.desk import Desk
    from framework.rules.execution.rebalance import Change

#: What decided the size, in the reason of an order.
BY_WEIGHT = "weight"


class TargetChange(NamedTuple):
    """What a target makes of a position: ``delta`` micro-shares to trade; ``code`` says what decided the size."""

    row: int
    symbol: str
    strength: float
    delta: int
    code: str


class Rebalancing:
    """The weights last asked for, until they have become orders.

    Attributes:
        tag: For the orders.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.tag: str | None = None
        self._weights: Mapping[str, float] | None = None
        #: Symbols of the portfolio that are weighted; in the second step those to be bought.
        self._symbols: set[str] = set()
        self._leaving: list[Order] = []
        self._is_second = False

    def note(self, weights: Mapping[str, float], tag: str | None) -> None:
        """Remember the whole portfolio that is wanted, in place of an earlier one."""
        self._weights, self.tag = weights, tag
        self._symbols, self._leaving, self._is_second = set(self._desk.market.symbols), [], False

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self._weights = None

    def leave(self, symbol: str) -> None:
        """A target of its own decides on ``symbol`` from now on."""
        self._symbols.discard(symbol)

    @property
    def is_wanted(self) -> bool:
        """Whether there are weights that have not become orders."""
        return self._weights is not None

    @property
    def rows(self) -> set[int]:
        """Symbols to decide on now; none while there are no weights, or what leaves is still working."""
        if self._weights is None or any(order.is_open for order in self._leaving):
            return set()
        return {self._desk.market.row[symbol] for symbol in self._symbols}

    def changes(self, unsettled: set[int]) -> list[TargetChange]:
        """What to send now, but nothing of the rows ``unsettled``; what is refused is noted."""
        desk, weights = self._desk, self._weights or {}
        symbols = [symbol for symbol in sorted(self._symbols) if desk.market.row[symbol] not in unsettled]
        held = {symbol: desk.book.quantity(symbol) for symbol in symbols}
        planned, refusals = rebalanced(
            desk.market.now,
            {symbol: weights[symbol] for symbol in symbols if symbol in weights},
            held,
            {symbol: desk.market.price_micros(desk.market.row[symbol]) for symbol in symbols},
            desk.valuation.equity(),
            desk.book.cash_micros,
            desk.broker.capabilities.lot_micros,
            desk.policies.rebalance,
        )
        closing, opening = _parted(planned, held)
        opens_now = self._is_second or not closing
        for refusal in refusals:
            # Whether the money is there is known when the buying comes; everything else was said in the first step.
            if opens_now if refusal.code == CASH else not self._is_second:
                desk.journal.refused(refusal)
        self._symbols, self._is_second = {change.symbol for change in opening}, True
        if opens_now or not opening:
            self._weights = None
        return [self._change(one, weights.get(one.symbol, 0.0)) for one in (self._cut(opening) if opens_now else closing)]

    def sent(self, order: Order | None) -> None:
        """An order for a change was sent; ``None`` when its limit price was refused."""
        if order is not None:
            self._leaving.append(order)

    def _cut(self, opening: list[Change]) -> list[Change]:
        """``opening`` made smaller after a losing streak."""
        multiplier, lot = self._desk.breakers.size_multiplier, self._desk.broker.capabilities.lot_micros
        smaller = [one._replace(quantity=floor_to_lot(round(one.quantity * multiplier), lot)) for one in opening]
        return [one for one in smaller if one.quantity]

    def _change(self, change: Change, weight: float) -> TargetChange:
        return TargetChange(self._desk.market.row[change.symbol], change.symbol, weight, change.quantity, BY_WEIGHT)


def _parted(changes: Iterable[Change], held: Mapping[str, int]) -> tuple[list[Change], list[Change]]:
    """What closes and what opens; a change through zero comes as one of each."""
    left = dict(held)
    closing: list[Change] = []
    opening: list[Change] = []
    for change in changes:
        (closing if legs(left[change.symbol], change.quantity)[0] else opening).append(change)
        left[change.symbol] += change.quantity
    return closing, opening
