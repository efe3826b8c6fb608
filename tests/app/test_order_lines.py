"""A line of orders.jsonl says whose order it is about, how often it was asked for, and how long the answer took."""

from __future__ import annotations

import json
import logging

import pytest

from framework.app.sessions.order_lines import OrderLines
from framework.runtime.logs.redaction import Redactor
from framework.runtime.logs.session import SessionLogs
from framework.runtime.orders.envelope import envelope
from tests.app.test_agent_loop import lived
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import Trader, order_of

FIELDS = {"session_id", "order_id", "mode", "symbol", "side", "quantity", "limit_price", "attempt", "latency_ms"}


def logged(folder):
    return [json.loads(line) for line in (folder / "logs" / "orders.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise
def test_every_line_about_an_order_can_be_read_alone_and_its_life_stands_in_one_file(folder):
    lived(folder, lambda _: None)
    lines = [line for line in logged(folder) if "order_id" in line]
    assert all(line.keys() >= FIELDS for line in lines)
    assert {line["mode"] for line in lines} == {"live"}
    kinds = {}
    for line in lines:
        kinds.setdefault(line["order_id"], []).append(line["event"])
    assert any((life[0], life[-1]) == ("order_decided", "order_filled") and "order_accepted" in life for life in kinds.values())
    answered = [line for line in lines if line["event"] == "order_accepted"]
    assert answered
    assert all(line["attempt"] == 1 and line["latency_ms"] > 0 for line in answered)


def line_of(trader, order, status_of=True):
    def found(order_id):
        tracked = trader.manager.books.tracked.get(order_id)
        return None if tracked is None else envelope(tracked)

    return OrderLines([order], "live", found if status_of else None).about({"order_id": order.order_id})


@pytest.fixture
def trader(tmp_path):
    with Trader(tmp_path / "tape.db", ScriptedVenue()) as one:
        one.start()
        yield one


def test_attempts_are_counted_and_the_latency_is_that_of_the_last_one(trader):
    order = order_of(1)
    trader.venue.script("send", Fault.NOT_SENT, Fault.THROTTLED)
    trader.place(order)
    assert (line_of(trader, order)["attempt"], line_of(trader, order)["latency_ms"]) == (1, None)
    send = trader.venue.send

    def slow(*request):
        trader.clock.advance(0.25)
        return send(*request)

    trader.venue.send = slow
    trader.pass_time(60)
    line = line_of(trader, order)
    assert (line["attempt"], line["latency_ms"]) == (3, 250.0)
    assert (line["symbol"], line["side"], line["quantity"], line["limit_price"]) == ("AAPL", "buy", "10", "100")


def test_one_that_was_found_in_a_listing_has_taken_no_time(trader):
    order = order_of(1)
    trader.venue.script("send", Fault.LOST_AFTER)
    trader.place(order)
    trader.pass_time(30)
    assert (line_of(trader, order)["attempt"], line_of(trader, order)["latency_ms"]) == (1, 0.0)


def test_where_the_venue_is_simulated_nothing_is_asked(trader):
    order = order_of(1)
    assert {name: line_of(trader, order, status_of=False)[name] for name in ("attempt", "latency_ms")} == dict.fromkeys(
        ("attempt", "latency_ms")
    )


def test_a_line_about_no_order_is_left_as_it_is():
    lines = OrderLines([order_of(1)], "live", None)
    assert lines.about({"symbol": "AAPL"}) == {}
    assert "symbol" not in lines.about({"order_id": "nobody's"})


def test_what_anybody_logs_during_a_request_says_which_order_it_is_about(tmp_path, trader):
    order, library = order_of(1), logging.getLogger("urllib3")

    def talking(call, act):
        def made(*given):
            library.warning("%s", call)
            return act(*given)

        return made

    trader.venue.send = talking("send", trader.venue.send)
    trader.venue.cancel = talking("cancel", trader.venue.cancel)
    with SessionLogs(tmp_path / "logs", "s", Redactor([])):
        trader.place(order)
        library.warning("between")
        trader.cancel(order)
    lines = [json.loads(line) for line in (tmp_path / "logs" / "app.log").read_text().splitlines()]
    ref = trader.manager.get_status(order.order_id).client_id
    told = [(line["event"], line.get("order_id"), line.get("client_id")) for line in lines]
    assert told == [("send", order.order_id, ref), ("between", None, None), ("cancel", order.order_id, ref)]
