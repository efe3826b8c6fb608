"""The double's faults, row by row of the fault table of docs/robinhood.md: what a client sees, and what is true."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, redirect
from brokers.robinhood.testing.certificates import make_certificates
from brokers.robinhood.testing.mangling import BYTES
from tests.brokers.robinhood.double.client import SESSION

pytestmark = pytest.mark.usefixtures("client")
ORDERS = "https://api.robinhood.com/orders/"


def buy(double, ref_id="one", timeout=5, **fields):
    """Place a limit buy of one share that rests, as JSON."""
    form = {
        "account": f"https://api.robinhood.com/accounts/{ACCOUNT}/",
        "instrument": f"https://api.robinhood.com/instruments/{double.venue.market.listings['AAPL'].id}/",
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "trigger": "immediate",
        "time_in_force": "gfd",
        "quantity": "4",
        "price": "90.00",
        "order_form_version": 7,
        "ref_id": ref_id,
    }
    return SESSION.post(ORDERS, json=form | fields, headers={"Content-Type": "application/json"}, timeout=timeout, allow_redirects=False)


def read(path, timeout=5):
    return SESSION.get(f"https://api.robinhood.com{path}", timeout=timeout, allow_redirects=False)


def refs(double):
    return [order["ref_id"] for order in double.book()["orders"]]


def lost(double, ref_id="one"):
    with pytest.raises(requests.exceptions.ConnectionError):
        buy(double, ref_id)


def test_b1_nothing_listens(double):
    double.close()
    lost(double)
    assert refs(double) == []


def test_b2_the_answer_comes_after_the_client_has_given_up(double):
    double.fault(path="/orders/", stalls=2.0)
    with pytest.raises(requests.exceptions.ReadTimeout):
        buy(double, timeout=0.2)
    assert refs(double) == ["one"]


def test_b3_a_request_never_arrives(double):
    double.fault(path="/orders/", handled="no", drops=True)
    lost(double)
    assert refs(double) == []


def test_b4_a_request_arrives_minutes_later(double):
    double.fault(path="/orders/", handled="later", later_seconds=240)
    lost(double)
    double.advance(239)
    assert refs(double) == []
    double.advance(2)
    assert refs(double) == ["one"]


def test_b5_a_request_gets_the_answer_of_another(double):
    first = buy(double, "one").json()
    double.fault(path="/orders/", mangles="swapped")
    assert buy(double, "two").json() == first
    assert refs(double) == ["one", "two"]


@pytest.mark.parametrize("seconds", ["14", "1154515", "-3", "NaN"])
def test_b6_b7_b8_a_throttled_order_is_not_accepted_whatever_the_hint(double, seconds):
    text = f"Request was throttled. Expected available in {seconds} seconds."
    double.fault(path="/orders/", handled="no", status=429, body={"detail": text}, headers={"Retry-After": seconds})
    answer = buy(double)
    assert (answer.status_code, answer.json()["detail"], answer.headers["Retry-After"]) == (429, text, seconds)
    assert refs(double) == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("handled", "accepted"), [("yes", ["one"]), ("no", [])])
def test_b9_an_error_of_the_server_says_nothing_of_the_order(double, status, handled, accepted):
    double.fault(path="/orders/", handled=handled, status=status, body="<h1>Server Error</h1>")
    assert buy(double).status_code == status
    assert refs(double) == accepted


@pytest.mark.parametrize("how", sorted(set(BYTES) - {"gzip", "large"}))
def test_b10_an_answer_nobody_can_use_leaves_the_order_accepted(double, how):
    double.fault(path="/orders/", mangles=how)
    try:
        answer = buy(double).json()
    except (requests.exceptions.RequestException, RecursionError):
        answer = None
    order = double.book()["orders"][0]
    assert order["ref_id"] == "one"
    assert not isinstance(answer, dict) or answer.get("id") != order["id"]


@pytest.mark.parametrize("how", ["without_id", "listed"])
def test_b10_an_answer_of_another_shape_leaves_the_order_accepted(double, how):
    double.fault(path="/orders/", mangles=how)
    answer = buy(double)
    assert answer.status_code == 201
    assert "id" not in answer.json()
    assert refs(double) == ["one"]


def test_b10_an_answer_may_be_large_or_compressed(double):
    double.fault(path="/orders/", mangles="large")
    assert len(buy(double).content) > 10_000_000
    double.fault(path="/orders/", mangles="gzip")
    assert buy(double, "two").json()["ref_id"] == "two"


def test_b13_the_session_ends_in_the_middle_of_a_batch(double):
    assert buy(double, "one").status_code == 201
    double.expire_tokens()
    assert [buy(double, ref).status_code for ref in ("two", "three")] == [401, 401]
    assert refs(double) == ["one"]


def test_b14_a_locked_account_is_forbidden_to_trade(double):
    double.change_account(ACCOUNT, locked=True)
    assert buy(double).status_code == 403


def test_b15_a_portal_redirects(double):
    double.fault(path="/orders/", handled="no", status=302, headers={"Location": "https://portal.example.com/"})
    answer = buy(double)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://portal.example.com/")


@pytest.mark.parametrize(
    ("how", "seen"),
    [("duplicated_rows", [3, 2, 1, 3, 2, 1]), ("reversed_rows", [1, 2, 3]), ("missing_rows", [3, 1]), ("no_rows", [])],
)
def test_b16_b17_rows_of_a_listing_are_not_what_they_should_be(double, how, seen):
    for number in (1, 2, 3):
        buy(double, str(number))
    double.fault(method="GET", path="/orders/", mangles=how)
    assert [int(one["ref_id"]) for one in read("/orders/").json()["results"]] == seen


def test_b17_a_listing_never_ends_or_leads_away(double):
    buy(double)
    double.fault(method="GET", path="/orders/", mangles="endless", times=2)
    following = read("/orders/").json()["next"]
    assert SESSION.get(following, timeout=5).json()["next"] == following
    double.fault(method="GET", path="/orders/", mangles="foreign_next")
    assert "elsewhere.example.com" in read("/orders/").json()["next"]


def test_b18_an_order_is_seen_in_listings_only_after_a_while(double):
    double.configure(listing_lag=120)
    order = buy(double).json()
    assert read("/orders/").json()["results"] == []
    assert read(f"/orders/{order['id']}/").json()["ref_id"] == "one"
    double.advance(121)
    assert len(read("/orders/").json()["results"]) == 1


def test_b19_a_listing_shows_the_past(double):
    order = buy(double).json()
    read("/orders/")
    double.trade_at("AAPL", "89")
    double.advance(1)
    double.fault(method="GET", path="/orders/", mangles="stale")
    assert read("/orders/").json()["results"][0]["cumulative_quantity"] == "0.00000000"
    assert read(f"/orders/{order['id']}/").json()["cumulative_quantity"] == "4.00000000"


def test_b20_an_answer_drips(double):
    double.fault(path="/markets/", drip=0.001)
    begun = time.monotonic()
    assert len(read("/markets/").content) < (time.monotonic() - begun) * 1_000


def test_b21_a_certificate_of_nobody_is_refused(tmp_path, adapter):
    del adapter
    made = make_certificates(tmp_path)
    with RobinhoodDouble(certificate=made.server) as secure, requests.Session() as session:
        redirect(session, secure.url)
        with pytest.raises(requests.exceptions.SSLError):
            session.get("https://api.robinhood.com/markets/", timeout=5)
        session.verify = str(made.authority)
        assert session.get("https://api.robinhood.com/markets/", timeout=5).status_code == 200


def test_b22_a_request_is_sent_twice_on_the_way(double):
    double.fault(path="/orders/", handled="twice")
    assert buy(double).json() == {"ref_id": ["Order with this ref_id already exists."]}
    assert refs(double) == ["one"]
    double.configure(dedupe=False)
    double.fault(path="/orders/", handled="twice")
    assert buy(double, "two").status_code == 201
    assert refs(double) == ["one", "two", "two"]


def test_a_connection_breaks_in_the_middle_of_an_answer(double):
    double.fault(path="/orders/", drops_after=40)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        buy(double)
    assert refs(double) == ["one"]


def test_c2_a_trade_arrives_after_the_order_was_canceled(double):
    order = buy(double).json()
    SESSION.post(f"{ORDERS}{order['id']}/cancel/", timeout=5)
    double.advance(1)
    double.fill(order["id"], "1", "89.50")
    shown = read(f"/orders/{order['id']}/").json()
    assert (shown["state"], shown["cumulative_quantity"]) == ("cancelled", "1.00000000")
    assert double.book()["accounts"][ACCOUNT]["cash"] == 100_000_000_000 - 89_500_000


def test_c4_a_trade_is_taken_back(double):
    order = buy(double, price="100.00").json()
    double.advance(1)
    double.bust(order["id"])
    assert read(f"/orders/{order['id']}/").json()["cumulative_quantity"] == "0.00000000"
    assert double.book()["accounts"][ACCOUNT]["cash"] == 100_000_000_000


@pytest.mark.parametrize("word", ["voided", "locating", "canceled", "a_word_of_tomorrow"])
def test_c5_a_state_is_shown_in_a_word_nobody_knows(double, word):
    double.plan(word=word)
    order = buy(double).json()
    double.advance(1)
    assert read(f"/orders/{order['id']}/").json()["state"] == word


def test_c6_cancels_are_frozen_just_before_the_open_and_in_a_halt(double):
    order = buy(double, time_in_force="gtc").json()
    double.move_to("2026-03-03T14:26:00Z")
    SESSION.post(f"{ORDERS}{order['id']}/cancel/", timeout=5)
    double.move_to("2026-03-03T14:29:50Z")
    assert double.book()["orders"][0]["state"] == "pending_cancelled"
    double.change_stock("AAPL", halted=True)
    double.move_to("2026-03-03T14:40:00Z")
    assert double.book()["orders"][0]["state"] == "pending_cancelled"
    double.change_stock("AAPL", halted=False)
    double.advance(31)
    assert double.book()["orders"][0]["state"] == "cancelled"


def test_c7_a_gtc_order_ends_after_ninety_days(double):
    buy(double, time_in_force="gtc")
    double.move_to("2026-06-01T19:59:00Z")
    assert double.book()["orders"][0]["state"] == "confirmed"
    double.move_to("2026-06-01T20:00:00Z")
    assert double.book()["orders"][0]["state"] == "cancelled"


def test_c9_the_venue_accepts_another_limit_than_was_asked_for(double):
    double.plan(price="89.00")
    assert buy(double).json()["price"] == "89.00000000"


def test_c10_executions_are_missing_or_have_no_id(double):
    double.plan(hide_executions=True)
    double.plan(nameless=True)
    shown = [buy(double, ref, price="100.00").json()["id"] for ref in ("one", "two")]
    double.advance(1)
    hidden, nameless = (read(f"/orders/{order}/").json() for order in shown)
    assert (hidden["cumulative_quantity"], hidden["executions"]) == ("4.00000000", [])
    assert "id" not in nameless["executions"][0]


def test_c11_more_trades_than_was_ordered(double):
    order = buy(double).json()
    double.fill(order["id"], "9", "90.00")
    assert double.book()["accounts"][ACCOUNT]["shares"] == {"AAPL": 9_000_000}


def test_c14_a_rejection_after_a_part_has_traded_keeps_that_part(double):
    double.plan(fills=[[0, "1"]], reject_after=5)
    order = buy(double).json()
    double.advance(10)
    shown = read(f"/orders/{order['id']}/").json()
    assert (shown["state"], shown["cumulative_quantity"]) == ("rejected", "1.00000000")


def test_d2_the_clock_of_the_venue_is_ahead(double):
    double.configure(date_skew=90)
    assert read("/markets/").headers["Date"] == "Mon, 02 Mar 2026 15:01:30 GMT"


def test_e1_a_quote_grows_old(double):
    double.advance(600)
    assert read("/quotes/?symbols=AAPL").json()["results"][0]["updated_at"] == "2026-03-02T15:00:00.000000Z"


def test_e2_nothing_trades_in_a_halt(double):
    double.change_stock("AAPL", halted=True)
    buy(double, price="100.00")
    double.advance(60)
    assert double.book()["orders"][0]["filled"] == 0
    double.change_stock("AAPL", halted=False)
    assert double.book()["orders"][0]["state"] == "filled"


def test_e3_a_quote_is_not_a_number(double):
    double.fault(path="/quotes/", status=200, body={"results": [{"symbol": "AAPL", "bid_price": "NaN", "ask_price": "-1"}]})
    assert read("/quotes/?symbols=AAPL").json()["results"][0]["bid_price"] == "NaN"


def test_e6_a_split_cancels_orders_and_multiplies_shares(double):
    double.give_shares(ACCOUNT, "AAPL", "10", "900")
    buy(double)
    double.split("AAPL", 4, 1)
    assert double.book()["accounts"][ACCOUNT]["shares"] == {"AAPL": 40_000_000}
    assert double.book()["orders"][0]["state"] == "cancelled"
    assert read("/quotes/?symbols=AAPL").json()["results"][0]["last_trade_price"] == "25.000000"


def test_f1_a_token_ends_by_itself(double):
    double.configure_login(access_seconds=3600)
    token = double.issue_token()["access_token"]
    double.advance(3599)
    assert double.venue.gate.admits(token)
    double.advance(2)
    assert not double.venue.gate.admits(token)


def test_fractional_orders_are_throttled_after_nine_in_a_burst(double):
    double.configure(request_takes=0.5)
    answers = [buy(double, str(number), quantity="0.5", price="100.00") for number in range(10)]
    assert [one.status_code for one in answers] == [201] * 9 + [429]
    assert answers[-1].json() == {"detail": "Too many requests for fractional orders."}


def test_a_throttle_counts_what_it_refuses_and_says_how_long_to_wait(double):
    double.throttle(3)
    assert [read("/markets/").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert double.counts(15)["most_in_window"] == 5
    double.advance(16)
    assert read("/markets/").status_code == 200


def test_a_fault_that_does_not_exist_is_refused(double):
    with pytest.raises(ValueError, match="mangles = 'htlm'; choose one of duplicated_rows"):
        double.fault(mangles="htlm")


def test_faults_wait_for_their_turn_and_are_used_up(double):
    double.fault(path="/markets/", skip=1, times=2, handled="no", status=503)
    assert [read("/markets/").status_code for _ in range(4)] == [200, 503, 503, 200]
    double.fault(path="/markets/", handled="no", status=503, times=9)
    double.clear_faults()
    assert read("/markets/").status_code == 200


def test_a_slow_request_does_not_hold_up_others(double):
    double.fault(path="/markets/", waits=5.0)

    def give_up():
        with pytest.raises(requests.exceptions.ReadTimeout):
            read("/markets/", 0.5)

    slow = threading.Thread(target=give_up, daemon=True)
    slow.start()
    time.sleep(0.05)
    begun = time.monotonic()
    with requests.Session() as other:
        redirect(other, double.url)
        assert other.get("https://api.robinhood.com/quotes/?symbols=F", timeout=5).status_code == 200
    assert time.monotonic() - begun < 2
    slow.join()
