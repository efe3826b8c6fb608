"""A split that was announced, at the order manager: what waits, what is taken back, what is booked, and that a restart knows all of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from framework.domain.account_event import CashInLieu, Dividend, Entitlement, Split
from framework.domain.corporate_action import CorporateAction
from framework.domain.order import OrderRole, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO
from framework.domain.venue_order import Dedupe
from framework.runtime.orders.actions import Announced
from framework.runtime.orders.freezing import freeze, thaw
from framework.runtime.orders.incidents import Code
from tests.venue.clock import SECOND
from tests.venue.scripted import Fault
from tests.venue.trader import BUY, SELL, Trader, order_of

HOUR = 3_600 * SECOND


class Wanted:
    """A share that is held, with a stop; its split takes effect in an hour, its session ends in eight."""

    def __init__(self, tape, venue, *actions, shares=10):
        now = venue.truth.clock.now()
        self.tape, self.venue, self.since = tape, venue, now + HOUR
        self.seen, self.ends = now, now + HOUR // 2
        self.actions = [one._replace(since=self.since) for one in actions]
        self.trader = self.started()
        bought = self.trader.place(order_of(1, BUY, shares, kind=OrderType.MARKET))
        self.venue.truth.fill(self.venue.truth.by_client_id(self.ref(bought)), shares * MICRO, 100 * MICRO)
        self.stop = order_of(2, SELL, shares, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP, force=TimeInForce.GTC)
        self.trader.pass_time(5)
        self.trader.place(self.stop)
        self.trader.pass_time(5)
        self.trader.start()

    def started(self):
        announced = Announced(self.actions, lambda _: self.seen)
        made = Trader(self.tape, self.venue, announced=announced, session_end=lambda _: self.ends)
        made.start()
        return made

    def ref(self, order):
        return self.trader.manager.books.tracked[order.order_id].legs[-1].ref

    def evening(self):
        """The session before its day is over."""
        self.ends = self.since + 7 * HOUR

    def split(self, shares):
        """The venue shows other shares, and nothing that rests."""
        for one in list(self.venue.truth.open.values()):
            self.venue.truth.set_status(one, OrderStatus.CANCELED)
        self.venue.truth.shares["AAPL"] = round(shares * MICRO)

    def codes(self):
        return {code for code, _ in self.trader.manager.books.incidents}


DOUBLED = CorporateAction("AAPL", 0, split=2.0)


@pytest.fixture
def wanted(tape, venue):
    made = Wanted(tape, venue, DOUBLED)
    yield made
    made.trader.close()


def test_a_split_is_awaited_from_the_close_before_its_day_on(wanted):
    actions = wanted.trader.manager.actions
    assert not actions.awaits("AAPL")
    wanted.evening()
    assert actions.awaited == ["AAPL"]
    wanted.trader.start()
    assert actions.awaits("AAPL")
    wanted.seen = wanted.since + 1  # its bars are there
    assert not actions.awaits("AAPL")


def test_nothing_is_bought_and_what_rests_is_taken_back_while_a_split_is_awaited(wanted):
    resting = wanted.trader.place(order_of(3, BUY, 5, price=80.0, force=TimeInForce.GTC))
    wanted.evening()
    wanted.trader.start()
    wanted.trader.pass_time(10)
    assert wanted.trader.manager.get_order(resting.order_id).status is OrderStatus.CANCELED
    assert [one.detail.split(" (")[0] for one in wanted.trader.incidents] == [resting.order_id]
    refused = wanted.trader.place(order_of(4, BUY, 5, price=80.0))
    assert refused.status is OrderStatus.REJECTED
    assert [one.now.stop_micros for one in wanted.venue.truth.open.values()] == [90 * MICRO]


def test_the_split_is_booked_once_when_the_venue_shows_it(wanted):
    wanted.evening()
    wanted.split(20)
    wanted.trader.start()
    wanted.trader.start()
    (split,) = wanted.trader.engine.account
    assert (type(split), split.new, split.old, split.held_micros) == (Split, 2, 1, 20 * MICRO)
    assert wanted.trader.manager.books.shares == {"AAPL": 20 * MICRO}
    assert wanted.trader.engine.book.quantity("AAPL") == 20 * MICRO
    assert not wanted.codes() & {Code.POSITION, Code.CANCELED_ELSEWHERE}


def test_a_stop_that_the_venue_cancels_for_the_split_is_nobodys_doing(wanted):
    wanted.evening()
    (stop,) = wanted.venue.truth.open.values()
    wanted.venue.truth.set_status(stop, OrderStatus.CANCELED)
    wanted.trader.pass_time(10)
    assert [one.unsolicited for one in wanted.trader.engine.heard if one.status is OrderStatus.CANCELED] == [False]
    assert Code.CANCELED_ELSEWHERE not in wanted.codes()


@pytest.mark.parametrize("shown", [30, 19, 5])
def test_shares_that_the_split_does_not_explain_freeze_the_symbol(wanted, shown):
    wanted.evening()
    wanted.split(shown)
    for _ in range(3):
        wanted.trader.manager.reconcile()
    assert wanted.trader.engine.account == []
    assert Code.POSITION in wanted.codes()
    wanted.split(20)
    wanted.trader.start()
    assert len(wanted.trader.engine.account) == 1
    assert Code.POSITION not in wanted.codes()


def test_a_held_order_is_not_let_go_by_prices_of_after_the_split(wanted):
    profit = order_of(5, SELL, 10, price=150.0, role=OrderRole.TAKE_PROFIT, force=TimeInForce.GTC, status=OrderStatus.EMULATED)
    wanted.trader.place(profit)
    wanted.evening()
    wanted.venue.prices["AAPL"] = 200.0  # of a reverse split, perhaps
    wanted.trader.pass_time(30)
    assert wanted.trader.manager.get_order(profit.order_id).status is OrderStatus.EMULATED


def test_a_restart_knows_the_split_and_what_is_still_to_be_paid(tape, venue):
    world = Wanted(tape, venue, CorporateAction("AAPL", 0, split=0.1), CorporateAction("AAPL", 0, dividend=1.5), shares=25)
    world.evening()
    world.split(2)
    world.trader.start()
    kinds = [type(one) for one in world.trader.engine.account]
    assert kinds == [Split, Entitlement]
    books = world.trader.manager.books
    assert [one.quantity_micros for one in books.payments.values()] == [500_000, 2 * MICRO]
    assert freeze(thaw(json.loads(json.dumps(freeze(books))))) == freeze(books)
    world.trader.close()
    again = world.started()
    assert again.manager.books.payments == books.payments
    assert again.engine.account == []
    again.close()


def test_money_that_was_announced_is_booked_when_it_comes_and_once(tape, venue):
    world = Wanted(tape, venue, CorporateAction("AAPL", 0, dividend=1.5), CorporateAction("AAPL", 0, split=0.4), shares=12)
    world.evening()
    world.split(4)
    world.trader.start()
    world.trader.start()
    world.venue.prices["AAPL"] = 250.0
    venue.truth.clock.advance(86_400)
    world.trader.start()
    venue.truth.cash += 6 * MICRO  # 1.50 for each of four
    world.trader.start()
    venue.truth.cash += 201_230_000  # four fifths of a share
    world.trader.start()
    world.trader.start()
    paid = [one for one in world.trader.engine.account if isinstance(one, Dividend | CashInLieu)]
    assert [(type(one), one.quantity_micros, one.amount_micros) for one in paid] == [
        (Dividend, 4 * MICRO, 6 * MICRO),
        (CashInLieu, 800_000, 201_230_000),
    ]
    assert world.trader.manager.books.payments == {}
    assert Code.CASH not in world.codes()
    world.trader.close()


def test_a_stop_that_is_refused_while_a_split_is_awaited_does_not_sell_at_prices_of_after_it(wanted):
    trader, venue = wanted.trader, wanted.venue
    trader.cancel(wanted.stop)
    trader.pass_time(5)
    wanted.evening()
    venue.prices["AAPL"] = 50.0  # two for one, and 90 is a price of before
    venue.script("send", Fault.REJECTED)
    trader.place(order_of(6, SELL, 10, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP, force=TimeInForce.GTC))
    trader.pass_time(10)
    assert [one.now.order_type for one in venue.truth.open.values() if one.now.side is SELL] == []


@pytest.mark.parametrize("others", [0, 5])
def test_shares_that_were_bought_after_the_split_do_not_split(tape, venue, others):
    """An entry of the evening fills at the open of the day of the split, of which no bar has closed: the venue shows what was bought."""
    venue.truth.shares["AAPL"] = others * MICRO
    now = venue.truth.clock.now()
    split = DOUBLED._replace(since=now + HOUR)
    ends = [now + HOUR // 2]
    with Trader(tape, venue, announced=Announced([split], lambda _: now), session_end=lambda _: ends[0]) as trader:
        trader.start()
        entry = trader.place(order_of(1, BUY, 10, kind=OrderType.MARKET))
        venue.truth.clock.advance(2 * 3_600)
        ends[0] = now + 8 * HOUR
        venue.truth.shares["AAPL"] = 2 * others * MICRO
        venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, 50 * MICRO)
        for _ in range(3):
            trader.start()
        assert trader.manager.books.incidents == {}
        assert (trader.manager.books.baseline or {}).get("AAPL", 0) == 2 * others * MICRO
        assert trader.manager.get_order(entry.order_id).status is OrderStatus.FILLED
        assert trader.manager.actions.awaited == []
        assert trader.engine.account == []
        assert trader.manager.books.shares == {"AAPL": 10 * MICRO}
        assert trader.place(order_of(2, BUY, 5, price=40.0)).status is OrderStatus.ACCEPTED


def test_a_lost_order_that_a_split_takes_back_is_told_once_and_not_sent_again(wanted):
    trader, venue = wanted.trader, wanted.venue
    venue.link = replace(venue.link, dedupe=Dedupe.PROVEN, dedupe_window_seconds=3_600.0)
    venue.script("send", Fault.LOST_BEFORE)
    lost = trader.place(order_of(7, BUY, 5, price=80.0))
    sent = venue.requests["send"]
    wanted.evening()
    for _ in range(3):
        trader.manager.reconcile()
        trader.pass_time(5)
    assert venue.requests["send"] == sent
    assert [one.detail.split(" (")[0] for one in trader.incidents if one.code is Code.SPLIT_AWAITED] == [lost.order_id]


def test_a_trail_that_has_followed_prices_of_after_a_split_says_nothing_of_before_it(tape, venue):
    world = Wanted(tape, venue, CorporateAction("AAPL", 0, split=0.1))
    trader = world.trader
    trader.cancel(world.stop)
    trader.pass_time(5)
    stop = order_of(8, SELL, 10, kind=OrderType.TRAILING_STOP, role=OrderRole.STOP, force=TimeInForce.GTC)
    stop.trail_type, stop.trail_micros, stop.stop_micros = TrailType.PERCENTAGE, 10 * MICRO, 90 * MICRO
    trader.place(stop)
    world.evening()
    for seen, believed in [(91, 91), (900, 91)]:
        (there,) = venue.truth.open.values()
        there.history.append(replace(there.now, stop_micros=seen * MICRO, updated_at=venue.truth.time + 1))
        venue.truth._note(there)
        trader.pass_time(5)
        assert trader.manager.get_order(stop.order_id).stop_micros == believed * MICRO
    trader.close()
