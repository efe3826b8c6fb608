"""What is known after every way a request can fail, and what the transport never lets through."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from requests import Request
from robin_stocks.robinhood import helper, orders
from robin_stocks.robinhood.globals import SESSION

from brokers.robinhood.instruments import Instrument
from brokers.robinhood.routes import route
from brokers.robinhood.testing import RobinhoodDouble
from brokers.robinhood.testing.certificates import make_certificates
from brokers.robinhood.wires import NotSentError, Timeouts
from framework.domain.order import ApprovedOrder
from framework.domain.request import Priority
from framework.domain.venue_order import OutcomeKind
from framework.errors import SafetyError
from framework.runtime.network.budget import pace
from tests.brokers.robinhood.adapter.session import SECOND, Link, connected, order

REF = "6f0f9c3a-0f57-5d0e-9d0a-000000000001"
SHORT = Timeouts(connect=0.5, read=0.3, total=0.6, most_bytes=1_000_000)
ORDERS = {"method": "POST", "path": "/orders/"}


def send(link, ref=REF, seconds=1_000.0, **terms):
    asked = order(**{"limit_price": 99.5, **terms})
    return link.gateway.send(ApprovedOrder(asked), ref, asked.quantity_micros, link.deadline(seconds))


@pytest.fixture
def hasty(double, tmp_path):
    """A link that waits for fractions of a second; the instrument and the double's calendar are warm."""
    with connected(double, tmp_path, timeouts=SHORT, retries=1) as link:
        link.gateway.quotes(["AAPL"])
        link.gateway._instruments.of_symbol("AAPL")
        double.place_by_hand("5QR00001", "F", side="buy", quantity="1", type="limit", price="1")
        yield link


ACCEPTED_ANYWAY = [
    {"stalls": 2.0},
    {"drops": True},
    {"drops_after": 20},
    {"drip": 0.02},
    {"status": 500, "body": "<h1>Server Error (500)</h1>"},
    {"status": 502, "body": ""},
    {"status": 503},
    {"status": 504, "body": "<html>"},
    {"status": 408, "body": {"detail": "slow"}},
    {"status": 409, "body": {"detail": "conflict"}},
    {"status": 418, "body": {"x": 1}},
    {"status": 301, "headers": {"Location": "https://elsewhere.example.com/"}},
    {"status": 302, "headers": {"Location": "https://api.robinhood.com/orders/"}},
    {"mangles": "html"},
    {"mangles": "empty"},
    {"mangles": "null"},
    {"mangles": "listed"},
    {"mangles": "without_id"},
    {"mangles": "truncated"},
    {"mangles": "truncated_gzip"},
    {"mangles": "brotli"},
    {"mangles": "bad_utf8"},
    {"mangles": "nan"},
    {"mangles": "duplicate_keys"},
    {"mangles": "deep"},
    {"mangles": "large"},
    {"mangles": "swapped"},
    {"status": 204},
    {"status": 400, "body": "<html>bad</html>"},
    {"status": 400, "body": []},
    {"status": 401, "body": "<html>who?</html>"},
    {"status": 403, "body": ""},
    {"status": 429, "body": "<html>slow down</html>"},
]


@pytest.mark.parametrize("fault", ACCEPTED_ANYWAY, ids=lambda fault: "-".join(str(value)[:12] for value in fault.values()))
def test_an_order_that_was_accepted_behind_a_broken_answer_is_unknown_and_sent_once(hasty, double, fault):
    before = len(double.book()["orders"])
    double.fault(**ORDERS, **fault)
    begun = time.monotonic()
    outcome = send(hasty)
    assert (outcome.kind, outcome.report) == (OutcomeKind.UNKNOWN, None), outcome
    assert time.monotonic() - begun < 1.5
    assert len(double.book()["orders"]) == before + 1
    assert double.counts()["posts_by_ref"] == {REF: 1}
    assert [one.client_id for one in hasty.gateway.orders(0).orders if one.client_id == REF] == [REF]


@pytest.mark.parametrize(
    "fault", [{"handled": "no", "drops": True}, {"handled": "no", "status": 500}, {"handled": "later", "later_seconds": 300}]
)
def test_an_order_that_never_arrived_or_arrives_late_is_unknown_too(hasty, double, fault):
    double.fault(**ORDERS, **fault)
    assert send(hasty).kind is OutcomeKind.UNKNOWN


