"""An ordinary day with the unmodified client: log in, look, buy, sell, cancel, list."""

from __future__ import annotations

import pyotp
import pytest

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, VirtualClock
from tests.brokers.robinhood.double.client import PASSWORD, SESSION, USER, code_now, helper


def orders(double):
    return double.book()["orders"]


@pytest.mark.usefixtures("adapter")
def test_a_login_with_a_one_time_password_lets_the_client_in(double, tmp_path):
    from robin_stocks import robinhood

    answer = robinhood.login(USER, PASSWORD, mfa_code=code_now(double), pickle_path=str(tmp_path))
    assert answer["refresh_token"]
    assert robinhood.get_open_stock_positions() == []


@pytest.mark.parametrize("seconds", [0, 59, 1_111_111_109, 1_234_567_890, 2_000_000_000])
def test_one_time_passwords_are_those_of_pyotp(seconds):
    from brokers.robinhood.testing.otp import code_at

    example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert code_at(example, seconds) == pyotp.TOTP(example).at(seconds)


def test_a_market_buy_is_sent_as_a_limit_order_and_fills_at_the_ask(double, client):
    double.quote("AAPL", "99.98", "100.02", "100.00")
    placed = client.order_buy_market("AAPL", 5, timeInForce="gfd")
    assert (placed["type"], placed["state"], placed["cumulative_quantity"], placed["average_price"]) == (
        "limit",
        "unconfirmed",
        "0.00000000",
        None,
    )
    double.advance(1)
    after = client.get_stock_order_info(placed["id"])
    assert (after["state"], after["average_price"], after["cancel"]) == ("filled", "100.02000000", None)
    assert double.book()["accounts"][ACCOUNT] == {
        "cash": 99_499_900_000,
        "buying_power": 99_499_900_000,
        "shares": {"AAPL": 5_000_000},
        "cost": {"AAPL": 500_100_000},
        "good_faith_violations": [],
        "interest": 0,
    }


def test_a_limit_order_waits_for_its_price(double, client):
    placed = client.order_buy_limit("AAPL", 3, 99.5, timeInForce="gfd")
    double.advance(60)
    assert client.get_stock_order_info(placed["id"])["state"] == "confirmed"
    double.trade_at("AAPL", "99.40")
    assert client.get_stock_order_info(placed["id"])["average_price"] == "99.40000000"


def test_a_stop_sale_begins_at_its_price_and_sells_at_the_bid(double, client):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    placed = client.order_sell_stop_loss("AAPL", 10, 95, timeInForce="gtc")
    double.advance(1)
    double.quote("AAPL", "95.50", "95.60", "95.55")
    assert client.get_stock_order_info(placed["id"])["state"] == "confirmed"
    double.quote("AAPL", "94.70", "94.90", "94.80")
    after = client.get_stock_order_info(placed["id"])
    assert (after["state"], after["average_price"]) == ("filled", "94.70000000")
    assert after["stop_triggered_at"] is not None


def test_a_stop_limit_sale_does_not_sell_below_its_limit(double, client):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    placed = client.order_sell_stop_limit("AAPL", 10, 94, 95, timeInForce="gtc")
    double.advance(1)
    double.trade_at("AAPL", "93.00")
    assert client.get_stock_order_info(placed["id"])["state"] == "confirmed"
    double.trade_at("AAPL", "94.20")
    assert client.get_stock_order_info(placed["id"])["average_price"] == "94.20000000"


def test_the_fees_of_a_sale_are_taken_from_its_proceeds(double, client):
    double.give_shares(ACCOUNT, "MSFT", "100", "30000")
    client.order_sell_limit("MSFT", 100, 400, timeInForce="gfd")
    double.advance(1)
    order = orders(double)[0]
    assert order["fees"] > 0
    assert double.book()["accounts"][ACCOUNT]["cash"] == 100_000_000_000 + 40_000_000_000 - order["fees"]


def test_the_fees_of_a_sale_are_those_of_the_day_it_trades_on():
    """On 2012-02-21 the SEC's fee fell from 19.20 to 18.00 dollars a million."""
    with RobinhoodDouble(VirtualClock("2012-02-17T22:00:00Z")) as double:
        double.list_stock("IBM", "100.00")
        double.give_shares(ACCOUNT, "IBM", "10000", "900000")
        double.place_by_hand(ACCOUNT, "IBM", side="sell", quantity="10000")
        double.move_to("2012-02-21T15:00:00Z")
        (sale,) = orders(double)
    taf = 900_000  # 0.00009 dollars a share then
    assert sale["fees"] == 18_000_000 + taf


