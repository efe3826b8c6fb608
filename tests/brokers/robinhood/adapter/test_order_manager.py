"""The order manager over the Robinhood gateway and the double: what is lost on the real wire is found, and nothing is sent twice."""

from __future__ import annotations

import pytest

from brokers.robinhood.amounts import iso
from framework.domain.order import OrderRole, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.request import Priority
from framework.domain.values import MICRO
from framework.rules import lifecycle, limits
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.ids import Desk
from framework.runtime.orders.incidents import Code
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore
from tests.brokers.robinhood.adapter.session import ACCOUNT, connected
from tests.venue.trader import BUY, HEADER, SELL, Listener, foreign_orders, order_of

S = OrderStatus
ORDERS = {"method": "POST", "path": "/orders/"}
DESK = Desk(ACCOUNT, "live")


class VenueClock:
    """Both clocks of the process are the double's."""

    def __init__(self, double):
        self.double = double

    def now(self):
        return self.double.venue.clock.now()

    monotonic = now

    def sleep(self, seconds):
        self.double.advance(seconds)


class Process:
    """One process that trades at the double."""

    def __init__(self, link, path):
        self.link = link
        self.store = TapeStore.open(path, header=HEADER)
        self.engine = Listener()
        self.incidents = []
        policy = OrderPolicy(send_window_seconds=60.0)
        self.manager = OrderManager(link.gateway, self.store, DESK, VenueClock(link.double), policy, alarm=self.incidents.append)
        self.manager.subscribe(self.engine)

    def start(self):
        for _ in range(3):
            if self.manager.reconcile().succeeded:
                return self
        raise AssertionError(self.manager.reconcile())

    def place(self, order):
        self.engine.orders[order.order_id] = order
        self.manager.place_order(limits.approved_before(order, order.order_type))
        return order

    def look(self, times=3, seconds=5):
        for _ in range(times):
            self.link.double.advance(seconds)
            self.manager.poll()

    def close(self):
        self.store.close()


@pytest.fixture
def process(double, tmp_path):
    with connected(double, tmp_path) as link:
        one = Process(link, tmp_path / "tape.db").start()
        yield one
        one.close()


def posts(process):
    return list(process.link.double.counts()["posts_by_ref"].values())


def agree(process):
    assert {one.symbol: one.quantity_micros for one in process.link.gateway.positions().positions} == process.manager.books.shares
    assert process.manager.reconcile().differences == ()


def test_an_order_is_placed_filled_and_booked(process):
    order = process.place(order_of(1, price=110))
    process.link.double.trade_at("AAPL", "109.00")
    process.look()
    assert order.status is S.FILLED
    assert posts(process) == [1]
    agree(process)


@pytest.mark.parametrize("fault", [{"drops": True}, {"status": 500, "body": "<html>"}, {"mangles": "truncated"}, {"drops_after": 20}])
def test_an_order_whose_answer_was_lost_is_found_in_the_listing(process, fault):
    process.link.gateway.quotes(["AAPL"])
    process.link.double.fault(**ORDERS, **fault)
    order = process.place(order_of(1, price=90))
    assert order.status is S.UNKNOWN
    process.look()
    assert (order.status, posts(process)) == (S.ACCEPTED, [1])


def test_an_order_that_never_arrived_is_parked_and_not_sent_again(process):
    process.link.double.fault(**ORDERS, handled="no", drops=True)
    order = process.place(order_of(1, price=90))
    process.look(20, 30)
    assert (order.status, posts(process)) == (S.UNKNOWN, [])
    assert [str(one.code) for one in process.incidents] == ["order_parked"]


def test_an_order_that_arrives_later_is_adopted(process):
    process.link.double.fault(**ORDERS, handled="later", later_seconds=120, drops=True)
    order = process.place(order_of(1, price=90))
    process.look(10, 30)
    assert (order.status, posts(process)) == (S.ACCEPTED, [1])


