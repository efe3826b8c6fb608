"""Positions, account and quotes as the gateway reads them."""

from __future__ import annotations

import pytest

from tests.brokers.robinhood.adapter.session import ACCOUNT, order
from tests.brokers.robinhood.adapter.test_gateway import send


def test_positions_show_what_they_cost_after_they_have_settled(link, double):
    double.give_shares(ACCOUNT, "AAPL", "10", "950")
    double.give_shares(ACCOUNT, "F", "0.5", "6")
    double.advance(5 * 86_400)
    held = link.gateway.positions()
    assert held.complete
    assert {(one.symbol, one.quantity_micros, one.cost_micros) for one in held.positions} == {
        ("AAPL", 10_000_000, 950_000_000),
        ("F", 500_000, 6_000_000),
    }


@pytest.mark.parametrize("fault", [{"status": 429, "body": {"detail": "no"}, "times": 9}, {"mangles": "empty", "times": 9}])
def test_positions_that_are_not_shown_are_not_taken_for_none(link, double, fault):
    double.give_shares(ACCOUNT, "AAPL", "10", "950")
    double.fault(method="GET", path="/positions/", **fault)
    held = link.gateway.positions()
    assert (held.complete, held.positions) == (False, ())


def test_the_account_says_what_can_be_spent(link):
    send(link, order(limit_price=100))
    found = link.gateway.account()
    assert (found.account_number, found.cash, found.equity, found.buying_power) == (ACCOUNT, 100_000, 100_000, 99_000)


def test_the_account_says_what_has_not_settled(link, double):
    double.give_shares(ACCOUNT, "AAPL", "10", "950")
    assert link.gateway.account().unsettled_cash == 0
    double.place_by_hand(ACCOUNT, "AAPL", side="sell", quantity="10")
    double.advance(1)
    found = link.gateway.account()
    assert found.unsettled_cash == found.cash - 100_000 > 990
    double.advance(24 * 3_600)
    assert link.gateway.account().unsettled_cash == 0


def test_several_accounts_are_kept_apart(link, double):
    other = "5QR00002"
    double.open_account(other, "777", kind="margin", brokerage_type="joint")
    double.give_shares(other, "F", "7", "70")
    double.place_by_hand(other, "F", side="buy", quantity="1", type="limit", price="1.00")
    placed = send(link, order(limit_price=90)).report.venue_order_id
    assert [one.venue_order_id for one in link.gateway.orders(0).orders] == [placed]
    assert link.gateway.positions().positions == ()
    assert (link.gateway.account().account_number, link.gateway.account().cash) == (ACCOUNT, 100_000)
    assert [(one["account"], one["symbol"]) for one in double.book()["orders"]] == [(other, "F"), (ACCOUNT, "AAPL")]


def test_an_account_that_is_not_shown_is_no_information(link, double):
    double.fault(method="GET", path="/portfolios/*", status=500, times=9)
    assert link.gateway.account() is None


def test_quotes_come_in_one_request_by_their_own_names(link, double):
    before = double.counts()["requests"]
    found = link.gateway.quotes(["ZZZZ", "F", "AAPL"])
    assert double.counts()["requests"] == before + 1
    assert sorted(found) == ["AAPL", "F"]
    assert (found["AAPL"].bid, found["AAPL"].ask) < (found["AAPL"].ask, 101)


def test_quotes_of_many_symbols_come_in_batches(link, double):
    symbols = [f"A{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(160)]
    for symbol in symbols:
        double.list_stock(symbol, "10.00")
    before = double.counts()["requests"]
    assert sorted(link.gateway.quotes(symbols)) == symbols
    assert double.counts()["requests"] == before + 3


@pytest.mark.parametrize("quote", [(None, "101"), ("100", None), ("102", "101")])
def test_a_quote_that_cannot_be_traded_on_is_left_out(link, double, quote):
    double.quote("AAPL", *quote)
    assert "AAPL" not in link.gateway.quotes(["AAPL", "F"])


def test_a_halted_stock_has_no_quote(link, double):
    double.change_stock("AAPL", halted=True)
    assert link.gateway.quotes(["AAPL"]) == {}
