"""Rows of the fault table that concern a venue, each alone: order manager, gateway, transport and client against the double."""

from __future__ import annotations

import pytest

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble
from framework.domain.order import OrderStatus
from framework.runtime.orders.incidents import Code
from tests.brokers.robinhood.live.weather import ERROR, LOST, NEVER, NO_HINT, PORTAL, SESSION, THROTTLED
from tests.brokers.robinhood.live.world import life, truth_of
from tests.kills.checker import violations
from tests.venue.trader import order_of

S = OrderStatus
REFUSED = {"handled": "no", "status": 400, "body": {"detail": "Not enough buying power."}}
FORBIDDEN = {"handled": "no", "status": 403, "body": {"detail": "Your account is restricted."}}
LONG = {"handled": "no", "status": 429, "body": {"detail": "Request was throttled. Expected available in 1154515 seconds."}}
#: Row, what meets the POST of an order that would fill at once, and where the order is after ten minutes.
ON_THE_WAY = [
    ("B2", {"stalls": 1.5}, S.FILLED),
    ("B3", NEVER, S.UNKNOWN),
    ("B4", {"handled": "later", "later_seconds": 120}, S.FILLED),
    ("B5", {"mangles": "swapped"}, S.FILLED),
    ("B6", THROTTLED, S.FILLED),
    ("B7", NO_HINT, S.FILLED),
    ("B8", LONG, S.EXPIRED),
    ("B9", ERROR, S.FILLED),
    ("B9", {**ERROR, "handled": "no"}, S.UNKNOWN),
    *(("B10", {"mangles": how}, S.FILLED) for how in ("html", "empty", "null", "truncated", "truncated_gzip", "bad_utf8", "nan", "deep")),
    *(("B10", {"mangles": how}, S.FILLED) for how in ("listed", "without_id", "duplicate_keys", "large")),
    ("B11", REFUSED, S.REJECTED),
    ("B13", SESSION, S.FILLED),
    ("B14", FORBIDDEN, S.REJECTED),
    ("B15", PORTAL, S.UNKNOWN),
    ("B20", {"drip": 0.01}, S.FILLED),
]
#: Row, and what is wrong with the listings while the answer of an order that was accepted is lost.
WITHOUT_A_LISTING = [
    ("B16", {"mangles": "no_rows", "times": 3}),
    ("B16", {"handled": "no", "status": 503, "times": 6}),
    ("B17", {"mangles": "endless", "times": 60}),
    ("B17", {"mangles": "without_next", "times": 3}),
    ("B17", {"mangles": "duplicated_rows", "times": 3}),
    ("B17", {"mangles": "reversed_rows", "times": 3}),
    ("B17", {"mangles": "missing_rows", "times": 3}),
    ("B19", {"mangles": "stale", "times": 3}),
]


@pytest.fixture
def double():
    with RobinhoodDouble() as running:
        yield running


@pytest.fixture
def trader(double, tmp_path):
    """Connected and reconciled, with an order of before."""
    with life(double, tmp_path) as one:
        one.start()
        one.place(order_of(1, shares=1, price=50))
        one.look()
        yield one


@pytest.fixture
def agreed(double, tmp_path):
    """In the end the venue and the tape agree, whatever the row was."""
    yield
    assert violations(tmp_path / "tape.db", truth_of(double)) == []


