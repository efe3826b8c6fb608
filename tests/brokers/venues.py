"""What the broker contract needs to drive a venue in a test; one class for each broker that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from data import Dataset
from data.calendar import session_clock
from framework.app.assembly.assemble import Coming, session
from framework.domain.market import BarSeries
from framework.domain.order import ApprovedOrder, Order, OrderSide, OrderType
from framework.domain.venue import venue
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.strategy import Strategy
from framework.rules import lifecycle, limits
from framework.rules.pretrade.risk_limits import profile
from framework.rules.pretrade.standing import AccountStanding, Standing
from framework.rules.pretrade.validator import PreTradeValidator
from framework.runtime.loading import validated
from framework.runtime.sessions.bar_builder import BarBuilder, Tick
from tests.builders import daily

if TYPE_CHECKING:
    from framework.domain.account_event import AccountEvent
    from framework.domain.order_update import OrderUpdate
    from framework.engine.ports import Broker

DOLLAR = 1_000_000
#: Robinhood on paper; fills as at the double, at its price and as much as is asked for.
PAPER = {
    "mode": "paper",
    "strategy": {"class": "tests:Nothing"},
    "universe": {"symbols": ["A", "B"]},
    "account": {"cash": 10_000},
    "fills": {"slippage": {"model": "none"}, "fees": "none", "max_volume_share": 0.0},
}
#: A rich account that holds nothing, and only what the venue cannot do stands in the way.
RICH = AccountStanding(
    equity=10**15,
    gross=0,
    entering=0,
    reserved=0,
    cash=10**15,
    unsettled=0,
    traded=0,
    positions=0,
    entries_in_bar=0,
    entries_today=0,
    var=0,
    sectors={},
)
WIDE_OPEN = Standing(account=RICH, held=0, exits=0, price=100 * DOLLAR)
DOOR = PreTradeValidator(profile("venue"), venue("generic"))


class Venue(Protocol):
    """A broker with 10,000 dollars, symbols A (last trade at 100) and B (never traded), and a hand on the market."""

    broker: Broker

    def ready(self) -> None:
        """What a process does between connecting and its first order."""

    def trade_at(self, price: float) -> None:
        """Let A trade at one price, and let what comes of it be heard."""

    def settle(self) -> None:
        """Let what is under way come to its end."""

    def close(self) -> None:
        """Leave nothing behind."""


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.updates: list[OrderUpdate] = []
        self.account_events: list[AccountEvent] = []

    def on_update(self, update: OrderUpdate) -> None:
        self.updates.append(update)

    def on_account(self, event: AccountEvent) -> None:
        self.account_events.append(event)


class Releasing(Listener):
    """Sends every order that was held as soon as its price has been reached."""

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self._broker = broker

    def on_update(self, update: OrderUpdate) -> None:
        super().on_update(update)
        if update.status is lifecycle.OrderStatus.SUBMITTED:
            self._broker.release_order(update.order_id)


def approved(
    order_id: str,
    side: OrderSide = OrderSide.BUY,
    quantity: int = 10,
    limit: float | None = None,
    status: lifecycle.OrderStatus = lifecycle.OrderStatus.SUBMITTED,
) -> ApprovedOrder:
    """An order that has gone through the one door, sent or held; only the limits rule can make it."""
    order = Order(
        order_id,
        "A",
        side,
        quantity * DOLLAR,
        OrderType.MARKET if limit is None else OrderType.LIMIT,
        0,
        limit_micros=None if limit is None else round(limit * DOLLAR),
    )
    passed, _ = limits.check(order, WIDE_OPEN, DOOR)
    assert passed is not None
    lifecycle.change(passed.order, status, 0)
    return passed


class SimulatedVenue:
    """The simulated broker on a market of two symbols."""

    def __init__(self) -> None:
        count = 50
        prices = np.full(count, 100.0)
        times = np.array(daily(count), dtype=np.int64)
        self._close = prices
        never = BarSeries("B", *(np.empty(0, kind) for kind in (np.int64, *[np.float64] * 7)))
        columns = (prices, prices, prices, prices, np.full(count, 1e9), np.zeros(count), np.ones(count))
        self._market = Market({"A": BarSeries("A", times, *columns), "B": never}, daily=True)
        self._market.cursor[0], self._market.now = 0, int(times[0])
        self.broker = SimulatedBroker(
            self._market, venue("generic"), 10_000 * DOLLAR, FillModel(), lambda timestamp: (timestamp - 1, timestamp)
        )

    def ready(self) -> None:
        """Nothing."""

    def settle(self) -> None:
        """Nothing is ever under way."""

    def close(self) -> None:
        """Nothing is left."""

    def trade_at(self, price: float) -> None:
        index = self._market.cursor[0] + 1
        self._close.flags.writeable = True
        self._close[index:] = price
        self._close.flags.writeable = False
        self._market.cursor[0], self._market.now = index, int(self._market.series[0].timestamp[index])
        self.broker.on_slice([0])


class PaperVenue:
    """The broker of a paper session as the application puts it together, on bars that are built of quotes."""

    broker: Broker

    def __init__(self) -> None:
        closes = np.array(daily(2), dtype=np.int64)
        columns = (np.full(1, 100.0), np.full(1, 100.0), np.full(1, 100.0), np.full(1, 100.0), np.full(1, 1e9), np.zeros(1), np.ones(1))
        never = BarSeries("B", *(np.empty(0, kind) for kind in (np.int64, *[np.float64] * 7)))
        series = {"A": BarSeries("A", closes[:1], *columns), "B": never}
        span = (int(closes[0]), int(closes[0]) + 90 * 86_400 * 10**9)
        config = validated(PAPER, "paper")
        made = session(config, Strategy(), Coming(Dataset(series, int(closes[1]), ()), span, ()), Journal())
        self.broker, self._work, self._engine, self._market = made.broker, made.broker.on_slice, made.engine, made.market
        self._bounds = session_clock(*span, "XNYS")
        self._bars = BarBuilder(self._bounds, 0)
        made.engine.start(int(closes[1]))
        self._now = int(closes[0])

    def ready(self) -> None:
        """Nothing."""

    def settle(self) -> None:
        """Nothing is ever under way."""

    def close(self) -> None:
        """Nothing is left."""

    def trade_at(self, price: float) -> None:
        """A day on which A trades at one price."""
        opened, self._now = self._bounds(self._now + 1)
        self._bars.take(Tick("A", opened + 1, price, 1e9))
        arrived = self._bars.close(self._now)
        rows = {self._market.row[symbol]: one for symbol, one in arrived.bars.items()}
        self._engine.on_arrival(rows, arrived.timestamp)
        self._work(sorted(rows))
