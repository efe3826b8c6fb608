"""A shadow and its model, order by order: when it begins, when it ends, and that it never stops a session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.domain.fill import Fill
from framework.domain.market import Bar, ClosedBar
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.domain.venue import venue
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.rules.shadowing import ShadowLimits
from framework.runtime.sessions.shadow import Shadow
from tests.builders import bars, daily, still

TIMES = daily(12)
SHARES = 10_000_000
LIMITS = ShadowLimits(least=1, window=5)


class World:
    """A market whose bars arrive one by one, a session's journal, and the shadow that follows it."""

    def __init__(self, *, connected: bool = True, limits: ShadowLimits = LIMITS) -> None:
        self.market = Market({"X": bars("X", still(count=1), TIMES[:1])}, daily=True)
        self.market.begin(TIMES[1])
        rules = replace(venue("generic", fractional=None), shorting=False)
        self.venue = SimulatedBroker(self.market, rules, 10**15, FillModel(volume_share=0.0), lambda at: (at - 1, at))
        if connected:
            self.venue.connect()
        self.journal = Journal()
        self.shadow = Shadow(self.journal, self.market, self.venue, limits)
        self.notes = []
        self.shadow.note = self.notes.append

    def decide(self, order: Order) -> Order:
        self.journal.decided(order)
        return order

    def hear(self, order: Order, status: OrderStatus, price: float | None = None, quantity: int = SHARES) -> None:
        fill = None
        if price is not None:
            fill = Fill("V", order.order_id, self.market.now, "X", order.side, quantity, round(price * 1e6), round(price * 1e6), 0)
        self.journal.reported(OrderUpdate(order.order_id, self.market.now, status, "", fill))

    def bar(self, row: tuple[float, float, float, float]) -> None:
        time = TIMES[self.market.cursor[0] + 1]
        self.market.now = time
        self.market.extend({0: ClosedBar(Bar("X", time, *row, 1e6))})
        self.shadow.work([0])
        self.shadow.decided()

    def prices(self) -> list[tuple[str, float]]:
        return [(one.order_id, one.price_micros / 1e6) for one in self.shadow.fills]


def order(name: str, side: OrderSide = OrderSide.BUY, kind: OrderType = OrderType.MARKET, **given: object) -> Order:
    return Order(name, "X", side, SHARES, kind, TIMES[0], **given)


@pytest.fixture
def world():
    return World()


def entered(world: World) -> Order:
    """An entry that was sent at a decision."""
    entry = world.decide(order("entry"))
    world.hear(entry, OrderStatus.SUBMITTED)
    world.shadow.decided()
    return entry


def guard(world: World, **given: object) -> Order:
    stop = world.decide(
        order("stop", OrderSide.SELL, OrderType.STOP_LOSS, stop_micros=95_000_000, role=OrderRole.STOP, parent_id="entry", **given)
    )
    world.hear(stop, OrderStatus.SUBMITTED)
    return stop


def test_a_market_order_trades_at_the_next_open_whenever_the_venue_fills_it(world):
    entry = entered(world)
    world.bar((101.0, 103.0, 99.0, 102.0))
    assert world.prices() == [("entry", 101.0)]
    assert world.shadow.gap.orders == 0  # the real one works still
    world.hear(entry, OrderStatus.FILLED, 102.0)
    world.bar((102.0, 103.0, 99.0, 102.0))
    assert world.shadow.gap.slippage_bps == pytest.approx(1e4 / 101)
    assert [note.kind for note in world.notes] == ["shadow_fill", "shadow_diverged"]


def test_what_guards_a_position_begins_where_the_shadow_opens_it(world):
    entry = entered(world)
    world.hear(entry, OrderStatus.FILLED, 101.0)
    guard(world)  # heard of while the bar forms, as in life
    world.bar((101.0, 103.0, 94.0, 96.0))
    assert world.prices() == [("entry", 101.0), ("stop", 95.0)]


def test_what_guards_a_position_that_the_shadow_never_opened_trades_nothing(world):
    entry = world.decide(order("entry", kind=OrderType.LIMIT, limit_micros=90_000_000))
    world.hear(entry, OrderStatus.SUBMITTED)
    world.shadow.decided()
    world.hear(entry, OrderStatus.FILLED, 90.0)
    stop = guard(world)
    world.bar((101.0, 103.0, 94.0, 96.0))
    world.hear(stop, OrderStatus.FILLED, 95.0)
    world.bar((96.0, 97.0, 80.0, 90.0))
    assert world.prices() == []
    assert world.shadow.gap.missed == 1.0
    assert world.shadow.gap.orders == 2


def test_a_shadow_ends_with_the_first_bar_after_its_order(world):
    entry = world.decide(order("entry", kind=OrderType.LIMIT, limit_micros=90_000_000))
    world.hear(entry, OrderStatus.SUBMITTED)
    world.shadow.decided()
    world.hear(entry, OrderStatus.EXPIRED)
    world.bar((101.0, 103.0, 94.0, 96.0))
    world.bar((96.0, 97.0, 80.0, 90.0))
    assert world.prices() == []
    assert world.shadow.gap.orders == 0  # neither side traded


@pytest.mark.parametrize("status", [OrderStatus.PENDING_CANCEL, OrderStatus.CANCELED, OrderStatus.REJECTED])
def test_an_order_that_was_taken_back_does_not_trade_on_the_bar_that_forms(world, status):
    entry = entered(world)
    world.hear(entry, status)
    world.bar((101.0, 103.0, 94.0, 96.0))
    assert world.prices() == []


def test_a_denied_order_has_no_shadow(world):
    entry = world.decide(order("entry"))
    world.hear(entry, OrderStatus.DENIED)
    world.shadow.decided()
    world.bar((101.0, 103.0, 94.0, 96.0))
    assert world.prices() == []


def test_too_far_apart_is_said_once_until_it_was_better_again():
    world = World(limits=ShadowLimits(slippage_bps=10.0, missed=1.0, least=1, window=1))
    for number, price in enumerate([100.5, 100.5, 100.0, 100.5]):
        one = world.decide(order(f"entry {number}"))
        world.hear(one, OrderStatus.SUBMITTED)
        world.shadow.decided()
        world.hear(one, OrderStatus.FILLED, price)
        world.bar((100.0, 101.0, 99.0, 100.0))
    assert len(world.shadow.diverged) == 2
    assert world.shadow.diverged[0].startswith("50.0 basis points worse")


def test_a_model_that_fails_ends_the_shadow_and_nothing_else():
    world = World(connected=False)
    entered(world)
    assert world.shadow.trouble.startswith("shadow fills have ended: BrokerError: the simulated broker is not connected")
    world.bar((101.0, 103.0, 94.0, 96.0))
    assert world.prices() == []


def test_the_real_order_is_never_touched(world):
    entry = entered(world)
    before = (entry.status, entry.filled_micros, len(entry.changes))
    world.bar((101.0, 103.0, 94.0, 96.0))
    assert (entry.status, entry.filled_micros, len(entry.changes)) == before
    assert np.isclose(world.shadow.fills[0].price_micros, 101e6)
