"""The real engine over the order manager: strategy, stops, brackets and exits on a venue that takes its time and misleads."""

from __future__ import annotations

import random

import pytest

from framework.app.assembly.policies import policies
from framework.domain.book import Book
from framework.domain.order import OrderRole, OrderSide, OrderStatus
from framework.domain.values import MICRO
from framework.engine.engine import Engine
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.schedule import Schedule
from framework.runtime.config import Config
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore
from tests.builders import PLAIN, Scripted, bars
from tests.campaigns import size
from tests.kills.checker import violations
from tests.venue.market import match
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import DESK, HEADER

F = Fault
DAY = 86_400 * 10**9


class Live:
    """One process that trades one symbol, bar by bar."""

    def __init__(self, tape, venue, script, prices, **config):
        series = bars("AAPL", [(price, price, price, price) for price in prices])
        tree = {**PLAIN, **{name: {**PLAIN.get(name, {}), **value} for name, value in config.items()}, "universe": {"symbols": ["AAPL"]}}
        self.venue, self.prices = venue, prices
        self.store = TapeStore.open(tape, header=HEADER)
        self.book = Book(100_000 * MICRO)
        self.incidents = []
        self.manager = OrderManager(
            venue, self.store, DESK, venue.truth.clock, OrderPolicy(), alarm=self.incidents.append, shares_of_engine=self.shares
        )
        self.broker = self.manager
        self.market = Market({"AAPL": series}, daily=True)
        self.journal = Journal()
        schedule = Schedule(lambda timestamp: (timestamp - DAY, timestamp), daily=True)
        decided = policies(Config.model_validate(tree))
        self.engine = Engine(Scripted(script), self.market, self.broker, self.book, decided, self.journal, schedule, lambda _: 0)
        self.times = [int(time) for time in series.timestamp]
        self.engine.start(0)
        self.reconciled()

    def reconciled(self):
        while not self.manager.reconcile().succeeded:
            pass

    def shares(self):
        return {name: one.quantity_micros for name, one in self.book.positions.items() if one.quantity_micros}

    def bar(self, number, dice=None):
        """A bar closes: the market trades, the process looks, decides, looks again."""
        self.venue.prices["AAPL"] = float(self.prices[number])
        match(self.venue, 1.0 if dice is None else dice.choice([0.3, 1.0]))
        self.look(2)
        self.on_slice(number)
        self.look(2)

    def on_slice(self, number):
        self.market.cursor[0] = number
        self.market.now = self.times[number]
        self.market.on_bars([0])
        self.engine.on_slice(self.times[number])

    def look(self, times):
        for _ in range(times):
            self.venue.truth.clock.advance(3)
            self.manager.poll()
            # At no moment is more for sale at the venue than is held there.
            assert self.venue.truth.free("AAPL") >= 0

    def rest(self):
        """Nothing misleads any more, and everything comes to an end."""
        self.venue.faults.clear()
        self.venue.thaw()
        self.venue.wake_zombies()
        self.look(12)

    def working(self, role):
        return [order for order in self.engine.desk.blotter.of("AAPL") if order.role is role]

    def close(self):
        self.store.close()


@pytest.fixture
def live(tape):
    made = []

    def make(script, prices, venue=None, **config):
        made.append(Live(tape, venue or ScriptedVenue(), script, prices, **config))
        return made[-1]

    yield make
    for one in made:
        one.close()


def agree(live):
    assert live.shares() == {name: count for name, count in live.venue.truth.shares.items() if count}
    assert live.book.cash_micros - 100_000 * MICRO == live.venue.truth.cash
    assert live.manager.reconcile().differences == ()


STOPS = {"stops": {"attach": "entries", "method": "percent", "percent": 5}}


def test_a_bracket_rests_its_stop_and_holds_its_target_until_it_is_reached(live):
    one = live({0: lambda ctx: ctx.bracket("AAPL", 10, take_profit=120, stop_loss=90)}, [100, 100, 110, 121, 121])
    for number in range(5):
        one.bar(number)
        match(one.venue)
    one.rest()
    assert one.shares() == {}
    sold = [true for true in one.venue.truth.ours() if true.now.side is OrderSide.SELL and true.now.cumulative_micros]
    assert [true.now.limit_micros for true in sold] == [120 * MICRO]
    assert not one.venue.truth.open
    agree(one)


