"""What does a trade cost on top of the market's price? Slippage moves the price, fees are paid beside it."""

from __future__ import annotations

from dataclasses import dataclass

from framework.domain.values import MICRO, notional


def slipped(price: int, sign: int, rate_micros: int) -> int:
    """``price`` moved against the trader by ``rate_micros`` (1 basis point = 100), rounded against the trader; never below 1.

    Prices in micro-dollars; ``sign`` +1 for a buy, -1 for a sell.
    """
    distance = -(-price * rate_micros // MICRO)
    return max(price + sign * distance, 1)


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Commission of a venue: ``per_share_micros`` micro-dollars a share plus ``rate_micros`` millionths of the value."""

    per_share_micros: int = 0
    rate_micros: int = 0

    def fees(self, quantity: int, price: int) -> int:
        """Fees in micro-dollars for ``quantity`` (unsigned) micro-shares at ``price``; rounded up, as venues do."""
        per_share = -(-quantity * self.per_share_micros // MICRO)
        by_value = -(-notional(quantity, price) * self.rate_micros // MICRO)
        return per_share + by_value
