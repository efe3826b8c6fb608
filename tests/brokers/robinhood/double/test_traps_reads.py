"""What robin_stocks makes of answers that are not as they should be; numbers as in docs/robinhood.md."""

from __future__ import annotations

import ast
import importlib.util
import io

import pytest
import requests

from brokers.robinhood.testing import ACCOUNT
from tests.architecture.source import sources
from tests.brokers.robinhood.double.client import SESSION, helper, pages, stocks

THROTTLED = {"detail": "Request was throttled. Expected available in 7 seconds."}
ERRORS = [401, 403, 404, 429, 500, 503]


@pytest.mark.parametrize("status", ERRORS)
def test_trap_01_any_failure_reads_as_an_empty_account(double, client, status):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd")
    double.fault(method="GET", handled="no", status=status, body=THROTTLED, times=2)
    assert client.get_open_stock_positions() == []
    assert client.get_all_stock_orders() == []


def test_trap_05_reads_wait_for_ever(client, adapter):
    client.get_open_stock_positions()
    client.get_all_stock_orders()
    assert [one.timeout for one in adapter.sent] == [None, None]


def test_trap_25_a_list_is_cut_short_when_a_later_page_fails(double, client):
    for limit in range(5, 10):
        client.order_buy_limit("F", 1, limit, timeInForce="gfd")
    double.configure(page_size=2)
    double.fault(path="/orders/", query="cursor=", status=500, handled="no")
    assert len(client.get_all_stock_orders()) == 2
    assert len(client.get_all_stock_orders()) == 5


def test_trap_26_open_orders_are_found_by_walking_the_whole_past(double, client, adapter):
    for limit in range(5, 10):
        double.end_order(client.order_buy_limit("F", 1, limit, timeInForce="gfd")["id"], "cancelled")
    double.configure(page_size=2)
    adapter.sent.clear()
    assert client.get_all_open_stock_orders() == []
    assert len(adapter.sent) == 3
    double.fault(path="/orders/", handled="no", status=429, body=THROTTLED)
    with pytest.raises(TypeError):
        client.get_all_open_stock_orders()


def test_open_orders_can_be_asked_for(double, client):
    gone = client.order_buy_limit("F", 1, 5, timeInForce="gfd")["id"]
    left = client.order_buy_limit("F", 1, 6, timeInForce="gfd")["id"]
    double.end_order(gone, "cancelled")
    for closed, expected in (("false", [left]), ("true", [gone])):
        answer = helper.request_get("https://api.robinhood.com/orders/", "regular", {"is_closed": closed}, jsonify_data=False)
        assert [one["id"] for one in answer.json()["results"]] == expected


def test_trap_27_one_failure_makes_a_symbol_unknown_for_good(double, client):
    url = f"https://api.robinhood.com/instruments/{double.venue.market.listings['F'].id}/"
    double.fault(path="/instruments/*", handled="no", status=429, body=THROTTLED)
    assert client.get_symbol_by_url(url) == ""
    assert client.get_symbol_by_url(url) == ""
    stocks.get_symbol_by_url.cache_clear()
    assert client.get_symbol_by_url(url) == "F"


def test_trap_28_prices_lose_their_symbols_when_one_is_unknown(double, client):
    assert client.get_latest_price(["ZZZZ", "AAPL", "F"]) == ["100.000000", "12.000000"]
    double.fault(path="/fundamentals/", mangles="reversed_rows")
    assert [one["symbol"] for one in client.get_fundamentals(["AAPL", "F"])] == ["AAPL", "F"]


def test_trap_29_the_price_of_last_night_is_preferred_in_the_session(double, client):
    double.change_stock("AAPL", late_trade="91", halted=True)
    double.quote("AAPL", None, None)
    assert client.get_latest_price("AAPL") == ["91.000000"]
    quote = client.get_quotes("AAPL")[0]
    assert (quote["bid_price"], quote["ask_price"], quote["trading_halted"]) == (None, None, True)


def test_trap_38_an_expired_token_reads_as_an_empty_account_of_one_logged_in(double, client):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    assert len(client.get_open_stock_positions()) == 1
    double.expire_tokens()
    assert client.get_open_stock_positions() == []
    assert client.get_stock_order_info("any") is None
    assert helper.LOGGED_IN


def test_trap_39_how_long_to_wait_is_lost(double, client):
    double.throttle(2, hint=True)
    answers = [client.load_account_profile(ACCOUNT) for _ in range(2)]
    assert answers[1] is None
    answer = helper.request_get("https://api.robinhood.com/quotes/", "regular", {"symbols": "F"}, jsonify_data=False)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    assert answer.json() == {"detail": "Request was throttled. Expected available in 15 seconds."}
    double.advance(16)
    assert client.get_latest_price("F") == ["12.000000"]


def test_trap_40_a_page_of_maintenance_raises_or_is_none(double, client):
    double.fault(path="/orders/*", mangles="html", times=2)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.get_all_stock_orders()
    assert client.order_buy_limit("AAPL", 1, 90, timeInForce="gfd") is None
    assert len(double.book()["orders"]) == 1


def test_trap_41_brotli_is_asked_for_and_not_understood(double, client, adapter):
    double.fault(path="/quotes/", mangles="brotli")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.get_quotes("AAPL")
    assert "br" in adapter.sent[0].headers["Accept-Encoding"].split(",")


def test_trap_42_addresses_with_account_numbers_are_printed(double, client):
    said = io.StringIO()
    helper.set_output(said)
    double.fault(path="/positions/", handled="no", status=429, body=THROTTLED)
    client.get_open_stock_positions(ACCOUNT)
    assert ACCOUNT in said.getvalue()


def test_trap_43_dead_modules_can_be_imported_and_nothing_of_ours_does():
    assert importlib.util.find_spec("robin_stocks.orders") is not None
    nodes = [node for source in sources() for node in ast.walk(source.tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    of_client = {name for name in names if name.startswith("robin_stocks")}
    assert {name for name in of_client if not name.startswith("robin_stocks.robinhood")} == set()


def test_trap_44_the_average_price_of_settled_shares_is_zero(double, client):
    double.give_shares(ACCOUNT, "AAPL", "5", "450")
    position = client.get_open_stock_positions()[0]
    assert (position["average_buy_price"], position["clearing_average_cost"]) == ("0.0000", "90.00000000")


def test_trap_51_dead_addresses_answer_nothing(client):
    assert client.get_historical_portfolio() == [None]
    assert helper.request_get(f"https://api.robinhood.com/portfolios/historicals/{ACCOUNT}/") is None
    assert client.load_phoenix_account() is None
    assert client.get_wire_transfers() == []


def test_trap_53_a_search_rewrites_quantities_as_floats(client):
    client.order_buy_limit("AAPL", 3, 90, timeInForce="gfd")
    assert client.find_stock_orders(side="buy")[0]["quantity"] == "3.0"


def test_an_account_without_a_slash_is_found_by_a_redirect(client, adapter):
    assert client.load_account_profile(ACCOUNT)["account_number"] == ACCOUNT
    assert pages(adapter) == [f"GET /accounts/{ACCOUNT}", f"GET /accounts/{ACCOUNT}/"]


def test_the_session_leads_nowhere_else(client):
    del client
    from framework.errors import SafetyError

    with pytest.raises(SafetyError, match="goes nowhere else"):
        SESSION.get("https://robinhood.example.com/")
