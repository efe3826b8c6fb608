"""Fills, refusals and round trips: facts, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import from_micros

if TYPE_CHECKING:
    from decimal import Decimal

    from framework.domain.order import OrderSide


@dataclass(frozen=True, slots=True)
class Fill:
    """Shares that changed hands.

    ``price_micros`` is what was paid or received; ``reference_micros`` is the price the market gave before slippage. ``fees_micros`` is
    never negative. ``timestamp`` is the close of the bar (ns UTC) in simulation.
    """

    execution_id: str
    order_id: str
    timestamp: int
    symbol: str
    side: OrderSide
    quantity_micros: int
    price_micros: int
    reference_micros: int
    fees_micros: int
    tag: str | None = None
    strategy: str = ""

    @property
    def quantity(self) -> Decimal:
        """Shares, positive."""
        return from_micros(self.quantity_micros)

    @property
    def price(self) -> Decimal:
        """Dollars a share, slippage included, fees not."""
        return from_micros(self.price_micros)

    @property
    def fees(self) -> Decimal:
        """Commission and regulatory fees, dollars."""
        return from_micros(self.fees_micros)


class Refusal(NamedTuple):
    """Something that was wanted and not done, or done smaller.

    ``code`` is stable and machine-readable; ``figure`` and ``limit`` are what was measured and what is allowed, in the unit that
    ``detail`` names.
    """

    timestamp: int
    symbol: str
    code: str
    detail: str
    figure: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """A round trip: from flat to flat (or through zero) in one symbol.

    Money in dollars as float, for statistics only; the books are in the fills. ``pnl`` is net of fees and includes dividends.
    ``r_multiple`` is pnl over the money at risk between entry and its first protective stop, ``None`` without one. ``mae`` and
    ``mfe`` are the worst and best excursion from the average entry price as fractions of it (mae <= 0 <= mfe). ``realized_gain`` is what
    would be reported of its first-in, first-out lots, dividends apart: without ``disallowed_loss`` (not below 0), which a wash sale takes
    away, and with losses that earlier wash sales have put on these lots.
    """

    symbol: str
    side: str  # long | short
    entry_at: int
    exit_at: int
    quantity: float
    entry_price: float
    exit_price: float
    pnl: float
    return_fraction: float
    fees: float
    dividends: float
    r_multiple: float | None
    mae: float
    mfe: float
    bars_held: int
    entry_tag: str | None
    exit_tag: str | None
    realized_gain: float
    disallowed_loss: float
    wash_sale: bool