def test_a_proxy_that_sends_twice_makes_one_order(hasty, double):
    before = len(double.book()["orders"])
    double.fault(**ORDERS, handled="twice")
    assert send(hasty).kind is OutcomeKind.EXISTS
    assert len(double.book()["orders"]) == before + 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400, "body": {"detail": "Not enough buying power."}}, OutcomeKind.REJECTED),
        ({"status": 400, "body": {"non_field_errors": ["Invalid Good Til Canceled order."]}}, OutcomeKind.REJECTED),
        ({"status": 400, "body": {"ref_id": ["Order with this ref_id already exists."]}}, OutcomeKind.EXISTS),
        ({"status": 401, "body": {"detail": "who?"}}, OutcomeKind.NOT_AUTHENTICATED),
        ({"status": 403, "body": {"detail": "Your account is restricted."}}, OutcomeKind.FORBIDDEN),
        ({"status": 429, "body": {"detail": "Request was throttled. Expected available in 14 seconds."}}, OutcomeKind.THROTTLED),
        ({"status": 429, "body": "", "headers": {"Retry-After": "14"}}, OutcomeKind.THROTTLED),
    ],
)
def test_a_refusal_in_a_known_form_is_what_it_says(hasty, double, fault, kind):
    double.fault(**ORDERS, handled="no", **fault)
    outcome = send(hasty)
    assert outcome.kind is kind
    assert outcome.retry_after_seconds == (14.0 if kind is OutcomeKind.THROTTLED else None)


def test_a_throttled_order_keeps_everything_back_for_as_long_as_it_was_told(hasty, double):
    double.fault(**ORDERS, handled="no", status=429, body={"detail": "Expected available in 14 seconds."})
    send(hasty)
    before = hasty.clock.now_ns()
    assert hasty.gateway.cancel("00000000-0000-0000-0000-000000000000").kind is OutcomeKind.NOT_SENT  # 10 s is its patience
    assert send(hasty, REF[:-1] + "2", seconds=60).kind is OutcomeKind.ACCEPTED
    assert hasty.clock.now_ns() - before >= 14 * SECOND


