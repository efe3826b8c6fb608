"""Which orders the venue takes, by its rows of ``domain.venue_rules``; no order that has passed our limits should be refused here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderSide, OrderStatus
from framework.domain.reasons import SHORT
from framework.rules.pretrade.venue_rules import refused

if TYPE_CHECKING:
    from brokers.simulated.account import VenueAccount
    from brokers.simulated.ports import Matching
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market


class Acceptance:
    """Looks at orders as they reach the venue."""

    def __init__(self, market: Market, venue: Capabilities, account: VenueAccount, matching: Matching) -> None:
        self._market = market
        self._venue = venue
        self._account = account
        self._matching = matching

    def refusal(self, order: Order) -> str | None:
        """Reason code of a new order that is not taken; ``None`` if it is."""
        row, held = self._market.row_of(order.symbol), self._account.book.quantity(order.symbol)
        price = self._matching.price_now(row) if self._market.cursor[row] >= 0 else 0
        broken = refused(order, self._venue, price, held)
        return self.shares_refusal(order) if broken is None else broken.code

    def shares_refusal(self, order: Order) -> str | None:
        """Reason code of a sell order whose shares working ones have been promised already; ``None`` if they are free."""
        if not self._venue.reserves_shares or order.side is OrderSide.BUY:
            return None
        working = self._matching.open_orders(self._market.row_of(order.symbol))
        others = [one for one in working if one is not order and one.side is OrderSide.SELL and one.status is not OrderStatus.EMULATED]
        promised = sum(one.leaves_micros for one in others)
        return SHORT if promised + order.leaves_micros > max(self._account.book.quantity(order.symbol), 0) else None
