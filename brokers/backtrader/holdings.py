"""Fills as backtrader's positions, orders and trades understand them. The sizes are those of our book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from brokers.backtrader.tickets import shares
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from brokers.backtrader.tickets import Ticket
    from framework.domain.book import Position
    from framework.domain.fill import Fill


class Holdings(dict[Any, Any]):
    """backtrader's live ``Position`` of each symbol, asked for by data feed; feeds of one symbol share one.

    ``symbol_of(data)`` names a feed's symbol, ``None`` where it has none.
    """

    def __init__(self, symbol_of: dict[int, str]) -> None:
        super().__init__()
        self._symbol_of = symbol_of
        self._by_symbol: dict[str, Any] = {}

    def __missing__(self, data: Any) -> Any:
        position = self.of(self._symbol_of.get(id(data), ""))
        self[data] = position
        return position

    def of(self, symbol: str) -> Any:
        """The position in ``symbol``."""
        return self._by_symbol.setdefault(symbol, bt.Position())

    def correct(self, held: Position) -> None:
        """Shares came or went without a trade of the strategy's: ``held`` is there."""
        self.of(held.symbol).fix(shares(held.quantity_micros), float(held.average_price or 0))

    def book(self, ticket: Ticket, fill: Fill, held: int, stamp: float) -> None:
        """Write ``fill`` into the ticket's order and into the position, which holds ``held`` micro-shares after it."""
        comminfo = ticket.order.data.getenvironment().broker.getcommissioninfo(ticket.order.data)
        order, position, sign = ticket.order, self.of(ticket.symbol), ticket.side.sign
        before = held - sign * fill.quantity_micros
        closing = min(fill.quantity_micros, abs(before)) if before * sign < 0 else 0
        opening = fill.quantity_micros - closing
        price, fees, average = fill.price_micros / MICRO, fill.fees_micros / MICRO, position.price
        # Sums of floats leave residues that backtrader takes for a position: what closes all of it is its own figure.
        leaves_nothing = closing > 0 and closing == abs(before)
        closed, opened = -position.size if leaves_nothing else sign * shares(closing), sign * shares(opening)
        position.update(closed + opened, price, bt.num2date(stamp))
        if leaves_nothing:
            position.fix(opened, price if opening else 0.0)
        order.execute(
            stamp,
            closed + opened,
            price,
            closed,
            -closed * average,
            fees * closing / fill.quantity_micros,
            opened,
            opened * price,
            fees * opening / fill.quantity_micros,
            comminfo.margin,
            comminfo.profitandloss(-closed, average, price),
            position.size,
            position.price,
        )
        order.addcomminfo(comminfo)
        order.executed.remsize = sign * shares(ticket.leaves)
        if ticket.leaves == 0:
            order.completed()
        else:
            order.partial()
