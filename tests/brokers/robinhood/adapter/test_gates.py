"""No byte of an order's POST leaves a process that may not send one, whatever is tried."""

from __future__ import annotations

import importlib
import itertools
from contextlib import suppress

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from robin_stocks.robinhood import globals as robinhood_globals
from robin_stocks.robinhood import helper, orders
from robin_stocks.robinhood.globals import SESSION

from brokers.robinhood.fence import Fence, standing_fence
from brokers.robinhood.gates import ArmedGate, DryRunGate, ShutGate, form_of
from brokers.robinhood.testing import RobinhoodDouble
from brokers.robinhood.transport import Transport
from framework.domain.order import ApprovedOrder
from framework.domain.venue_order import OutcomeKind
from framework.errors import NotArmedError, SafetyError
from framework.rules.arming import HOUR, ArmToken, account_hash, arm, check_amount, check_token, read_token
from tests.brokers.robinhood.adapter.session import ACCOUNT, KEY, Link, connected, order

NOW = 1_772_463_600_000_000_000
FORM = {
    "account": f"https://api.robinhood.com/accounts/{ACCOUNT}/", "symbol": "AAPL", "side": "buy", "quantity": "10", "price": "99.5",
    "ref_id": "r",
}  # fmt: skip


def gate(**changes):
    given = {
        "is_live": True,
        "account": ACCOUNT,
        "is_confirmed": lambda: True,
        "token": arm("LIVE 0001 2000 7", ACCOUNT, NOW, KEY),
        "key": KEY,
        "holds_lease": lambda: True,
        "is_halted": lambda: False,
        "now": lambda: NOW,
    }
    return ArmedGate(**{**given, **changes})


@pytest.mark.parametrize("held", list(itertools.product([True, False], repeat=4)))
def test_of_all_combinations_of_the_four_conditions_exactly_one_sends(held):
    is_live, is_confirmed, has_lease, is_fresh = held
    one = gate(
        is_live=is_live, is_confirmed=lambda: is_confirmed, holds_lease=lambda: has_lease, now=lambda: NOW + (0 if is_fresh else 7 * HOUR)
    )
    if all(held):
        assert one.judge(FORM) is None
    else:
        with pytest.raises(NotArmedError):
            one.judge(FORM)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": None}, "no operator has given leave"),
        ({"key": b"another key"}, "not given on this machine"),
        ({"token": arm("LIVE 0001 2000 7", "5QR90001", NOW, KEY)}, "for another account"),
        ({"token": arm("LIVE 0001 2000 7", ACCOUNT, NOW, KEY)._replace(most_micros=10**15)}, "was changed"),
        ({"token": arm("LIVE 0001 2000 7", ACCOUNT, NOW, KEY)._replace(expires_at=NOW * 2)}, "was changed"),
        ({"now": lambda: NOW - 1}, "expired"),
        ({"is_halted": lambda: True}, "entries are halted"),
    ],
)
def test_a_purchase_is_refused_with_the_reason(changes, words):
    with pytest.raises(NotArmedError, match=words):
        gate(**changes).judge(FORM)


@pytest.mark.parametrize(
    "form",
    [
        {**FORM, "account": "https://api.robinhood.com/accounts/5QR09999/"},
        {key: value for key, value in FORM.items() if key != "account"},
        {**FORM, "quantity": "-10"},
        {**FORM, "quantity": "nan"},
        {**FORM, "price": None},
        {**FORM, "price": "0"},
        {**FORM, "side": "BUY", "price": None},
        {**FORM, "price": "1e400"},
        {},
    ],
)
def test_a_form_that_is_not_clearly_within_the_leave_is_refused(form):
    with pytest.raises(NotArmedError):
        gate().judge(form)


def test_a_halt_and_a_used_up_amount_stop_purchases_and_not_sales():
    one = gate(is_halted=lambda: True)
    assert one.judge({**FORM, "side": "sell"}) is None
    two = gate()
    two.judge({**FORM, "ref_id": "1"})
    two.judge({**FORM, "ref_id": "2"})
    with pytest.raises(NotArmedError, match="1990 dollars were bought for, 995 more"):
        two.judge({**FORM, "ref_id": "3"})
    two.judge({**FORM, "ref_id": "2"})  # the same purchase again
    assert two.judge({**FORM, "side": "sell", "quantity": "1000"}) is None


@pytest.mark.parametrize(
    "phrase",
    ["", "LIVE", "live 0001 2000 7", "LIVE 0001 2000", "LIVE 0001 -5 7", "LIVE 9999 2000 7", "LIVE 0001 2000 0", "LIVE 0001 2000 25"],
)
def test_a_phrase_that_is_not_quite_right_arms_nothing(phrase):
    with pytest.raises(NotArmedError, match="not armed"):
        arm(phrase, ACCOUNT, NOW, KEY)


@given(st.text(max_size=50))
def test_no_text_is_taken_for_a_token(text):
    try:
        token = read_token(text)
    except NotArmedError:
        return
    with pytest.raises(NotArmedError):
        check_token(token, ACCOUNT, NOW, KEY)


def test_a_token_is_kept_and_read():
    token = arm("LIVE 0001 2000.50 7", ACCOUNT, NOW, KEY)
    assert read_token(token.text()) == token
    assert token == ArmToken(account_hash(ACCOUNT), 2_000_500_000, NOW, NOW + 7 * HOUR, token.signature)
    assert ACCOUNT not in token.text()
    check_token(token, ACCOUNT, NOW, KEY)
    check_amount(token, 1_000_000_000, 1_000_500_000)
    with pytest.raises(NotArmedError):
        check_amount(token, 1_000_000_000, 1_000_500_001)


