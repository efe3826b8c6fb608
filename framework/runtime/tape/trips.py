"""Round trips out of fills: from flat to flat, or through zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.domain.values import notional

if TYPE_CHECKING:
    from framework.domain.fill import Fill


@dataclass(slots=True)
class Trip:
    """A round trip that is not over; shares and money in micros.

    Attributes:
        side: 1 for long, -1 for short.
        entered: What the shares cost that opened it, or brought; ``left``: the same of those that closed it.
    """

    symbol: str
    side: int
    entry_at: int
    quantity: int = 0
    entered: int = 0
    left: int = 0
    realized: int = 0
    fees: int = 0

    def row(self, exit_at: int) -> dict[str, object]:
        """The trip as it ended."""
        return {
            "symbol": self.symbol,
            "side": "long" if self.side > 0 else "short",
            "entry_at": self.entry_at,
            "exit_at": exit_at,
            "quantity_micros": self.quantity,
            "entry_value_micros": self.entered,
            "exit_value_micros": self.left,
            "realized_micros": self.realized,
            "fees_micros": self.fees,
            "pnl_micros": self.realized - self.fees,
        }


class Trips:
    """Folds fills and payouts; ``ended`` has a row for each trip that is over."""

    def __init__(self) -> None:
        self.ended: list[dict[str, object]] = []
        self._open: dict[str, Trip] = {}

    def on_fill(self, fill: Fill, held: int, realized: int) -> None:
        """Take in ``fill``, after which ``held`` micro-shares remain and which realised ``realized`` micro-dollars."""
        signed = fill.side.sign * fill.quantity_micros
        before = held - signed
        closing = min(abs(before), abs(signed)) if before * signed < 0 else 0
        opening = abs(signed) - closing
        trip = self._open.get(fill.symbol)
        if trip is not None and closing:
            trip.left += notional(closing, fill.price_micros)
            trip.realized += realized
        if trip is not None and (closing or opening):
            trip.fees += fill.fees_micros
        if trip is not None and closing and before * held <= 0:
            self._end(trip, fill.timestamp)
            trip = None
        if opening:
            if trip is None:
                fees = 0 if closing else fill.fees_micros
                trip = self._open[fill.symbol] = Trip(fill.symbol, fill.side.sign, fill.timestamp, fees=fees)
            trip.quantity += opening
            trip.entered += notional(opening, fill.price_micros)

    def on_payout(self, symbol: str, timestamp: int, amount: int, held: int, realized: int) -> None:
        """Shares were paid out for ``amount`` micro-dollars; the trip is over when nothing is ``held``."""
        trip = self._open.get(symbol)
        if trip is None:
            return
        trip.left += amount
        trip.realized += realized
        if not held:
            self._end(trip, timestamp)

    def _end(self, trip: Trip, timestamp: int) -> None:
        del self._open[trip.symbol]
        self.ended.append(trip.row(timestamp))
