"""What closed positions earned, as the guards and the Kelly sizer see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.domain.values import notional

if TYPE_CHECKING:
    from framework.domain.fill import Fill


@dataclass(slots=True)
class _Open:
    earned: int = 0
    invested: int = 0


class RoundTrips:
    """Folds fills into round trips, from flat to flat or through zero.

    Attributes:
        returns: Result of each closed trip after fees, as a fraction of what was invested, oldest first.
    """

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self.returns: list[float] = []

    def on_fill(self, fill: Fill, held: int, realized: int) -> int | None:
        """Take in ``fill``, after which ``held`` micro-shares remain and which realised ``realized`` micro-dollars.

        Returns the trip's result in micro-dollars, fees included, when the fill ended one.
        """
        trip = self._open.setdefault(fill.symbol, _Open())
        signed = fill.side.sign * fill.quantity_micros
        before = held - signed
        trip.earned += realized - fill.fees_micros
        if before * signed >= 0:
            trip.invested += notional(fill.quantity_micros, fill.price_micros)
        if before == 0 or (held != 0 and before * held > 0):
            return None
        result = self._ended(fill.symbol, trip)
        if held:
            self._open[fill.symbol] = _Open(0, notional(abs(held), fill.price_micros))
        return result

    def on_payout(self, symbol: str, held: int, realized: int) -> int | None:
        """Take in ``realized`` micro-dollars that came without a fill; as ``on_fill``, it ends the trip when nothing is ``held``.

        What is corrected after a trip has ended belongs to none.
        """
        trip = self._open.get(symbol)
        if trip is None:
            return None
        trip.earned += realized
        return None if held else self._ended(symbol, trip)

    def _ended(self, symbol: str, trip: _Open) -> int:
        del self._open[symbol]
        self.returns.append(trip.earned / trip.invested if trip.invested else 0.0)
        return trip.earned