def test_a_cancel_ends_a_little_later_and_twice_is_forbidden(double, client):
    placed = client.order_buy_limit("AAPL", 3, 50, timeInForce="gfd")
    assert client.cancel_stock_order(placed["id"]) == {}
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["cancel"]) == ("pending_cancelled", None)
    assert "already" in client.cancel_stock_order(placed["id"])["detail"]
    double.advance(1)
    assert client.get_stock_order_info(placed["id"])["state"] == "cancelled"
    assert double.book()["accounts"][ACCOUNT]["buying_power"] == 100_000_000_000


def test_orders_are_listed_newest_first_over_several_pages(double, client):
    placed = [client.order_buy_limit("F", 1, 5 + index, timeInForce="gfd")["id"] for index in range(5)]
    double.configure(page_size=2)
    assert [order["id"] for order in client.get_all_stock_orders()] == placed[::-1]
    double.end_order(placed[0], "cancelled")
    assert [order["id"] for order in client.get_all_open_stock_orders()] == placed[:0:-1]


def test_positions_show_what_is_promised_to_open_sales(double, client):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    client.order_sell_stop_loss("AAPL", 7, 95, timeInForce="gtc")
    position = client.get_open_stock_positions()[0]
    assert (position["quantity"], position["shares_held_for_sells"], position["shares_available_for_sells"]) == (
        "10.00000000",
        "7.00000000",
        "3.00000000",
    )
    assert client.order_sell_limit("AAPL", 4, 120, timeInForce="gfd") == {"detail": "Not enough shares to sell."}


def test_open_buys_take_their_money_out_of_the_buying_power(client):
    client.order_buy_limit("AAPL", 900, 99, timeInForce="gfd")
    profile = client.load_account_profile(ACCOUNT)
    assert (profile["cash"], profile["cash_held_for_orders"], profile["buying_power"]) == ("100000.0000", "89100.0000", "10900.0000")
    assert client.order_buy_limit("AAPL", 200, 99, timeInForce="gfd") == {"detail": "Not enough buying power."}


def test_an_order_of_after_hours_is_queued_until_the_next_session(double, client):
    double.move_to("2026-03-06T23:00:00Z")
    placed = client.order_buy_limit("AAPL", 1, 100, timeInForce="gfd")
    assert placed["state"] == "queued"
    double.move_to("2026-03-09T13:00:00Z")
    assert client.get_stock_order_info(placed["id"])["state"] == "queued"
    double.move_to("2026-03-09T13:31:00Z")
    assert client.get_stock_order_info(placed["id"])["state"] == "filled"


def test_an_order_for_the_day_ends_with_the_day(double, client):
    placed = client.order_buy_limit("AAPL", 1, 50, timeInForce="gfd")
    kept = client.order_buy_limit("AAPL", 1, 50, timeInForce="gtc")
    double.move_to("2026-03-02T21:00:01Z")
    assert client.get_stock_order_info(placed["id"])["state"] == "cancelled"
    assert client.get_stock_order_info(kept["id"])["state"] == "confirmed"
    double.move_to("2026-03-03T16:00:00Z")
    double.trade_at("AAPL", "49.00")
    assert client.get_stock_order_info(kept["id"])["state"] == "filled"


def test_pages_hide_nothing_when_orders_come_and_go_between_them(double, client):
    placed = [client.order_buy_limit("F", 1, 5 + index, timeInForce="gfd")["id"] for index in range(4)]
    double.configure(page_size=2)
    first = helper.request_get("https://api.robinhood.com/orders/", "regular", {"is_closed": "false"})
    double.end_order(placed[3], "cancelled")
    client.order_buy_limit("F", 1, 4, timeInForce="gfd")
    second = helper.request_get(first["next"])
    assert [order["id"] for order in first["results"] + second["results"]] == placed[::-1]


def test_positions_come_in_pages_too(double, client):
    for symbol in ("AAPL", "F", "MSFT"):
        double.give_shares(ACCOUNT, symbol, "1", "10")
    double.configure(page_size=2)
    assert [one["symbol"] for one in client.get_open_stock_positions(ACCOUNT)] == ["AAPL", "F", "MSFT"]


def test_only_orders_that_ask_for_it_trade_outside_of_regular_hours(double, client):
    double.move_to("2026-03-02T22:30:00Z")
    late = client.order("AAPL", 1, "buy", 101, None, None, "gfd", extendedHours=True, market_hours="extended_hours")
    plain = client.order_buy_limit("AAPL", 1, 101, timeInForce="gfd")
    double.advance(5)
    assert [client.get_stock_order_info(one["id"])["state"] for one in (late, plain)] == ["filled", "queued"]


