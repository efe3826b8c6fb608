"""The books: cash, positions and what working orders have reserved, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.domain.values import MICRO, from_micros, rounded_quotient

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(slots=True, eq=True)
class Position:
    """Shares held in one symbol; negative is short.

    Attributes:
        symbol: Whose shares.
        quantity_micros: Micro-shares, signed.
        cost_micros: What the open shares cost, micro-dollars, fees left out; negative for a short: what was received.
        realized_micros: Profit of what was closed, micro-dollars, fees left out.
    """

    symbol: str
    quantity_micros: int = 0
    cost_micros: int = 0
    realized_micros: int = 0

    @property
    def quantity(self) -> Decimal:
        """Shares, signed."""
        return from_micros(self.quantity_micros)

    @property
    def average_price(self) -> Decimal | None:
        """Mean entry price in dollars, to a micro-dollar; ``None`` when flat."""
        if self.quantity_micros == 0:
            return None
        size = abs(self.quantity_micros)
        return from_micros(rounded_quotient(abs(self.cost_micros) * MICRO, size))


@dataclass(slots=True, eq=True)
class Book:
    """Cash, dividends that are still to be paid, and positions. ``rules.ledger`` is the only writer; everybody else reads.

    ``interest_micros`` is what borrowing cost, less what lending brought. ``entries`` counts what was booked: who has seen them all has
    seen the book as it is.
    """

    cash_micros: int
    positions: dict[str, Position] = field(default_factory=dict)
    receivable_micros: int = 0
    fees_micros: int = 0
    dividends_micros: int = 0
    traded_micros: int = 0
    slippage_micros: int = 0
    interest_micros: int = 0
    entries: int = field(default=0, compare=False)

    def quantity(self, symbol: str) -> int:
        """Micro-shares held, signed; 0 when there is no position."""
        position = self.positions.get(symbol)
        return 0 if position is None else position.quantity_micros


@dataclass(frozen=True, slots=True)
class Account:
    """What a broker says of the account, in dollars.

    Attributes:
        account_number: As the broker writes it.
        cash: Cash, settled or not.
        equity: Cash and positions.
        buying_power: What entries may cost now.
        unsettled_cash: The part of the cash that has not settled; ``None`` where the broker does not say.
    """

    account_number: str
    cash: Decimal
    equity: Decimal
    buying_power: Decimal
    unsettled_cash: Decimal | None = None
