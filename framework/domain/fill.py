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

    Attributes:
        execution_id: The venue's, or made by the simulation; each is booked once.
        order_id: Whose fill it is.
        timestamp: When, ns UTC; in simulation the close of the bar.
        symbol: What was traded.
        side: Buy or sell.
        quantity_micros: Micro-shares, above 0.
        price_micros: What was paid or received, micro-dollars a share, slippage included and fees not.
        reference_micros: The price the market gave before slippage.
        fees_micros: Commission and regulatory fees, micro-dollars, never negative.
        tag: The order's.
        strategy: Who decided the order.
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

    Money in dollars as float, for statistics only; the books are in the fills.

    Attributes:
        symbol: What was traded.
        side: ``long`` or ``short``.
        entry_at: First fill, ns UTC.
        exit_at: Last fill, ns UTC.
        quantity: Shares entered in all, above 0.
        entry_price: Mean price of what opened it, dollars.
        exit_price: Mean price of what closed it, dollars.
        pnl: Profit, net of fees, dividends included.
        return_fraction: ``pnl`` over what the entry cost.
        fees: Commission and regulatory fees of all its fills.
        dividends: Received (above 0) or owed while it was open.
        r_multiple: ``pnl`` over the money at risk between entry and its first protective stop; ``None`` without one.
        mae: Worst excursion from the average entry price, a fraction of it, at most 0.
        mfe: Best excursion, a fraction of it, at least 0.
        bars_held: Closes between entry and exit; 0 within one bar.
        entry_tag: Tag of the order that opened it.
        exit_tag: Tag of the order that closed it.
        realized_gain: What would be reported of its first-in, first-out lots, dividends apart: without ``disallowed_loss``, and with losses
            that earlier wash sales have put on these lots.
        disallowed_loss: What a wash sale takes away of a loss, not below 0.
        wash_sale: Whether one did.
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