def test_an_extended_order_for_the_day_ends_with_the_evening(double, client):
    placed = client.order("AAPL", 1, "buy", 50, None, None, "gfd", extendedHours=True, market_hours="extended_hours")
    double.move_to("2026-03-02T23:59:00Z")
    assert client.get_stock_order_info(placed["id"])["state"] == "confirmed"
    double.move_to("2026-03-03T01:00:01Z")
    assert client.get_stock_order_info(placed["id"])["state"] == "cancelled"


def test_around_the_clock_is_for_stocks_that_may(double, client):
    double.change_stock("F", overnight=False)
    double.move_to("2026-03-03T03:00:00Z")
    night = [client.order(one, 1, "buy", 500, None, None, "gfd", True, market_hours="all_day_hours") for one in ("F", "AAPL")]
    assert "around the clock" in night[0]["detail"]
    double.advance(5)
    assert client.get_stock_order_info(night[1]["id"])["state"] == "filled"


def test_a_large_order_fills_in_parts_as_shares_are_offered(double, client):
    double.quote("AAPL", "99.90", "100.00", "100.00", size=30)
    placed = client.order_buy_limit("AAPL", 100, 100.5, timeInForce="gfd")
    double.advance(1)
    assert client.get_stock_order_info(placed["id"])["state"] == "partially_filled"
    double.quote("AAPL", "100.00", "100.20", "100.10", size=30)
    double.quote("AAPL", "100.00", "100.40", "100.10", size=90)
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["average_price"]) == ("filled", "100.22000000")
    assert [one["quantity"] for one in shown["executions"]] == ["30.00000000", "30.00000000", "40.00000000"]


def test_market_data_has_the_shapes_the_client_reads(double, client):
    bars = [{"begins_at": "2026-02-27T00:00:00Z", "open_price": "1", "close_price": "2", "high_price": "3", "low_price": "1", "volume": 9}]
    double.set_bars("AAPL", "day", bars)
    assert client.get_latest_price("AAPL") == ["100.000000"]
    assert client.get_stock_historicals("AAPL", interval="day", span="week")[0]["close_price"] == "2"
    assert client.get_fundamentals("AAPL")[0]["symbol"] == "AAPL"
    assert client.get_instruments_by_symbols("AAPL")[0]["tradability"] == "tradable"
    assert client.get_market_hours("XNYS", "2026-11-27")["closes_at"] == "2026-11-27T18:00:00Z"
    assert client.get_market_hours("XNYS", "2026-04-03")["is_open"] is False
    assert client.load_portfolio_profile()["equity"] == "100000.0000"


# --- day trades, and proceeds that have not settled


def a_day_trade(double, client, symbol):
    """Ten shares in and out on one day."""
    client.order_buy_market(symbol, 10, timeInForce="gfd")
    double.advance(1)
    sold = client.order_sell_market(symbol, 10, timeInForce="gfd")
    double.advance(1)
    return sold


@pytest.fixture
def protected(double):
    """A small margin account whose owner wants no mark."""
    double.change_account(ACCOUNT, kind="margin", cash=20_000_000_000, day_trades_protection=True)
    for symbol in ("GOOG", "IBM", "KO"):
        double.list_stock(symbol, "50.00")
    return double


def day_trades(client):
    return client.helper.request_get(f"https://api.robinhood.com/accounts/{ACCOUNT}/recent_day_trades/")["equity_day_trades"]


def test_a_fourth_day_trade_in_five_days_is_refused_in_the_venue_s_words(protected, client):
    for symbol in ("GOOG", "IBM", "KO"):
        assert "id" in a_day_trade(protected, client, symbol)
    assert [one["symbol"] for one in day_trades(client)] == ["GOOG", "IBM", "KO"]
    assert a_day_trade(protected, client, "MSFT") == {"detail": "Sell may cause PDT designation."}
    assert a_day_trade(protected, client, "KO").get("id"), "a symbol counts once a day"
    protected.advance(24 * 3_600)
    assert "id" in client.order_sell_market("MSFT", 10, timeInForce="gfd"), "bought yesterday"
    protected.advance(7 * 24 * 3_600)
    client.helper.update_session("Authorization", "Bearer " + protected.issue_token()["access_token"])
    assert day_trades(client) == []


@pytest.mark.parametrize("changes", [{"day_trades_protection": False}, {"kind": "cash"}, {"cash": 40_000_000_000}])
def test_day_trades_are_nobody_s_business_without_protection_without_margin_and_in_a_large_account(protected, client, changes):
    protected.change_account(ACCOUNT, **changes)
    for symbol in ("GOOG", "IBM", "KO", "MSFT"):
        assert "id" in a_day_trade(protected, client, symbol)


