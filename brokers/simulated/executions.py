"""What a trade costs and how it is written down, whoever found that it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.simulated.liquidity import Sessions
from framework.domain.fill import Fill
from framework.rules import lifecycle
from framework.rules.costs.slippage import Taking, slipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.simulated.account import VenueAccount
    from brokers.simulated.model import FillModel
    from brokers.simulated.ports import Tell
    from framework.domain.order import Order
    from framework.engine.market import Market


class Executions:
    """Prices and books the trades of one venue, and numbers them."""

    def __init__(self, market: Market, model: FillModel, account: VenueAccount, tell: Tell) -> None:
        self._market = market
        self._model = model
        self._sessions = Sessions(market)
        self._account = account
        self._tell = tell
        self._count = 0

    def prices(self, order: Order, reference: int, limit: int | None) -> Callable[[int], int]:
        """The price, after slippage, at which so many micro-shares of ``order`` trade where the market is at ``reference``.

        It is never beyond ``limit``.
        """
        slippage, sign = self._model.slippage, order.side.sign
        known = self._sessions.before(self._market.row_of(order.symbol), slippage.sessions)

        def price(quantity: int) -> int:
            taking = Taking(reference, quantity, order.order_type, self._market.now)
            moved = slipped(reference, sign, slippage.distance(taking, known))
            return moved if limit is None else sign * min(sign * moved, sign * limit)

        return price

    def book(self, order: Order, quantity: int, price: int, reference: int) -> None:
        """Book ``quantity`` micro-shares of ``order`` at ``price``, and tell."""
        self._count += 1
        fill = Fill(
            execution_id=f"SIM-{self._count}",
            order_id=order.order_id,
            timestamp=self._market.now,
            symbol=order.symbol,
            side=order.side,
            quantity_micros=quantity,
            price_micros=price,
            reference_micros=reference,
            fees_micros=self._account.fees(order, quantity, price),
            tag=order.tag,
            strategy=order.strategy,
        )
        self._account.post(fill)
        self._tell(order, lifecycle.status_after_fill(order, quantity), fill=fill)