def test_an_order_that_was_sent_twice_on_the_way_is_one_order(process):
    process.link.double.fault(**ORDERS, handled="twice")
    order = process.place(order_of(1, price=90))
    process.look()
    assert order.status is S.ACCEPTED
    assert len(process.link.double.book()["orders"]) == 1


def test_a_listing_whose_second_page_fails_settles_nothing(process):
    process.link.double.fault(**ORDERS, handled="no", drops=True)
    order = process.place(order_of(1, price=90))
    process.link.double.fault(method="GET", path="/orders/", status=503, times=200)
    process.look(5, 60)
    assert (order.status, process.incidents) == (S.UNKNOWN, [])


def test_a_stop_is_taken_back_before_its_shares_are_sold(process):
    process.place(order_of(1, BUY, price=110))
    process.link.double.trade_at("AAPL", "100.00")
    process.look()
    stop = process.place(order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP))
    process.manager.hold_order(stop.order_id)
    process.engine.orders.pop(stop.order_id)
    sale = process.place(order_of(3, SELL, price=95))
    assert sale.status is S.SUBMITTED  # the venue ends the stop a little later
    process.look()
    process.link.double.trade_at("AAPL", "100.00")
    process.look()
    assert sale.status is S.FILLED
    assert process.manager.books.shares == {}
    agree(process)


def test_a_new_process_takes_up_where_the_last_one_died(process, tmp_path):
    process.link.double.fault(**ORDERS, drops=True)
    process.place(order_of(1, price=110))
    process.link.double.trade_at("AAPL", "100.00")
    second = Process(process.link, tmp_path / "tape.db").start()
    second.look()
    assert (posts(process), second.manager.books.shares) == ([1], {"AAPL": 10 * MICRO})
    agree(second)
    second.close()


def test_a_sale_that_would_mark_a_day_trader_ends_with_the_venue_s_words(process):
    double = process.link.double
    double.change_account(ACCOUNT, kind="margin", cash=20_000_000_000, day_trades_protection=True)
    for symbol in ("GOOG", "IBM", "KO"):
        double.list_stock(symbol, "50.00")
        for side in ("buy", "sell"):
            double.place_by_hand(ACCOUNT, symbol, side=side, quantity="1")
            double.advance(1)
    process.place(order_of(1, price=110))
    double.trade_at("AAPL", "109.00")
    process.look()
    sale = process.place(order_of(2, SELL, price=100))
    process.look()
    assert (sale.status, sale.changes[-1].reason) == (S.REJECTED, "status 400: Sell may cause PDT designation.")
    agree(process)


def test_shares_whose_stop_was_reached_before_it_came_are_sold(process):
    process.place(order_of(1, price=110))
    process.link.double.trade_at("AAPL", "109.00")
    process.look()
    process.link.double.trade_at("AAPL", "85.00")
    stop = process.place(order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP))
    assert stop.status is S.SUBMITTED
    process.look()
    process.link.double.trade_at("AAPL", "85.00")
    process.look()
    assert stop.status is S.FILLED
    assert [str(one.code) for one in process.incidents] == ["stop_reached"]
    assert "Stop price has already been reached" in process.incidents[0].detail
    agree(process)


def test_interest_that_the_venue_takes_is_told_and_not_taken_for_ours(process):
    double = process.link.double
    double.change_account(ACCOUNT, kind="margin", margin=50_000_000_000)
    process.place(order_of(1, shares=1_300, price=110))
    double.trade_at("AAPL", "100.00")
    process.look(2, 120)
    agree(process)
    double.lend(ACCOUNT, "0.1234", billing_days=1)
    double.advance(7 * 3_600)
    assert all(process.manager.reconcile().succeeded for _ in range(3))
    assert double.book()["accounts"][ACCOUNT]["interest"] == 0, "what was bought today is owed from its settlement on"
    double.advance(24 * 3_600)
    process.link.session.tick()
    assert all(process.manager.reconcile().succeeded for _ in range(3))
    taken = double.book()["accounts"][ACCOUNT]["interest"]
    assert taken == round(30_000 * 0.1234 / 360 * MICRO)
    (incident,) = (one for one in process.incidents if one.code is Code.CASH)
    assert "has -10.2834 dollars that no trade of ours has moved; it looks like: interest or a dividend" in incident.detail