def test_after_good_faith_violations_proceeds_are_spent_once_they_have_settled(double, client):
    double.change_account(ACCOUNT, cash=0, settled_only=True)
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    client.order_sell_market("AAPL", 10, timeInForce="gfd")
    double.advance(1)
    assert double.book()["accounts"][ACCOUNT]["cash"] > 900_000_000
    assert client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd") == {"detail": "Not enough buying power."}
    double.advance(24 * 3_600)
    assert "id" in client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")


JSON = {"Content-Type": "application/json"}
REFUSALS = [
    ({"order_form_version": 1}, {}, {}, "Your app version is missing important stock trading updates."),
    ({}, {"locked": True}, {}, "Your account is restricted."),
    ({}, {"deactivated": True}, {}, "Your account is restricted."),
    ({}, {"closing_only": True}, {}, "restricted to closing positions"),
    ({"symbol": "MSFT"}, {}, {}, "Symbol does not match the instrument."),
    ({}, {}, {"tradeable": False}, "This stock is not tradable"),
    ({}, {}, {"closing_only": True}, "This stock is not tradable"),
    ({"market_hours": "all_day_hours", "extended_hours": True}, {}, {"overnight": False}, "cannot be traded around the clock"),
    ({"type": "market", "price": None}, {}, {}, "no price provided"),
    ({"price": None}, {}, {}, "This field is required."),
    ({"trigger": "stop"}, {}, {}, "This field is required."),
    ({"time_in_force": "fok"}, {}, {}, "Invalid time in force fok."),
    ({"price": "99.501"}, {}, {}, "can't have subpenny increments"),
    ({"trigger": "stop", "stop_price": "105.001"}, {}, {}, "can't have subpenny increments"),
    ({"price": "99.52"}, {}, {"min_tick": "0.05"}, "does not satisfy the min tick value"),
    ({"trigger": "stop", "stop_price": "100.00"}, {}, {}, "Stop price has already been reached."),
    ({"quantity": "1.5", "time_in_force": "gtc"}, {}, {}, "invalid time in force for fractional order."),
    ({"quantity": "1.5", "trigger": "stop", "stop_price": "105.00"}, {}, {}, "cannot include fractional shares"),
    ({"quantity": "0.005"}, {}, {}, "Order must be at least $1.00."),
    ({"quantity": "1001", "price": "100.00"}, {}, {}, "Not enough buying power."),
    ({"side": "sell"}, {}, {}, "Not enough shares to sell."),
    ({"side": "short"}, {}, {}, "is not a valid choice."),
    ({"quantity": "-1"}, {}, {}, "greater than 0"),
    ({"quantity": "many"}, {}, {}, "A valid number is required."),
    ({"quantity": None}, {}, {}, "This field is required."),
]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("form", "account", "stock", "words"), REFUSALS, ids=[words[:40] + str(number) for number, (*_, words) in enumerate(REFUSALS)]
)
def test_what_the_venue_does_not_take_it_refuses_in_words(double, form, account, stock, words):
    double.change_account(ACCOUNT, **account)
    double.change_stock("AAPL", **stock)
    ordinary = {
        "account": f"https://api.robinhood.com/accounts/{ACCOUNT}/",
        "instrument": f"https://api.robinhood.com/instruments/{double.venue.market.listings['AAPL'].id}/",
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "trigger": "immediate",
        "time_in_force": "gfd",
        "quantity": "1",
        "price": "99.50",
        "order_form_version": 7,
    }
    answer = SESSION.post("https://api.robinhood.com/orders/", json={**ordinary, **form}, headers=JSON, timeout=5)
    assert (400 <= answer.status_code < 404, words in answer.text) == (True, True), answer.text
    assert double.book()["orders"] == []


def test_a_market_buy_may_cost_five_percent_more_than_the_last_price_and_no_more(double, client):
    account = double.book()["accounts"][ACCOUNT]
    double.quote("AAPL", "100.00", "105.01", "100.00")
    placed = double.place_by_hand(ACCOUNT, "AAPL", side="buy", quantity="10")
    assert double.book()["accounts"][ACCOUNT]["buying_power"] == account["buying_power"] - 1_050_000_000
    double.advance(1)
    assert client.get_stock_order_info(placed)["state"] == "confirmed"
    double.quote("AAPL", "100.00", "105.00")
    shown = client.get_stock_order_info(placed)
    assert (shown["state"], shown["average_price"]) == ("filled", "105.00000000")
