"""Margin calls, and the sales that meet them before the broker does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.domain.account_event import MarginCall
from framework.domain.order import OrderRole
from framework.domain.values import MICRO, notional
from framework.engine.blotter import closing_side
from framework.rules.account.margin import maintenance_margin

if TYPE_CHECKING:
    from framework.engine.desk import Desk

#: Reason of the orders that meet a call.
MARGIN_CALL = "margin_call"


class _Held(NamedTuple):
    """A position: its maintenance margin in all and a share, and the micro-shares that no working order closes yet."""

    required: int
    each: int
    free: int
    symbol: str
    direction: int


class Margin:
    """Looks at a margin account after every close. No entry passes the door in the meantime: entries need more than maintenance."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._is_called = False

    def on_close(self) -> None:
        """Record a call when equity has fallen below what positions require, and reduce them until what is left is covered."""
        held, equity = self._held(), self._desk.valuation.equity()
        required = sum(one.required for one in held)
        was_called, self._is_called = self._is_called, equity < required
        if not self._is_called:
            return
        if not was_called:
            self._desk.journal.posted(MarginCall(self._desk.market.now, "", equity, required))
        self._reduce(held, required - equity)

    def _held(self) -> list[_Held]:
        """Positions, those that require the most first."""
        found = []
        for row in self._desk.valuation.held_rows():
            symbol = self._desk.market.symbols[row]
            quantity = self._desk.book.quantity(symbol)
            each = maintenance_margin(self._desk.market.price_micros(row), quantity)
            free = abs(quantity) - self._desk.blotter.exiting(symbol, at_once=True)
            found.append(_Held(notional(abs(quantity), each), each, free, symbol, 1 if quantity > 0 else -1))
        return sorted(found, key=lambda one: (-one.required, one.symbol))

    def _reduce(self, held: list[_Held], missing: int) -> None:
        """Sell (or buy back) until ``missing`` micro-dollars of requirement are gone; what is leaving already counts."""
        lot = self._desk.broker.capabilities.lot_micros
        missing -= sum(one.required - notional(one.free, one.each) for one in held)
        for one in held:
            if missing <= 0 or one.free <= 0:
                continue
            wanted = -(-missing * MICRO // one.each)
            quantity = min(-(-wanted // lot) * lot, one.free)
            for order in self._desk.blotter.exits(one.symbol, closing_side(one.direction)):
                if not order.leaves_at_once:  # it holds the shares that have to go
                    self._desk.cancel(order.order_id, MARGIN_CALL)
            self._desk.send(one.symbol, -one.direction * quantity, OrderRole.EXPLICIT, None, MARGIN_CALL, MARGIN_CALL)
            missing -= notional(quantity, one.each)
