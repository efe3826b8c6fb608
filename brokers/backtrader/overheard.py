"""Who hears the venue in a run of a backtrader strategy: the desk first, then Cerebro."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.account_event import CashInLieu, Delisted, Split, TradeCorrection

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.backtrader.trading import Trading
    from framework.domain.account_event import AccountEvent
    from framework.domain.order_update import OrderUpdate
    from framework.engine.desk import Desk


class Overheard:
    """Passes on to ``trading`` what ``desk`` has booked; ``before(timestamp)`` hears when it happened (ns UTC) first."""

    def __init__(self, desk: Desk, trading: Trading, before: Callable[[int], None] = lambda _: None) -> None:
        self._desk = desk
        self._trading = trading
        self._before = before
        self._depth = 0

    def on_update(self, update: OrderUpdate) -> None:
        """Book the update, then pass it on; what the desk does about it is heard in between."""
        self._before(update.timestamp)
        self._depth += 1
        self._desk.on_update(update)
        self._trading.hear(update)
        self._depth -= 1
        if self._depth == 0:
            self._trading.settle()

    def on_account(self, event: AccountEvent) -> None:
        """Book the event; Cerebro sees it in the cash, shares that are gone as a trade, and other changes in the position."""
        self._desk.on_account(event)
        if isinstance(event, Delisted) and event.quantity_micros:
            self._trading.on_delisting(event)
        elif isinstance(event, Split | CashInLieu | TradeCorrection) and event.symbol in self._desk.book.positions:
            self._trading.holdings.correct(self._desk.book.positions[event.symbol])