def test_a_trailing_stop_keeps_what_it_has_reached_at_the_venue_while_it_is_taken_back_and_sent_again(process):
    double = process.link.double
    process.place(order_of(1, BUY, price=110))
    double.trade_at("AAPL", "100.00")
    process.look()
    stop = order_of(2, SELL, kind=OrderType.TRAILING_STOP, role=OrderRole.STOP)
    stop.trail_micros, stop.trail_type, stop.stop_micros = 5 * MICRO, TrailType.PERCENTAGE, 95 * MICRO
    process.place(stop)
    process.look()
    double.trade_at("AAPL", "120.00")  # its stop is at 114 there
    double.trade_at("AAPL", "116.00")
    process.look()
    process.manager.hold_order(stop.order_id)
    lifecycle.change(stop, S.EMULATED, 0)
    process.look()
    lifecycle.change(stop, S.SUBMITTED, 0)
    process.manager.release_order(stop.order_id)
    process.look()
    (working,) = [one for one in double.book()["orders"] if one["state"] == "confirmed"]
    assert working["stop"] == 114 * MICRO


def traded_in_the_evening(process, price):
    """What the venue shows of AAPL after somebody has traded outside of the session."""
    quotes = process.link.gateway._reader.read("/quotes/", {"symbols": "AAPL"}, Priority.DATA).fields
    evening = {"last_non_reg_trade_price": price, "venue_last_non_reg_trade_time": iso(process.link.double.venue.clock.now() + 10**9)}
    shown = [{**row, **evening} for row in quotes["results"]]
    process.link.double.fault(method="GET", path="/quotes/", status=200, body={"results": shown}, times=1_000)


def test_a_stop_that_is_held_is_met_by_trades_of_the_session_only(process):
    """As one at the venue: a print of the evening would sell everything at the next open."""
    double = process.link.double
    process.place(order_of(1, BUY, price=110))
    double.trade_at("AAPL", "100.00")
    process.look()
    stop = order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP, status=S.EMULATED)
    process.place(stop)
    traded_in_the_evening(process, "80.00")
    process.look()
    assert stop.status is S.EMULATED
    assert process.link.gateway.quotes(["AAPL"])["AAPL"].last == 100.0
    double.clear_faults()
    double.trade_at("AAPL", "89.00")
    process.look(1)
    assert stop.status is S.ACCEPTED


def test_comparing_costs_no_more_requests_after_weeks_of_orders_beside_an_old_stop(process):
    """At five requests in fifteen seconds the pages of a month would hold the loop for minutes, every five minutes."""
    double = process.link.double
    process.place(order_of(1, BUY, price=110))
    double.trade_at("AAPL", "100.00")
    process.look()
    stop = process.place(order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP, force=TimeInForce.GTC))
    for _ in range(60):
        double.advance(3_600)
        double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1", type="limit", price="1", time_in_force="gfd")
    process.manager.reconcile()
    before = double.counts()["requests"]
    assert process.manager.reconcile().succeeded
    assert double.counts()["requests"] - before <= 6
    assert stop.status is S.ACCEPTED
    double.fault(method="GET", path="/orders/?*", status=404, body={"detail": "Not found."}, times=1_000, handled="no")
    assert [one.code for one in process.manager.reconcile().differences] == [Code.MISSING]


def test_a_new_session_does_not_read_the_orders_of_years(process, tmp_path):
    """None of them can be working any more; an account of a busy trader would never be read to its end."""
    double = process.link.double
    for _ in range(60):
        double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1", type="limit", price="1", time_in_force="gfd")
    double.advance(200 * 86_400)
    resting = double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1", type="limit", price="1", time_in_force="gtc")
    double.advance(80 * 86_400)
    before = double.counts()["requests"]
    second = Process(process.link, tmp_path / "another.db").start()
    assert double.counts()["requests"] - before <= 8
    assert foreign_orders(second.manager) == [resting]
    second.close()
