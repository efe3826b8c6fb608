"""The order manager over the Robinhood gateway and the double: what is lost on the real wire is found, and nothing is sent twice."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.rules import limits
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.ids import Desk
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore
from tests.brokers.robinhood.adapter.session import ACCOUNT, connected
from tests.venue.trader import BUY, HEADER, SELL, Listener, order_of

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
