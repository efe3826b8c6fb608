"""What robin_stocks and the venue do with orders that a trading program has to survive; numbers as in docs/robinhood.md."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest

from brokers.robinhood.testing import ACCOUNT
from tests.brokers.robinhood.double.client import FORM, SESSION, helper, orders, pages, posted

ORDERS = "https://api.robinhood.com/orders/"


def states(double):
    return [order["state"] for order in double.book()["orders"]]


def payload(double, **fields):
    """An order form as the web sends it."""
    return {
        "account": f"https://api.robinhood.com/accounts/{ACCOUNT}/",
        "instrument": f"https://api.robinhood.com/instruments/{double.venue.market.listings['AAPL'].id}/",
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "trigger": "immediate",
        "time_in_force": "gfd",
        "market_hours": "regular_hours",
        "quantity": "1",
        "price": "90.00",
        "order_form_version": 7,
        "ref_id": "11111111-1111-4111-8111-111111111111",
        **fields,
    }


def post(double, **fields):
    return SESSION.post(ORDERS, json=payload(double, **fields), headers={"Content-Type": "application/json"}, timeout=5)


def test_trap_02_a_limit_price_of_zero_or_none_becomes_a_market_order(double, client):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    bought = client.order_buy_limit("AAPL", 1, 0, timeInForce="gfd")
    sold = client.order_sell_limit("AAPL", 1, None, timeInForce="gfd")
    assert (bought["price"], sold["type"], sold["price"]) == ("100.00000000", "market", None)
    double.advance(1)
    assert states(double) == ["filled", "filled"]


def test_trap_03_an_answer_that_is_lost_is_none_and_the_order_lives(double, client, adapter):
    double.fault(method="POST", path="/orders/", drops=True)
    assert client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd") is None
    assert states(double) == ["unconfirmed"]
    assert adapter.sent[-1].timeout == 16


def test_trap_04_asking_again_sends_another_ref_id_and_buys_twice(double, client):
    double.fault(method="POST", path="/orders/", drops=True)
    client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    assert len({order["ref_id"] for order in double.book()["orders"]}) == 2


def test_a_ref_id_that_was_seen_is_refused_and_nothing_is_bought_twice(double, client, monkeypatch):
    monkeypatch.setattr(orders, "uuid4", lambda: "22222222-2222-4222-8222-222222222222")
    client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    again = client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    assert again == {"ref_id": ["Order with this ref_id already exists."]}
    assert double.counts()["posts_by_ref"] == {"22222222-2222-4222-8222-222222222222": 2}
    assert len(double.book()["orders"]) == 1


def test_trap_06_a_market_buy_rests_when_the_ask_moves_away(double, client):
    placed = client.order_buy_market("AAPL", 1, timeInForce="gfd")
    double.quote("AAPL", "100.50", "100.60", "100.55")
    double.advance(3600)
    assert client.get_stock_order_info(placed["id"])["state"] == "confirmed"


def test_trap_07_a_buy_stop_has_its_stop_as_limit_and_never_fills_above(double, client, adapter):
    placed = client.order_buy_stop_loss("AAPL", 1, 105)
    assert (posted(adapter)[0]["price"], posted(adapter)[0]["stop_price"]) == ("105.0", "105.0")
    double.advance(1)
    double.trade_at("AAPL", "105.20")
    shown = client.get_stock_order_info(placed["id"])
    assert shown["stop_triggered_at"] is not None
    assert shown["state"] == "confirmed"


@pytest.mark.parametrize("kind", ["percentage", "amount"])
def test_trap_08_every_trailing_stop_is_refused_for_its_form_version(double, client, kind):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    answer = client.order_sell_trailing_stop("AAPL", 1, 5, trailType=kind)
    assert answer["non_field_errors"][0].startswith("Your app version is missing important stock trading updates")


def test_a_trailing_stop_of_a_newer_form_follows_the_price_up_and_sells(double, client):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    peg = {"type": "percentage", "percentage": "5"}
    placed = post(double, side="sell", type="market", trigger="stop", price=None, stop_price="95.00", trailing_peg=peg).json()
    assert placed["trailing_peg"] == peg
    double.advance(1)
    double.trade_at("AAPL", "120.00")
    double.trade_at("AAPL", "114.50")
    assert states(double) == ["confirmed"]
    double.trade_at("AAPL", "113.90")
    assert client.get_stock_order_info(placed["id"])["average_price"] == "113.90000000"


def test_trap_09_a_trailing_stop_is_priced_off_extended_hours(double, client, adapter):
    double.change_stock("AAPL", late_trade="120")
    client.order_sell_trailing_stop("AAPL", 1, 5, extendedHours=False)
    assert posted(adapter)[0]["stop_price"] == 114.0


def test_trap_10_extended_hours_alone_do_not_match_the_market_hours(client):
    answer = client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd", extendedHours=True)
    assert answer == {"non_field_errors": ["Extended hours and market hours mismatch."]}


def test_trap_11_parts_of_a_share_are_cut_off_outside_of_regular_hours(client, adapter):
    kept = client.order("AAPL", 1.9, "buy", 90, None, None, "gfd", extendedHours=True, market_hours="extended_hours")
    gone = client.order("AAPL", 0.5, "buy", 90, None, None, "gfd", extendedHours=True, market_hours="extended_hours")
    assert [one["quantity"] for one in posted(adapter)] == ["1", "0"]
    assert kept["quantity"] == "1.00000000"
    assert gone == {"quantity": ["Ensure this value is greater than 0."]}


def test_trap_12_a_market_sale_is_gtc_by_default_which_is_refused(double, client):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    assert client.order_sell_market("AAPL", 1) == {"non_field_errors": ["Invalid Good Til Canceled order."]}


@pytest.mark.parametrize(
    ("given", "rounded"), [(12.345, 12.35), (2.675, 2.67), (1.005, 1.0), (0.99999, 1.0), (0.123456, 0.1235), (0.01, 0.01)]
)
def test_trap_13_prices_are_rounded_to_the_nearest_float(given, rounded):
    assert helper.round_price(given) == rounded


def test_trap_13_quantities_of_dollar_orders_are_rounded_like_prices(client, adapter):
    client.order_buy_fractional_by_price("AAPL", 333.33)
    client.order_buy_fractional_by_price("AAPL", 25)
    assert [one["quantity"] for one in posted(adapter)] == ["3.33", "0.25"]


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_trap_14_a_limit_order_needs_both_sides_of_the_book(double, client, side):
    double.quote("AAPL", None if side == "bid" else "99", None if side == "ask" else "101")
    with pytest.raises(TypeError, match="NoneType"):
        client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    assert double.counts()["order_posts"] == 0


def test_trap_15_an_unknown_symbol_is_an_index_error(client, adapter):
    with pytest.raises(IndexError):
        client.order_buy_limit("ZZZZ", 1, 90, timeInForce="gfd")
    assert pages(adapter) == ["GET /accounts/", "GET /instruments/"]


def test_trap_16_without_an_account_the_order_is_sent_all_the_same(double, client):
    double.fault(path="/accounts/", status=429, handled="no", body={"detail": "Request was throttled. Expected available in 7 seconds."})
    assert client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd") == {"account": ["This field is required."]}
    assert double.counts()["order_posts"] == 1


def test_trap_17_without_a_number_orders_go_to_whatever_account_is_first(double, client):
    double.open_account("5QR00002", "500", brokerage_type="ira_roth")
    placed = client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    meant = client.order_buy_limit("AAPL", 1, 90, account_number="5QR00002", timeInForce="gfd")
    assert [one["account"][-9:] for one in (placed, meant)] == [f"{ACCOUNT}/", "5QR00002/"]


def test_trap_18_many_functions_know_the_first_account_only(double, client, adapter):
    double.open_account("5QR00002", "500")
    double.give_shares("5QR00002", "AAPL", "3", "270")
    assert client.get_all_positions() == []
    assert client.find_stock_orders() == []
    client.order_sell_trailing_stop("AAPL", 1, 5)
    assert posted(adapter)[0]["account"].endswith(f"/{ACCOUNT}/")


def test_trap_19_a_refusal_is_a_truthy_dict_without_an_id(client):
    answer = client.order_buy_limit("AAPL", 5_000, 90, timeInForce="gfd")
    assert answer
    assert "id" not in answer


def test_trap_20_a_json_post_that_fails_spoils_the_next_form(double, client, adapter):
    double.fault(method="POST", path="/orders/", drops=True, handled="no")
    assert client.order_sell_trailing_stop("AAPL", 1, 5) is None
    assert SESSION.headers["Content-Type"] == "application/json"
    answer = client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    assert adapter.sent[-1].headers["Content-Type"] == "application/json"
    assert answer["detail"].startswith("JSON parse error")
    helper.update_session("Content-Type", FORM)


def test_trap_21_a_cancel_is_falsy_when_it_worked_and_truthy_when_not(double, client, capsys):
    placed = client.order_buy_limit("AAPL", 1, 100, timeInForce="gfd")
    assert client.cancel_stock_order(placed["id"]) == {}
    double.advance(1)
    helper.set_output(None)  # print() then writes to the standard output of the moment
    assert client.cancel_stock_order(placed["id"]) == {"detail": "Order cannot be cancelled at this time."}
    assert f"Order {placed['id']} cancelled" in capsys.readouterr().out


def test_trap_22_a_canceled_order_may_hold_trades(double, client):
    double.plan(rests=True, fill_while_canceling="2")
    placed = client.order_buy_limit("AAPL", 5, 100, timeInForce="gfd")
    double.advance(1)
    client.cancel_stock_order(placed["id"])
    double.advance(1)
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["cumulative_quantity"]) == ("partially_filled_rest_cancelled", "2.00000000")
    assert double.book()["accounts"][ACCOUNT]["shares"] == {"AAPL": 2_000_000}


def test_trap_22_the_last_trade_may_win_against_the_cancel(double, client):
    double.plan(rests=True, fill_while_canceling="5")
    placed = client.order_buy_limit("AAPL", 5, 100, timeInForce="gfd")
    double.advance(1)
    assert client.cancel_stock_order(placed["id"]) == {}
    double.advance(1)
    assert client.get_stock_order_info(placed["id"])["state"] == "filled"


def test_trap_23_an_order_may_be_rejected_after_it_was_accepted(double, client):
    double.plan(rests=True, reject_after=2, reason="Fractional order could not be filled.")
    placed = client.order_buy_limit("AAPL", 5, 100, timeInForce="gfd")
    assert placed["state"] == "unconfirmed"
    double.advance(3)
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["reject_reason"]) == ("rejected", "Fractional order could not be filled.")
    assert double.book()["accounts"][ACCOUNT]["buying_power"] == 100_000_000_000


def test_trap_24_the_state_may_lag_behind_the_trades(double, client):
    double.plan(lag=30)
    placed = client.order_buy_limit("AAPL", 5, 100, timeInForce="gfd")
    double.advance(5)
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["cumulative_quantity"], len(shown["executions"])) == ("unconfirmed", "5.00000000", 1)
    double.advance(30)
    assert client.get_stock_order_info(placed["id"])["state"] == "filled"


def test_trap_45_the_time_of_the_quote_is_local_and_has_no_zone(client, adapter, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    sent = posted(adapter)[0]["bid_ask_timestamp"]
    monkeypatch.delenv("TZ")
    time.tzset()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", sent)
    assert abs((datetime.fromisoformat(sent) - datetime.now()).total_seconds()) > 3600  # noqa: DTZ005 - as the client does


def test_trap_46_what_is_left_of_a_fractional_order_is_canceled_after_five_minutes(double, client):
    double.plan(rests=True)
    placed = client.order_buy_fractional_by_quantity("AAPL", 0.5)
    double.advance(290)
    assert client.get_stock_order_info(placed["id"])["state"] == "confirmed"
    double.advance(11)
    assert client.get_stock_order_info(placed["id"])["state"] == "cancelled"


def test_trap_47_a_dollar_order_outside_of_the_session_is_an_internal_error(double, client):
    dollars = {"type": "market", "quantity": None, "price": None, "dollar_based_amount": {"amount": "25.00", "currency_code": "USD"}}
    assert post(double, **dollars).json()["quantity"] is None
    double.advance(1)
    assert client.get_all_stock_orders()[0]["cumulative_quantity"] == "0.25000000"
    double.move_to("2026-03-02T22:00:00Z")
    answer = post(double, **dollars, ref_id="other")
    assert (answer.status_code, answer.text) == (500, "<h1>Server Error (500)</h1>")


def test_trap_48_stocks_traded_over_the_counter_take_limit_orders_only(double, client):
    double.change_stock("F", otc_tier="OTCQB")
    assert "over-the-counter" in client.order_buy_fractional_by_quantity("F", 0.5)["detail"]
    assert client.order_buy_limit("F", 1, 10, timeInForce="gfd")["state"] == "unconfirmed"


def test_trap_49_a_side_in_capitals_is_sent_as_it_is_and_loses_its_collar(client, adapter):
    assert client.order("AAPL", 1, "BUY", limitPrice=90, timeInForce="gfd") == {"side": ['"BUY" is not a valid choice.']}
    assert "preset_percent_limit" not in posted(adapter)[0]


def test_trap_50_the_venue_may_cancel_orders_by_itself(double, client):
    placed = client.order("AAPL", 1, "buy", 90, None, None, "gtc", extendedHours=True, market_hours="extended_hours")
    double.end_order(placed["id"], "cancelled")
    shown = client.get_stock_order_info(placed["id"])
    assert (shown["state"], shown["user_cancel_request_state"]) == ("cancelled", "no_cancel_requested")


def test_trap_54_a_redirected_order_becomes_a_listing(double, client):
    client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    double.fault(method="POST", path="/orders/", handled="no", status=301, headers={"Location": ORDERS})
    answer = client.order_buy_limit("AAPL", 1, 80, timeInForce="gfd")
    assert [one["price"] for one in answer["results"]] == ["90.00000000"]
    assert len(double.book()["orders"]) == 1


def test_trap_55_a_person_trades_in_the_same_account(double, client):
    mine = client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    theirs = double.place_by_hand(ACCOUNT, "F", side="buy", quantity="7")
    drip = double.place_by_hand(ACCOUNT, "MSFT", agent="drip", side="buy", quantity="0.01")
    double.cancel_by_hand(mine["id"])
    double.advance(1)
    shown = {one["id"]: (one["placed_agent"], one["ref_id"], one["state"]) for one in client.get_all_stock_orders()}
    assert shown[theirs] == ("user", None, "filled")
    assert shown[drip] == ("drip", None, "filled")
    assert shown[mine["id"]] == ("user", mine["ref_id"], "cancelled")