def test_an_exit_at_market_takes_the_place_of_the_stop(live):
    one = live({0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90), 2: lambda ctx: ctx.close("AAPL")}, [100] * 5)
    one.venue.script("cancel", F.FROZEN)
    for number in range(3):
        one.bar(number)
    assert one.shares() == {"AAPL": 10 * MICRO}
    one.venue.thaw()
    one.look(3)
    for number in (3, 4):
        one.bar(number)
    one.rest()
    assert one.shares() == {}
    agree(one)


def test_a_stop_that_fills_while_an_exit_takes_its_place_leaves_the_rest_to_a_smaller_exit(live):
    one = live({0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90), 2: lambda ctx: ctx.close("AAPL")}, [100] * 6)
    for number in range(2):
        one.bar(number)
    one.venue.script("cancel", F.PART_FILLED_BEFORE)
    for number in range(2, 6):
        one.bar(number)
    one.rest()
    assert one.shares() == {}
    assert one.venue.truth.shares["AAPL"] == 0
    agree(one)


def test_a_stop_comes_back_to_the_venue_after_an_exit_that_did_not_fill(live):
    script = {0: lambda ctx: ctx.bracket("AAPL", 10, take_profit=120, stop_loss=90)}
    one = live(script, [100, 100, 121, 110, 110, 110])
    for number in range(2):
        one.bar(number)
    one.venue.prices["AAPL"] = 121.0
    one.look(2)  # the target is at the venue, the stop is held
    assert [order.status for order in one.working(OrderRole.STOP)] == [OrderStatus.EMULATED]
    one.rest()
    one.venue.prices["AAPL"] = 110.0
    agree(one)


def test_a_stop_the_venue_ends_at_the_close_rests_there_again(live):
    one = live({0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90)}, [100] * 4)
    for number in range(2):
        one.bar(number)
    (stop,) = one.venue.truth.open.values()
    one.venue.truth.set_status(stop, OrderStatus.EXPIRED)
    one.look(1)
    (again,) = one.venue.truth.open.values()
    assert (again.now.stop_micros, again.now.quantity_micros) == (90 * MICRO, 10 * MICRO)
    agree(one)


RATES = {
    "send": [F.LOST_AFTER, F.THROTTLED, F.NOT_SENT, F.SWAPPED, F.RAISES, F.REJECTED, F.REJECTED_LATER, F.FILLED_AT_ONCE],
    "cancel": [F.LOST_AFTER, F.LOST_BEFORE, F.THROTTLED, F.FILLED_BEFORE, F.PART_FILLED_BEFORE, F.FROZEN, F.RAISES],
    "orders": [F.FAILED, F.FIRST_PAGE, F.REORDERED, F.DUPLICATED, F.STALE, F.WITHOUT_EXECUTIONS, F.RAISES],
}


def canceled_by_somebody(venue, dice):
    """A person cancels one of our orders in the app."""
    if venue.truth.open:
        venue.truth.set_status(dice.choice(list(venue.truth.open.values())), OrderStatus.CANCELED)


def random_trader(dice):
    def act(ctx):
        what = dice.random()
        if what < 0.3:
            price = float(ctx.bars("AAPL").close[-1])
            ctx.bracket("AAPL", dice.randint(1, 20), take_profit=round(price * 1.03, 2), stop_loss=round(price * 0.97, 2))
        elif what < 0.5:
            ctx.target("AAPL", dice.choice([0.0, 0.3, 0.6]))
        elif what < 0.6:
            ctx.close("AAPL")
        elif what < 0.7:
            ctx.sell("AAPL", dice.randint(1, 9))

    return act


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(size(25, 1_000)))
def test_engine_and_venue_agree_after_whatever_a_venue_can_do(live, tape, seed):
    dice = random.Random(seed)
    prices = [100.0]
    for _ in range(14):
        prices.append(round(prices[-1] * dice.uniform(0.96, 1.04), 2))
    one = live(random_trader(dice), prices, **STOPS)
    for number in range(15):
        for kind, row in RATES.items():
            for _ in range(4):
                one.venue.script(kind, dice.choice(row) if dice.random() < 0.35 else F.NONE)
        one.bar(number, dice)
        if dice.random() < 0.4:
            one.venue.thaw()
        if dice.random() < 0.2:
            canceled_by_somebody(one.venue, dice)
    one.rest()
    agree(one)
    assert violations(tape, one.venue.truth) == []
