"""The venue's own books of the account, and what it can settle.

They are kept through the same ledger rule as ours, so that the two can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.book import Account, Book, Position
from framework.domain.values import from_micros, notional
from framework.engine.market import session_number
from framework.rules import ledger
from framework.rules.account.margin import initial_of
from framework.rules.account.policy import UNLEVERED, AccountType
from framework.rules.costs.affordable import most_affordable
from framework.rules.costs.fees import Traded, charge, month_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market
    from framework.rules.account.policy import AccountPolicy
    from framework.rules.costs.fees import FeeSchedule


class VenueAccount:
    """Cash and positions as the venue sees them.

    Attributes:
        book: The venue's ledger.
    """

    def __init__(self, market: Market, venue: Capabilities, fees: FeeSchedule, cash_micros: int, policy: AccountPolicy = UNLEVERED) -> None:
        self._market = market
        self._is_margin = policy.type is AccountType.MARGIN
        self._venue = venue
        self._schedule = fees
        self._traded = (0, 0)
        self.book = Book(cash_micros)

    def post(self, fill: Fill) -> None:
        """Book a fill."""
        ledger.post_fill(self.book, fill)
        month, traded = month_of(session_number(fill.timestamp)), fill.quantity_micros
        self._traded = (month, traded + (self._traded[1] if self._traded[0] == month else 0))

    def fees(self, order: Order, quantity: int, price: int) -> int:
        """What the venue charges for the next ``quantity`` micro-shares of ``order`` at ``price``, micro-dollars."""
        day = session_number(self._market.now)
        month, traded = self._traded
        earlier = traded if month == month_of(day) else 0
        before = Traded(order.side.sign, day, order.filled_micros, order.filled_value_micros, earlier - order.filled_micros)
        return charge(self._schedule, before, quantity, price)

    def payable(self, order: Order, prices: Callable[[int], int], quantity: int) -> int:
        """What the account can settle of ``quantity``: shares that are there to be sold, and what is there to buy with.

        That is cash, or in a margin account what is one's own, against which initial margin counts. ``prices`` gives the price at which so
        many micro-shares would trade; it does not fall when they become more.
        """
        held = self.book.quantity(order.symbol)
        closing = min(quantity, abs(held)) if held * order.side.sign < 0 else 0
        opening = quantity - closing
        if opening == 0:
            return quantity
        if order.side.sign < 0 and not self._venue.shorting:
            return closing

        def cost(more: int) -> int:
            bought = closing + more
            price = prices(bought)
            if self._is_margin:
                taken = initial_of(order.side.sign * more, price)
            else:  # what is bought is paid for; what is sold short takes as much as it brings in
                taken = notional(more, price) + order.side.sign * notional(closing, price)
            return taken + self.fees(order, bought, price)

        there = self._free(order.symbol, closing) if self._is_margin else self._unpledged(order.symbol, closing)
        if cost(opening) <= there:
            return quantity
        # Closing is always settled; what opens is paid from what that leaves.
        return closing + most_affordable(cost, there, self._venue.lot_micros, opening)

    def _unpledged(self, symbol: str, closing: int) -> int:
        """Cash without what short sales brought and as much again, the ``closing`` micro-shares of ``symbol`` not counted.

        By the closes before the bar that is being walked.
        """
        pledged = 0
        for position in self.book.positions.values():
            if position.quantity_micros < 0:
                kept = -position.quantity_micros - (closing if position.symbol == symbol else 0)
                pledged += 2 * notional(kept, self._market.known_price(self._market.row_of(position.symbol)))
        return self.book.cash_micros - pledged

    def _free(self, symbol: str, closing: int) -> int:
        """What is one's own beyond the initial margin of all positions, without the ``closing`` micro-shares of ``symbol``.

        By the closes before the bar that is being walked: its own is still to come.
        """
        free = self.book.cash_micros
        for position in self.book.positions.values():
            price, held = self._market.known_price(self._market.row_of(position.symbol)), position.quantity_micros
            free += notional(held, price)
            kept = abs(held) - (closing if position.symbol == symbol else 0)
            free -= initial_of(kept if held > 0 else -kept, price)
        return free

    def positions(self) -> list[Position]:
        """All positions that are not flat, by symbol."""
        held = sorted(symbol for symbol, position in self.book.positions.items() if position.quantity_micros)
        positions = [self.book.positions[symbol] for symbol in held]
        return [Position(one.symbol, one.quantity_micros, one.cost_micros, one.realized_micros) for one in positions]

    def statement(self) -> Account:
        """Cash, equity at the last closes, and buying power: what entries may be worth, twice what is free in a margin account."""
        values = [self._value(position) for position in self.book.positions.values()]
        equity = self.book.cash_micros + self.book.receivable_micros + sum(values)
        own = equity - self.book.receivable_micros
        taken = sum(self._taken(position) for position in self.book.positions.values())
        power = 2 * (own - taken) if self._is_margin else own - taken
        return Account("SIMULATED", from_micros(self.book.cash_micros), from_micros(equity), from_micros(max(power, 0)))

    def _value(self, position: Position) -> int:
        return notional(position.quantity_micros, self._market.price_micros(self._market.row_of(position.symbol)))

    def _taken(self, position: Position) -> int:
        price = self._market.price_micros(self._market.row_of(position.symbol))
        return initial_of(position.quantity_micros, price) if self._is_margin else notional(abs(position.quantity_micros), price)