def lead_nowhere(link):
    """To a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
    link.transport._base = link.transport._base._replace(netloc=place)


def test_another_certificate_gets_nothing(tmp_path):
    """Signed by an authority nobody trusts, as behind a proxy that listens in."""
    with RobinhoodDouble(certificate=make_certificates(tmp_path).server) as double:
        link = Link(double, tmp_path, timeouts=SHORT)
        link.wire.open()
        assert double.url.startswith("https://")
        link.gateway._instruments._keep(Instrument("1", "AAPL", True, True, False, link.clock.now_ns()))
        outcome = send(link)
        assert outcome.kind is OutcomeKind.NOT_SENT
        assert double.counts()["requests"] == 0
        link.close()


def test_an_absurd_hint_keeps_us_away_for_a_quarter_of_an_hour_and_is_told(hasty, double):
    double.fault(**ORDERS, handled="no", status=429, body={"detail": "Request was throttled. Expected available in 1154515 seconds."})
    outcome = send(hasty)
    assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeKind.THROTTLED, 900.0)
    assert hasty.calls[-1].hint.was_capped
    before = hasty.clock.now_ns()
    assert hasty.gateway.quotes(["AAPL"]) == {}
    assert hasty.clock.now_ns() - before < 900 * SECOND
    assert send(hasty, REF[:-1] + "2", seconds=1_000).kind is OutcomeKind.ACCEPTED
    assert hasty.clock.now_ns() - before >= 900 * SECOND


def test_a_venue_that_is_not_there_gets_nothing(hasty):
    lead_nowhere(hasty)
    assert send(hasty).kind is OutcomeKind.NOT_SENT


def test_an_order_whose_deadline_passed_is_not_sent(hasty, double):
    assert send(hasty, seconds=-1.0).kind is OutcomeKind.NOT_SENT
    assert double.counts()["order_posts"] == 0


def test_an_order_that_waits_for_the_budget_until_its_deadline_is_not_sent(double, tmp_path):
    with connected(double, tmp_path, allowed=pace(5, 15.0, 2.0)) as link:
        outcomes = [send(link, f"{REF[:-1]}{number}", seconds=5.0).kind for number in range(6)]
    assert outcomes[0] is OutcomeKind.ACCEPTED
    assert outcomes[-1] is OutcomeKind.NOT_SENT
    assert double.counts(15.0)["most_in_window"] <= 5


def test_a_connection_that_is_made_too_late_sends_nothing(double, tmp_path):
    """The socket takes connections and never answers: the handshake of HTTP is ours, so the bytes have left."""
    with connected(double, tmp_path, timeouts=SHORT) as link, socket.create_server(("127.0.0.1", 0)) as deaf:
        link.gateway._instruments.of_symbol("AAPL")
        link.transport._base = link.transport._base._replace(netloc=f"127.0.0.1:{deaf.getsockname()[1]}")
        assert send(link).kind is OutcomeKind.UNKNOWN


def test_a_request_that_was_given_up_never_leaves_afterwards(double, tmp_path):
    """A name server that takes its time: who waited has gone on, and what comes after must not send."""
    with connected(double, tmp_path, timeouts=SHORT) as link:
        link.gateway._instruments.of_symbol("AAPL")
        held = threading.Event()
        carried = link.transport._carried

        def late(request):
            held.wait(5.0)
            return carried(request)

        link.transport._carried = late
        assert send(link).kind is OutcomeKind.NOT_SENT
        before = double.counts()["requests"]
        held.set()
        time.sleep(0.3)
        assert double.counts()["requests"] == before


def requests_under_way():
    return [thread for thread in threading.enumerate() if thread.name == "robinhood-request"]


def test_a_request_that_was_given_up_is_over_soon(hasty, double):
    """A venue that says one byte now and then would keep a thread and a connection for each question of a long day."""
    double.fault(method="GET", path="/orders/", drip=0.1, times=5)
    for _ in range(5):
        assert not hasty.gateway.orders(0).complete
    ends = time.monotonic() + 3.0
    while requests_under_way() and time.monotonic() < ends:
        time.sleep(0.05)
    assert requests_under_way() == []


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "https://api.robinhood.com/options/orders/"),
        ("POST", "https://nummus.robinhood.com/orders/"),
        ("POST", "https://api.robinhood.com/ach/transfers/"),
        ("POST", "https://api.robinhood.com/orders/x/"),
        ("DELETE", "https://api.robinhood.com/watchlists/"),
        ("PUT", "https://api.robinhood.com/orders/"),
        ("PATCH", "https://api.robinhood.com/orders/"),
        ("GET", "http://api.robinhood.com/orders/"),
        ("GET", "https://robinhood.com.evil.example/orders/"),
        ("GET", "https://evil.example/?https://api.robinhood.com/"),
        ("GET", "https://api.robinhood.com:8443/orders/"),
        ("GET", "https://me@api.robinhood.com/orders/"),
    ],
)
def test_what_is_neither_read_nor_equity_order_nor_login_is_not_sent(link, double, method, url):
    with pytest.raises(SafetyError):
        route(method, url)
    before = double.counts()["requests"]
    with pytest.raises(SafetyError):
        link.transport.send(SESSION.prepare_request(Request(method, url, json={})))
    assert double.counts()["requests"] == before


@pytest.mark.parametrize(
    ("method", "path", "priority"),
    [
        ("POST", "/orders/0a1b2c3d-0000/cancel/", Priority.CANCEL),
        ("POST", "/orders/", Priority.ENTRY),
        ("GET", "/orders/", Priority.STATUS),
        ("GET", "/positions/", Priority.STATUS),
        ("GET", "/quotes/", Priority.DATA),
        ("POST", "/oauth2/token/", Priority.PROTECTION),
    ],
)
def test_a_request_has_the_priority_of_what_it_is(method, path, priority):
    assert route(method, f"https://api.robinhood.com{path}").priority is priority


@pytest.mark.usefixtures("hasty")
def test_the_unmodified_client_reads_through_the_transport_with_its_time_outs(double):
    assert helper.request_get("https://api.robinhood.com/quotes/", "results", {"symbols": "AAPL"})[0]["symbol"] == "AAPL"
    double.fault(path="/quotes/", stalls=3.0)
    begun = time.monotonic()
    with pytest.raises(OSError, match="no whole answer"):
        helper.request_get("https://api.robinhood.com/quotes/", "results", {"symbols": "AAPL"})
    assert time.monotonic() - begun < 1.0


@pytest.mark.usefixtures("link")
def test_a_json_header_left_on_the_session_does_not_spoil_the_next_form(double):
    helper.update_session("Content-Type", "application/json")
    answer = helper.request_post(
        "https://api.robinhood.com/oauth2/token/", {"grant_type": "refresh_token", "refresh_token": "x", "device_token": "d"}
    )
    assert answer["error"] == "invalid_grant"
    assert double.requests()[-1][3] == 400


def test_what_robin_stocks_prints_goes_where_it_is_told(hasty, double, capsys):
    double.fault(path="/instruments/", status=404, body={"detail": "Not found."})
    helper.request_get("https://api.robinhood.com/instruments/", "regular", {"symbol": "X"})
    assert "404" in hasty.output.getvalue()
    assert capsys.readouterr().out == ""


def test_orders_of_robin_stocks_own_functions_pass_the_same_gate(link, double):
    link.lease = False
    assert orders.order_buy_limit("AAPL", 1, 99.5, timeInForce="gfd") is None
    assert double.counts()["order_posts"] == 0
    assert "does not hold the account's lease" in link.output.getvalue()
    link.lease = True
    assert orders.order_buy_limit("AAPL", 1, 99.5, account_number=None, timeInForce="gfd")["state"]


def test_every_request_is_told_of_without_its_query_and_body(link):
    link.gateway.quotes(["AAPL"])
    call = link.calls[-1]
    assert (call.method, call.path, call.status, call.result) == ("GET", "/quotes/", 200, "answered")
    assert call.seconds > 0


def test_what_was_not_sent_is_told_of_too(hasty):
    lead_nowhere(hasty)
    with pytest.raises(NotSentError):
        helper.request_get("https://api.robinhood.com/quotes/", "regular", {"symbols": "AAPL"}, jsonify_data=False)
    assert hasty.calls[-1].result == "NotSentError"
