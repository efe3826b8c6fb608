"""What the venue does with money: orders in dollars, what is not paid for, what is borrowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.robinhood.testing import ACCOUNT
from brokers.robinhood.testing.goodfaith import GoodFaith, paid_at
from brokers.robinhood.testing.interest import Loan
from framework.domain.values import MICRO
from framework.rules.account import goodfaith as ours
from tests.brokers.robinhood.double.client import SESSION

DAY = 86_400


def account(double):
    return double.book()["accounts"][ACCOUNT]


def send(double, amount="25.00", **fields):
    """An order in dollars, as the web sends it."""
    form = {
        "account": f"https://api.robinhood.com/accounts/{ACCOUNT}/",
        "instrument": f"https://api.robinhood.com/instruments/{double.venue.market.listings['AAPL'].id}/",
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "trigger": "immediate",
        "time_in_force": "gfd",
        "market_hours": "regular_hours",
        "dollar_based_amount": {"amount": amount, "currency_code": "USD"},
        "order_form_version": 7,
        **fields,
    }
    return SESSION.post("https://api.robinhood.com/orders/", json=form, headers={"Content-Type": "application/json"}, timeout=5)


# --- orders in dollars


def test_an_order_in_dollars_knows_its_shares_once_it_has_traded(double, client):
    double.quote("AAPL", "99.99", "100.03", "100.00")
    placed = send(double).json()
    assert (placed["quantity"], placed["price"], placed["dollar_based_amount"]["amount"]) == (None, None, "25.00000000")
    double.advance(1)
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["quantity"]) == ("filled", "0.24992500")
    assert account(double)["cash"] == 100_000 * MICRO - 24_999_998


@pytest.mark.usefixtures("client")
def test_an_order_in_dollars_keeps_its_dollars_back(double):
    double.quote("AAPL", None, None)
    send(double)
    assert account(double)["buying_power"] == (100_000 - 25) * MICRO


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount": "0.99"}, "Order must be at least $1.00."),
        ({"amount": "100000.01"}, "Not enough buying power."),
        ({"amount": "0"}, "above 0"),
        ({"amount": "-5"}, "above 0"),
        ({"quantity": "1"}, "a quantity or an amount"),
        ({"type": "limit", "price": "100.00"}, "must be market orders"),
        ({"trigger": "stop", "stop_price": "110.00"}, "must be market orders"),
        ({"time_in_force": "gtc"}, "Invalid Good Til Canceled order."),
        ({"market_hours": "extended_hours", "extended_hours": True}, "Only limit orders"),
        ({"side": "sell"}, "Not enough shares to sell."),
    ],
)
def test_orders_in_dollars_are_refused_where_the_venue_has_none(double, fields, words):
    answer = send(double, **fields)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert double.book()["orders"] == []


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("rules", "side", "status"),
    [
        ({"fractional": "untradable"}, "buy", 400),
        ({"fractional": "position_closing_only"}, "buy", 400),
        ({"fractional": "position_closing_only"}, "sell", 201),
        ({"otc_tier": "OTCQB"}, "buy", 400),
    ],
)
def test_orders_in_dollars_are_for_stocks_that_come_in_parts(double, rules, side, status):
    double.give_shares(ACCOUNT, "AAPL", "3", "270")
    double.change_stock("AAPL", **rules)
    assert send(double, side=side).status_code == status


# --- good faith


def trade(double, client, side, shares):
    placed = getattr(client, f"order_{side}_market")("AAPL", shares, timeInForce="gfd")
    double.advance(1)
    assert client.get_stock_order_info(placed["id"])["state"] == "filled"


@pytest.fixture
def round_trips(double, client):
    """A cash account whose money is all in shares; each day sells them, buys again at once, and sells that."""

    def play(days):
        for _ in range(days):
            double.change_account(ACCOUNT, cash=0)
            double.give_shares(ACCOUNT, "AAPL", "10", "900")
            client.helper.update_session("Authorization", "Bearer " + double.issue_token()["access_token"])
            trade(double, client, "sell", 10)
            trade(double, client, "buy", 9)
            trade(double, client, "sell", 9)
            double.advance(DAY)

    return play


def test_what_is_sold_before_it_is_paid_for_breaks_good_faith(double, round_trips):
    round_trips(1)
    assert [symbol for _, symbol, _ in account(double)["good_faith_violations"]] == ["AAPL"]


def test_what_is_sold_once_it_is_paid_for_does_not(double, client):
    double.change_account(ACCOUNT, cash=0)
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    trade(double, client, "sell", 10)
    trade(double, client, "buy", 9)
    double.advance(DAY)
    trade(double, client, "sell", 9)
    assert account(double)["good_faith_violations"] == []


def test_settled_money_and_margin_accounts_break_nothing(double, client):
    trade(double, client, "buy", 10)
    trade(double, client, "sell", 10)
    assert account(double)["good_faith_violations"] == []
    double.change_account(ACCOUNT, kind="margin", cash=0, margin=0)
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    for side in ("sell", "buy", "sell"):
        trade(double, client, side, 9)
    assert account(double)["good_faith_violations"] == []


def test_after_the_third_in_a_year_only_settled_cash_is_spent_for_ninety_days(double, client, round_trips):
    round_trips(2)
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    trade(double, client, "sell", 5)
    assert account(double)["buying_power"] == account(double)["cash"]
    round_trips(1)
    assert len(account(double)["good_faith_violations"]) == 3
    settled = account(double)["cash"]
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    trade(double, client, "sell", 10)
    assert account(double)["buying_power"] == settled < account(double)["cash"]
    shares = settled // (90 * MICRO) + 1
    assert client.order_buy_limit("AAPL", shares, 90, timeInForce="gfd") == {"detail": "Not enough buying power."}
    double.advance(91 * DAY)
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    client.helper.update_session("Authorization", "Bearer " + double.issue_token()["access_token"])
    trade(double, client, "sell", 1)
    assert account(double)["buying_power"] == account(double)["cash"]


trades = st.lists(st.tuples(st.sampled_from("AB"), st.integers(-20, 20), st.booleans()), min_size=1, max_size=40)


@given(trades)
def test_the_venue_and_the_limits_count_the_same_violations(steps):
    """Two that do not know each other: the double by moments and the settled balance, our rule by days and the sales spent."""
    theirs, rule, cash = GoodFaith(), ours.GoodFaith(), 1_000 * MICRO
    held, unsettled, days, day = {"A": 0, "B": 0}, [], [0], 0
    for number, (symbol, size, ends) in enumerate(steps):
        value = abs(size) * 30 * MICRO
        if size > 0 and value <= cash:
            rule.bought(symbol, size, value, cash)
            cash -= value
            theirs.took_in(symbol, size, paid_at(cash, unsettled, day))
            held[symbol] += size
        elif 0 < -size <= held[symbol]:
            if theirs.gave_away(symbol, -size, day):
                theirs.broken(day, symbol, str(number))
            rule.sold(symbol, -size, value, 20_000 + day, str(number))
            unsettled.append((day + 1, value))
            cash += value
            held[symbol] += size
        if ends:
            day += 1
            days.append(day)
            rule.settle(20_000 + day, np.array(days, dtype=np.int64) + 20_000)
    assert [one.timestamp + 20_000 for one in theirs.violations] == rule.violations


# --- interest


def test_what_is_borrowed_costs_interest_every_thirty_days(double, client):
    double.change_account(ACCOUNT, kind="margin", cash=10_000 * MICRO, margin=20_000 * MICRO)
    double.lend(ACCOUNT, "0.05", "1000")
    trade(double, client, "buy", 140)
    before = account(double)["cash"]
    double.advance(29 * DAY)
    assert account(double)["cash"] == before
    double.advance(3 * DAY)
    client.helper.update_session("Authorization", "Bearer " + double.issue_token()["access_token"])
    # 3,000 dollars beyond what is free; the purchase settles on the second day
    charged = round(3_000 * MICRO * 29 * 0.05 / 360)
    assert before - account(double)["cash"] == account(double)["interest"] == charged
    (row,) = client.get_margin_interest()
    assert float(row["amount"]) == pytest.approx(charged / MICRO, abs=0.01)


@pytest.mark.parametrize("terms", [("much",), ("0.05", "all"), ("0.05", "0", 0)])
def test_terms_that_are_none_are_refused(double, terms):
    with pytest.raises(ValueError, match="no terms of a loan"):
        double.lend(ACCOUNT, *terms)


def test_cash_borrows_nothing():
    loan = Loan(rate=50_000, billing_days=1)
    assert loan.day_ends(5 * MICRO, 0) == 0
    assert loan.charges == []


@given(st.integers(0, 10**12), st.integers(0, 200_000), st.integers(1, 40))
def test_interest_of_a_debt_that_stands_is_simple(debt, rate, days):
    loan = Loan(rate, billing_days=days)
    charged = sum(loan.day_ends(-debt, day) for day in range(days))
    assert abs(charged - debt * rate * days / (360 * MICRO)) <= 1