def wait(trader, seconds=600):
    for _ in range(seconds // 20):
        trader.clock.advance(20)
        trader.look()


def status(trader, number=2):
    return trader.manager.get_order(order_of(number).order_id).status


def codes(trader):
    return {Code(one) for one in trader.codes()}


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(("row", "fault", "expected"), ON_THE_WAY, ids=lambda value: value if isinstance(value, str) else None)
def test_an_order_on_a_bad_way(double, trader, row, fault, expected):
    del row
    double.fault(method="POST", path="/orders/", **fault)
    trader.place(order_of(2, shares=4, price=100))
    wait(trader)
    assert status(trader) is expected
    assert set(double.counts()["posts_by_ref"].values()) == {1}


def test_b12_b22_an_order_that_arrives_twice_is_one_order(double, trader):
    double.fault(method="POST", path="/orders/", handled="twice")
    trader.place(order_of(2, shares=4, price=100))
    wait(trader)
    assert status(trader) is S.FILLED
    assert trader.manager.books.shares["AAPL"] == double.book()["accounts"][ACCOUNT]["shares"]["AAPL"] == 4_000_000


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(("row", "fault"), WITHOUT_A_LISTING, ids=lambda value: value if isinstance(value, str) else None)
def test_a_lost_order_is_found_when_listings_can_be_read_again(double, trader, row, fault):
    del row
    double.fault(method="POST", path="/orders/", **LOST)
    trader.place(order_of(2, shares=4, price=100))
    double.fault(method="GET", path="/orders/", **fault)
    wait(trader)
    assert status(trader) is S.FILLED


@pytest.mark.usefixtures("agreed")
def test_b18_a_lost_order_is_found_behind_listings_that_lag(double, trader):
    double.configure(listing_lag=150)
    double.fault(method="POST", path="/orders/", **LOST)
    trader.place(order_of(2, shares=4, price=100))
    wait(trader)
    assert status(trader) is S.FILLED


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(("last", "expected"), [("1", S.CANCELED), ("3", S.FILLED)])
def test_c1_a_cancel_races_with_the_last_trades(double, trader, last, expected):
    double.plan(rests=True, fills=[[1, "1"]], fill_while_canceling=last, cancel_takes=3)
    trader.place(order_of(2, shares=4, price=100))
    wait(trader, 20)
    trader.manager.cancel_order(order_of(2).order_id)
    wait(trader, 60)
    assert status(trader) is expected


@pytest.mark.usefixtures("agreed")
def test_c2_a_trade_after_the_end_is_booked_and_told(double, trader):
    trader.manager.cancel_order(order_of(1).order_id)
    wait(trader, 60)
    assert status(trader, 1) is S.CANCELED
    double.fill(double.book()["orders"][0]["id"], "1", "50.00")
    wait(trader)
    assert Code.LATE_FILL in codes(trader)


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("how", ["stale", "reversed_rows", "duplicated_rows"])
def test_c3_pictures_in_any_order_book_each_trade_once(double, trader, how):
    double.plan(rests=True, fills=[[1, "1"], [30, "1"], [60, "2"]])
    trader.place(order_of(2, shares=4, price=100))
    double.fault(method="GET", path="/orders/", mangles=how, skip=1, times=2)
    wait(trader, 200)
    assert status(trader) is S.FILLED


@pytest.mark.usefixtures("agreed")
def test_c5_a_word_nobody_knows_leaves_the_order_open_and_its_trades_booked(double, trader):
    double.plan(word="a_word_of_tomorrow", rests=True, fills=[[1, "1"]])
    trader.place(order_of(2, shares=4, price=100))
    wait(trader, 100)
    assert Code.UNKNOWN_WORD in codes(trader)
    assert trader.manager.books.shares["AAPL"] == 1_000_000
    assert order_of(2).order_id in trader.manager.books.open


@pytest.mark.usefixtures("agreed")
def test_c6_a_frozen_cancel_waits(double, trader):
    double.change_stock("AAPL", halted=True)
    trader.manager.cancel_order(order_of(1).order_id)
    wait(trader, 200)
    assert status(trader, 1) is S.PENDING_CANCEL
    double.change_stock("AAPL", halted=False)
    wait(trader, 60)
    assert status(trader, 1) is S.CANCELED


@pytest.mark.usefixtures("agreed")
def test_c7_the_end_of_the_day_ends_a_day_order(double, trader):
    double.move_to("2026-03-02T21:00:30Z")
    wait(trader, 60)
    assert status(trader, 1) in {S.CANCELED, S.EXPIRED}


def test_c8_what_a_person_does_is_shown_and_left_alone(double, trader):
    theirs = double.place_by_hand(ACCOUNT, "F", side="buy", quantity="7")
    wait(trader)
    assert all(theirs not in str(one) for one in trader.manager.get_open_orders())
    trader.manager.reconcile()
    trader.manager.reconcile()
    assert Code.POSITION in codes(trader)


@pytest.mark.usefixtures("agreed")
def test_c9_an_order_that_was_changed_is_noticed(double, trader):
    double.plan(price="99.00")
    trader.place(order_of(2, shares=4, price=98))
    wait(trader)
    assert Code.CHANGED_TERMS in codes(trader)


@pytest.mark.parametrize("plan", [{"hide_executions": True}, {"nameless": True}])
def test_c10_trades_without_executions_or_ids_are_booked_once(double, trader, plan):
    double.plan(**plan)
    trader.place(order_of(2, shares=4, price=100))
    wait(trader)
    assert status(trader) is S.FILLED
    assert trader.manager.books.shares["AAPL"] == 4_000_000


@pytest.mark.usefixtures("agreed")
def test_c11_more_than_was_asked_for_is_booked_and_stops_entries(double, trader):
    double.fill(double.book()["orders"][0]["id"], "3", "50.00")
    wait(trader)
    assert Code.OVER_FILLED in codes(trader)
    assert trader.manager.books.shares["AAPL"] == 3_000_000


@pytest.mark.usefixtures("agreed")
def test_c14_a_late_rejection_keeps_what_has_traded(double, trader):
    double.plan(rests=True, fills=[[1, "1"]], reject_after=30)
    trader.place(order_of(2, shares=4, price=100))
    wait(trader)
    assert not trader.manager.get_order(order_of(2).order_id).is_open
    assert trader.manager.books.shares["AAPL"] == 1_000_000


@pytest.mark.usefixtures("agreed")
def test_f1_a_session_that_ends_in_the_middle_is_renewed(double, trader):
    double.expire_tokens()
    trader.place(order_of(2, shares=4, price=100))
    wait(trader)
    assert status(trader) is S.FILLED
    assert trader.manager.is_connected()
