"""Robinhood as the broker contract drives it: the order manager over the gateway, at a double."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from brokers.robinhood.testing import RobinhoodDouble
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore
from tests.brokers.robinhood.adapter.session import FAST, Link
from tests.brokers.robinhood.live.world import WIDE, Clocks
from tests.venue.trader import DESK, HEADER

if TYPE_CHECKING:
    from framework.engine.ports import Broker


class RobinhoodVenue:
    """10,000 dollars, A at 100 dollars, B without a price; fractions of cents and of shares apart, what the contract asks for."""

    broker: Broker

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._double = RobinhoodDouble(cash="10000")
        self._double.list_stock("A", "100.00")
        self._double.list_stock("B", "1.00")
        self._double.quote("B")
        self._link = Link(self._double, self._folder, allowed=WIDE, timeouts=FAST)
        self._link.give_tokens()
        self._store = TapeStore.open(self._folder / "tape.db", header=HEADER)
        self._manager = OrderManager(self._link.gateway, self._store, DESK, Clocks(self._link), OrderPolicy())
        self.broker = self._manager

    def ready(self) -> None:
        """As every process before it decides."""
        self._manager.reconcile()

    def trade_at(self, price: float) -> None:
        """A trades at one price, and what comes of it is heard."""
        self._double.trade_at("A", f"{price:.2f}")
        self._double.advance(1)
        self._manager.poll()

    def settle(self) -> None:
        """What is under way comes to its end."""
        for _ in range(4):
            self._double.advance(1)
            self._manager.poll()

    def close(self) -> None:
        """Leave nothing behind."""
        self._link.close()
        self._store.close()
        self._double.close()
        shutil.rmtree(self._folder)
