"""Orders and listings through the real client, against the double."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.robinhood.reading import STATES, state_of, venue_order
from framework.domain.order import ApprovedOrder, OrderStatus, OrderType, TrailType
from framework.domain.venue_order import OutcomeKind
from framework.errors import AuthenticationError, BrokerError, SafetyError
from tests.brokers.robinhood.adapter.session import ACCOUNT, SECOND, Link, connected, order

REF = "6f0f9c3a-0f57-5d0e-9d0a-000000000001"


def send(link, asked, ref=REF, seconds=60.0):
    return link.gateway.send(ApprovedOrder(asked), ref, asked.quantity_micros, link.deadline(seconds))


def test_a_limit_order_is_one_post_and_its_answer_shows_it(link, double):
    outcome = send(link, order(limit_price=99.5))
    assert outcome.kind is OutcomeKind.ACCEPTED
    shown = outcome.report
    assert (shown.client_id, shown.symbol, shown.quantity_micros, shown.limit_micros) == (REF, "AAPL", 10_000_000, 99_500_000)
    assert double.counts()["posts_by_ref"] == {REF: 1}
    assert link.gateway.order(shown.venue_order_id).status is OrderStatus.ACCEPTED


def test_the_second_order_of_a_symbol_is_one_request(link, double):
    send(link, order(limit_price=99.5))
    before = double.counts()["requests"]
    assert send(link, order(limit_price=99.4), REF[:-1] + "2").kind is OutcomeKind.ACCEPTED
    assert double.counts()["requests"] == before + 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"side": "buy", "order_type": "market"}, (OrderType.LIMIT, 105_000_000, None)),
        ({"side": "sell", "order_type": "market"}, (OrderType.MARKET, None, None)),
        ({"side": "buy", "limit_price": 99.5}, (OrderType.LIMIT, 99_500_000, None)),
        ({"side": "sell", "limit_price": 101.25}, (OrderType.LIMIT, 101_250_000, None)),
        ({"side": "sell", "order_type": "stop_loss", "stop_price": 95}, (OrderType.STOP_LOSS, None, 95_000_000)),
        ({"side": "buy", "order_type": "stop_loss", "stop_price": 105}, (OrderType.STOP_LIMIT, 110_250_000, 105_000_000)),
        ({"side": "sell", "order_type": "stop_limit", "stop_price": 95, "limit_price": 94}, (OrderType.STOP_LIMIT, 94_000_000, 95_000_000)),
        ({"side": "sell", "order_type": "trailing_stop", "trail_amount": 5}, (OrderType.TRAILING_STOP, None, 95_000_000)),
        (
            {"side": "sell", "order_type": "trailing_stop", "trail_amount": 3, "trail_type": "amount"},
            (OrderType.TRAILING_STOP, None, 97_000_000),
        ),
        ({"side": "buy", "order_type": "trailing_stop", "trail_amount": 5}, (OrderType.TRAILING_STOP, None, 105_000_000)),
    ],
)
def test_every_order_type_is_accepted_as_it_was_meant(link, double, asked, expected):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    outcome = send(link, order(**asked))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.reason
    shown = outcome.report
    assert (shown.order_type, shown.limit_micros, shown.stop_micros) == expected


def test_a_trailing_stop_says_its_distance(link, double):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    shown = send(link, order("sell", order_type="trailing_stop", trail_amount=5)).report
    assert (shown.trail_micros, shown.trail_type) == (5_000_000, TrailType.PERCENTAGE)
    double.advance(1)
    double.trade_at("AAPL", "110")
    double.trade_at("AAPL", "104")
    assert link.gateway.order(shown.venue_order_id).status is OrderStatus.FILLED


def test_a_trailing_stop_that_has_moved_is_told_on_the_tick_away_from_the_market(link, double):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    moved = order("sell", order_type="trailing_stop", trail_amount=5)
    moved.stop_micros = 96_123_456
    assert send(link, moved).report.stop_micros == 96_120_000


def test_parts_of_a_share_are_bought_for_the_day(link):
    outcome = send(link, order(quantity=0.123456, order_type="market", force="day"))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.reason
    assert outcome.report.quantity_micros == 123_456


@pytest.mark.parametrize("word", ["untradable", "position_closing_only"])
def test_parts_of_a_share_that_the_venue_does_not_sell_are_not_asked_for(link, double, word):
    double.change_stock("AAPL", fractional=word)
    outcome = send(link, order(quantity=0.5, order_type="market", force="day"))
    assert (outcome.kind, double.counts()["order_posts"]) == (OutcomeKind.NOT_SENT, 0)
    assert "whole shares of it only" in outcome.reason
    assert send(link, order(quantity=2, order_type="market", force="day")).kind is OutcomeKind.ACCEPTED


def test_parts_that_are_held_may_be_sold_where_positions_are_closed_only(link, double):
    double.give_shares(ACCOUNT, "AAPL", "0.5", "45")
    double.change_stock("AAPL", fractional="position_closing_only")
    assert send(link, order("sell", quantity=0.5, order_type="market", force="day")).kind is OutcomeKind.ACCEPTED


def test_a_symbol_is_asked_for_again_after_half_a_day_and_a_failure_is_not_kept(link, double):
    double.fault(method="GET", path="/instruments/", times=9, status=500, handled="no")
    assert send(link, order(limit_price=90)).kind is OutcomeKind.NOT_SENT
    double.clear_faults()
    assert send(link, order(limit_price=90)).kind is OutcomeKind.ACCEPTED
    double.advance(13 * 3_600)
    double.change_stock("AAPL", tradeable=False)
    link.session.tick()
    outcome = send(link, order(limit_price=90), REF[:-1] + "2")
    assert (outcome.kind, outcome.reason) == (OutcomeKind.NOT_SENT, "AAPL cannot be bought at Robinhood now")


def test_an_order_for_extended_hours_says_so_in_both_fields(link):
    assert send(link, order(limit_price=99, extended_hours=True)).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"limit_price": 99, "force": "ioc"}, "no limit order ioc"),
        ({"limit_price": 99, "symbol": "ZZZZ"}, "did not name its instrument"),
    ],
)
def test_what_the_venue_has_not_is_not_sent(link, double, asked, words):
    outcome = send(link, order(**asked))
    assert outcome.kind is OutcomeKind.NOT_SENT
    assert words in outcome.reason
    assert double.counts()["order_posts"] == 0


def test_a_refusal_carries_the_venue_words(link):
    outcome = send(link, order("sell", limit_price=101))
    assert (outcome.kind, outcome.report) == (OutcomeKind.REJECTED, None)
    assert "Not enough shares to sell." in outcome.reason


def test_the_same_id_again_is_known_there(link, double):
    send(link, order(limit_price=99.5))
    assert send(link, order(limit_price=99.5)).kind is OutcomeKind.EXISTS
    assert len(double.book()["orders"]) == 1


def test_a_cancel_is_accepted_and_a_second_one_refused(link, double):
    number = send(link, order(limit_price=99.5)).report.venue_order_id
    assert link.gateway.cancel(number).kind is OutcomeKind.ACCEPTED
    assert link.gateway.cancel(number).kind is OutcomeKind.REJECTED
    double.advance(60)
    assert link.gateway.order(number).status is OrderStatus.CANCELED
    assert link.gateway.cancel("00000000-0000-0000-0000-000000000000").kind is OutcomeKind.REJECTED


def test_fills_are_executions_with_their_ids(link, double):
    number = send(link, order(limit_price=99.5)).report.venue_order_id
    first = double.fill(number, "4", "99.5")
    second = double.fill(number, "6", "99.4")
    shown = link.gateway.order(number)
    assert (shown.status, shown.cumulative_micros, shown.average_micros) == (OrderStatus.FILLED, 10_000_000, 99_440_000)
    assert {(one.execution_id, one.quantity_micros, one.price_micros) for one in shown.executions} == {
        (first, 4_000_000, 99_500_000),
        (second, 6_000_000, 99_400_000),
    }


def placed(link, count):
    return [send(link, order(limit_price=90), f"{REF[:-2]}{number + 10:02d}").report.venue_order_id for number in range(count)]


def test_a_listing_is_all_pages_of_all_orders_whoever_placed_them(link, double):
    double.configure(page_size=3)
    mine = placed(link, 7)
    foreign = double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1", type="limit", price="10")
    listing = link.gateway.orders(0)
    assert (listing.complete, listing.reason) == (True, "")
    assert {one.venue_order_id for one in listing.orders} == {*mine, foreign}
    assert {one.symbol for one in listing.orders} == {"AAPL", "F"}


def test_a_listing_begins_where_it_is_asked_to(link, double):
    placed(link, 2)
    double.advance(100)
    since = double.venue.clock.now()
    double.advance(1)
    late = send(link, order(limit_price=80), REF).report.venue_order_id
    assert [one.venue_order_id for one in link.gateway.orders(since).orders] == [late]


@pytest.mark.parametrize(
    "fault",
    [
        {"query": "cursor", "status": 503, "times": 9},
        {"status": 401, "body": {"detail": "no"}, "times": 9},
        {"mangles": "endless", "times": 9},
        {"mangles": "foreign_next", "times": 9},
        {"mangles": "without_next", "times": 9},
        {"mangles": "truncated", "times": 9},
        {"mangles": "html", "times": 9},
        {"mangles": "null", "times": 9},
        {"mangles": "nan", "times": 9},
        {"mangles": "deep", "times": 9},
        {"mangles": "bad_utf8", "times": 9},
        {"mangles": "large", "times": 9},
        {"mangles": "truncated_gzip", "times": 9},
        {"drops": True, "times": 9},
    ],
    ids=lambda fault: fault.get("mangles") or str(fault.get("status", "drops")),
)
def test_a_listing_with_anything_wrong_in_it_is_no_information(link, double, fault):
    double.configure(page_size=3)
    placed(link, 5)
    double.fault(method="GET", path="/orders/", **fault)
    listing = link.gateway.orders(0)
    assert not listing.complete
    assert listing.reason


@pytest.mark.parametrize("mangles", ["duplicated_rows", "reversed_rows"])
def test_rows_twice_or_in_another_order_change_nothing(link, double, mangles):
    mine = placed(link, 5)
    double.fault(method="GET", path="/orders/", mangles=mangles)
    listing = link.gateway.orders(0)
    assert listing.complete
    assert sorted(one.venue_order_id for one in listing.orders) == sorted(mine)


def test_a_passing_trouble_is_read_past(link, double):
    mine = placed(link, 2)
    double.fault(method="GET", path="/orders/", status=503, times=2)
    assert len(link.gateway.orders(0).orders) == len(mine)


@pytest.mark.parametrize("mangles", ["duplicate_keys", "without_id", "listed", "null", "empty", "truncated", "brotli"])
def test_an_order_that_cannot_be_read_for_sure_is_no_information(link, double, mangles):
    number = placed(link, 1)[0]
    double.fault(method="GET", path="/orders/*/", mangles=mangles, times=9)
    assert link.gateway.order(number) is None


def test_a_compressed_answer_is_read(link, double):
    number = placed(link, 1)[0]
    double.fault(method="GET", path="/orders/*/", mangles="gzip")
    assert link.gateway.order(number).venue_order_id == number


def test_an_order_in_the_answer_to_another_is_no_information(link, double):
    first, second = placed(link, 2)
    link.gateway.order(second)
    double.fault(method="GET", path="/orders/*/", mangles="swapped", times=1)
    assert link.gateway.order(first) is None


def test_nothing_is_bought_while_trading_is_halted_and_what_is_held_may_be_sold(link, double):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    double.change_stock("AAPL", halted=True)
    link.gateway.quotes(["AAPL"])
    outcome = send(link, order(limit_price=99.5))
    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "trading in AAPL is halted" in outcome.reason
    assert send(link, order("sell", limit_price=101)).kind is OutcomeKind.ACCEPTED
    double.change_stock("AAPL", halted=False)
    link.gateway.quotes(["AAPL"])
    assert send(link, order(limit_price=99.5), REF[:-1] + "2").kind is OutcomeKind.ACCEPTED


def test_a_market_buy_without_a_quote_is_not_sent(link, double):
    double.quote("AAPL", "100", None)
    outcome = send(link, order(order_type="market"))
    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "needs a quote" in outcome.reason


def test_the_account_of_the_config_has_to_be_there(double, tmp_path):
    link = Link(double, tmp_path)
    link.give_tokens()
    link.gateway._number = "5QR09999"
    with pytest.raises(SafetyError, match="not one of this login"):
        link.gateway.connect()
    assert not link.gateway.is_connected()
    link.close()


@pytest.mark.parametrize("change", [{"locked": True}, {"deactivated": True}])
def test_an_account_that_may_not_trade_is_not_traded(double, tmp_path, change):
    double.change_account(ACCOUNT, **change)
    with pytest.raises(SafetyError, match="may not trade"), connected(double, tmp_path):
        pass


def test_a_venue_that_is_down_is_said_so(double, tmp_path):
    double.fault(path="/accounts/*", status=503, times=99)
    with pytest.raises(BrokerError, match="did not show the account"), connected(double, tmp_path):
        pass


def test_without_a_login_nothing_is_connected(double, tmp_path):
    link = Link(double, tmp_path)
    with pytest.raises(AuthenticationError, match="run `onetape login`"):
        link.gateway.connect()
    link.close()


@pytest.mark.parametrize("word", sorted(STATES))
def test_every_state_has_its_meaning(word):
    assert state_of(word, 0) in OrderStatus
    assert state_of(word, 1_000_000) is not OrderStatus.REJECTED


def test_a_word_nobody_knows_is_alerted_and_counts_as_working(link, double):
    number = send(link, order(limit_price=99.5)).report.venue_order_id
    double.venue.book.orders[number].plan = double.venue.book.orders[number].plan.__class__(word="marinating")
    double.advance(60)
    shown = link.gateway.order(number)
    assert (shown.word, shown.status) == ("marinating", None)
    assert "a word nobody knows" in link.alerts[-1]


GOOD = {
    "id": "o", "ref_id": None, "state": "confirmed", "side": "buy", "type": "limit", "trigger": "immediate", "time_in_force": "gfd",
    "quantity": "1.00000000", "cumulative_quantity": "0", "price": "9.5", "stop_price": None, "average_price": None, "executions": [],
    "created_at": "2026-03-02T15:00:00Z", "updated_at": "2026-03-02T15:00:00.5Z",
}  # fmt: skip
junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([1]) | st.just({"type": "x"})


@given(st.sampled_from(sorted(GOOD)), junk)
def test_an_order_with_a_strange_field_is_read_or_refused_and_breaks_nothing(name, value):
    try:
        read = venue_order({**GOOD, name: value}, "AAPL")
    except ValueError:
        return
    assert isinstance(read.quantity_micros, int)
    assert read.created_at % SECOND >= 0


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), junk))
def test_no_order_breaks_the_reader(shown):
    try:
        venue_order(shown, "AAPL")
    except ValueError:
        return