def attempts(link):
    """Every way to place an order that comes to mind."""
    asked = order(limit_price=99.5)
    sell = order("sell", order_type="market")
    url = "https://api.robinhood.com/orders/"
    json = {**FORM, "instrument": "x", "type": "limit", "trigger": "immediate", "time_in_force": "gfd", "order_form_version": 7}
    again = requests.Session()
    again.trust_env = False
    return {
        "gateway": lambda: link.gateway.send(ApprovedOrder(asked), "r1", asked.quantity_micros, link.deadline()),
        "gateway sell": lambda: link.gateway.send(ApprovedOrder(sell), "r2", sell.quantity_micros, link.deadline()),
        "limit": lambda: orders.order_buy_limit("AAPL", 1, 99.5, timeInForce="gfd"),
        "market": lambda: orders.order_buy_market("AAPL", 1, timeInForce="gfd"),
        "stop": lambda: orders.order_sell_stop_loss("AAPL", 1, 95.0),
        "trailing": lambda: orders.order_buy_trailing_stop("AAPL", 1, 5),
        "fraction": lambda: orders.order_buy_fractional_by_price("AAPL", 25),
        "client form": lambda: helper.request_post(url, json),
        "client json": lambda: helper.request_post(url, json, json=True),
        "session": lambda: SESSION.post(url, json=json),
        "session with query": lambda: SESSION.post(url + "?account_numbers=5QR00001", json=json),
        "session without slash": lambda: SESSION.post(url[:-1], json=json),
        "session, two slashes": lambda: SESSION.post("https://api.robinhood.com//orders/", json=json),
        "session, dots": lambda: SESSION.post("https://api.robinhood.com/x/../orders/", json=json),
        "session, http": lambda: SESSION.post(url.replace("https", "http"), json=json),
        "session, capitals": lambda: SESSION.post("HTTPS://API.Robinhood.COM/orders/", json=json),
        "session, options": lambda: SESSION.post("https://api.robinhood.com/options/orders/", json=json),
        "another session": lambda: again.post(url, json=json),
        "requests": lambda: requests.post(url, json=json, timeout=1),
        "put": lambda: SESSION.put(url, json=json),
        "reload": lambda: importlib.reload(orders).order_buy_limit("AAPL", 1, 99.5, timeInForce="gfd"),
    }


NAMES = sorted(attempts(None))


@pytest.mark.slow
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), st.sampled_from(["shut", "dry", "unarmed", "broken"]), st.data())
def test_no_order_leaves_a_process_that_may_not_send_one(tmp_path_factory, names, kind, data):
    """Whatever is called, in whatever order, with faults before it, after modules were loaded again and after exceptions."""

    class Broken:
        def judge(self, form):
            raise ZeroDivisionError(form)

    gates = {"shut": ShutGate(), "dry": DryRunGate(repr, lambda: NOW), "unarmed": gate(token=None), "broken": Broken()}
    with RobinhoodDouble() as double, connected(double, tmp_path_factory.mktemp("link"), gate=gates[kind]) as link:
        for name in names:
            if data.draw(st.booleans()):
                double.fault(path=data.draw(st.sampled_from(["/quotes/", "/instruments/", "/accounts/*"])), status=503)
            with suppress(Exception):
                attempts(link)[name]()
        assert double.counts()["order_posts"] == 0
        assert double.book()["orders"] == []
        assert not [one for one in double.requests() if one[1] != "GET"]


def test_a_session_made_anew_by_a_reload_goes_the_same_way(double, tmp_path):
    before = robinhood_globals.SESSION
    with connected(double, tmp_path, gate=ShutGate()):
        try:
            session = importlib.reload(robinhood_globals).SESSION
            assert session is not before
            with pytest.raises(NotArmedError, match="AAPL was about to leave"):
                session.post("https://api.robinhood.com/orders/", json=FORM)
        finally:
            robinhood_globals.SESSION = before
    assert double.counts()["order_posts"] == 0


def test_a_dry_run_answers_with_an_id_and_tells_what_would_have_left(double, tmp_path):
    told = []
    with connected(double, tmp_path, gate=DryRunGate(told.append, lambda: NOW)) as link:
        asked = order(limit_price=99.5)
        outcome = link.gateway.send(ApprovedOrder(asked), "r1", asked.quantity_micros, link.deadline())
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.report.venue_order_id.startswith("dry-run-")
    assert (outcome.report.client_id, outcome.report.limit_micros) == ("r1", 99_500_000)
    assert told[0]["quantity"] == "10"
    assert double.counts()["order_posts"] == 0


def test_a_process_has_one_credential(link, double, tmp_path):
    other = Link(double, tmp_path / "other")
    with pytest.raises(SafetyError, match="under this credential already"):
        other.wire.open()
    fence = Fence(other.transport, "somebody@else.example")
    with pytest.raises(SafetyError, match="under another credential"):
        fence.raise_()
    other.close()
    assert standing_fence().transport is link.transport


def test_when_the_fence_is_down_sessions_are_as_before(double, tmp_path):
    before = requests.Session.get_adapter
    with connected(double, tmp_path):
        assert requests.Session.get_adapter is not before
    assert requests.Session.get_adapter is before


def test_only_an_address_of_this_machine_stands_in_for_the_venue(tmp_path, double):
    link = Link(double, tmp_path)
    with pytest.raises(SafetyError, match="only an address of this machine"):
        Transport(link.budget, ShutGate(), link.clock, print, base_url="https://evil.example")
    link.close()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, {}),
        (b"", {}),
        ("side=buy&price=1", {"side": "buy", "price": "1"}),
        (b'{"side": "buy"}', {"side": "buy"}),
        (b"{broken", {}),
        (b"\xff{=1", {"\ufffd{": "1"}),
    ],
)
def test_a_form_is_read_however_it_is_encoded(body, expected):
    assert form_of(body) == expected
