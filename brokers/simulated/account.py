"""The venue's own books of the account, and what it can settle.

They are kept through the same ledger rule as ours, so that the two can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.book import Account, Book, Position
from framework.domain.values import MICRO, floor_to_lot, from_micros, notional
from framework.rules import ledger

if TYPE_CHECKING:
    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market
    from framework.rules.costs import FeeSchedule


class VenueAccount:
    """Cash and positions as the venue sees them.

    Attributes:
        book: The venue's ledger.
    """

    def __init__(self, market: Market, venue: Capabilities, fees: FeeSchedule, cash_micros: int) -> None:
        self._market = market
        self._venue = venue
        self._fees = fees
        self.book = Book(cash_micros)

    def post(self, fill: Fill) -> None:
        """Book a fill."""
        ledger.post_fill(self.book, fill)

    def payable(self, order: Order, price: int, quantity: int) -> int:
        """What the account can settle of ``quantity``: shares that are there to be sold, cash that is there to buy with."""
        held = self.book.quantity(order.symbol)
        closing = min(quantity, abs(held)) if held * order.side.sign < 0 else 0
        opening = quantity - closing
        if opening == 0:
            return quantity
        if order.side.sign < 0:
            return quantity if self._venue.shorting else closing
        fees, cash = self._fees, self.book.cash_micros
        if notional(quantity, price) + fees.fees(quantity, price) > cash:
            # Covering a short is always settled; what opens is paid from what that leaves.
            spare = cash - notional(closing, price) - fees.fees(closing, price)
            opening = min(opening, self._affordable(price, spare))
        return closing + opening

    def _affordable(self, price: int, cash: int) -> int:
        """The most micro-shares, on the venue's lot, that ``cash`` micro-dollars pay for at ``price``, fees included."""
        fees, lot = self._fees, self._venue.lot_micros
        each = price * (MICRO + fees.rate_micros) + fees.per_share_micros * MICRO
        quantity = floor_to_lot(max(cash, 0) * MICRO**2 // each, lot)
        # Value and fees are each rounded to a micro-dollar, against us.
        while quantity > 0 and notional(quantity, price) + fees.fees(quantity, price) > cash:
            quantity -= lot
        return quantity

    def positions(self) -> list[Position]:
        """All positions that are not flat, by symbol."""
        held = sorted(symbol for symbol, position in self.book.positions.items() if position.quantity_micros)
        positions = [self.book.positions[symbol] for symbol in held]
        return [Position(one.symbol, one.quantity_micros, one.cost_micros, one.realized_micros) for one in positions]

    def statement(self) -> Account:
        """Cash, equity at the last closes, and buying power (no leverage)."""
        values = [self._value(position) for position in self.book.positions.values()]
        equity = self.book.cash_micros + sum(values)
        power = equity - sum(abs(value) for value in values)
        return Account("SIMULATED", from_micros(self.book.cash_micros), from_micros(equity), from_micros(max(power, 0)))

    def _value(self, position: Position) -> int:
        return notional(position.quantity_micros, self._market.price_micros(self._market.row_of(position.symbol)))
