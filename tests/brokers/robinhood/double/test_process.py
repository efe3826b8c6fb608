"""A double in a process of its own: the same commands, and it outlives its client."""

from __future__ import annotations

import subprocess
import sys

import pytest

from brokers.robinhood.testing import ACCOUNT, DoubleProcess
from brokers.robinhood.testing.control import COMMANDS

BUYER = """
import os, sys
import robin_stocks.robinhood as robinhood
from robin_stocks.robinhood import helper
from brokers.robinhood.testing import redirect
redirect(helper.SESSION, sys.argv[1])
helper.update_session("Authorization", "Bearer " + sys.argv[2])
helper.set_login_state(True)
from brokers.robinhood.testing import RemoteDouble
RemoteDouble(sys.argv[1]).fault(method="POST", path="/orders/", kills=os.getpid(), handled=sys.argv[3])
robinhood.order_buy_limit("AAPL", 2, 100, timeInForce="gfd")
"""


@pytest.fixture
def process():
    with DoubleProcess() as running:
        yield running


@pytest.mark.parametrize(("handled", "orders", "cash"), [("yes", [("filled", 2_000_000)], 99_800_000_000), ("no", [], 100_000_000_000)])
def test_its_book_outlives_a_client_that_is_killed(process, handled, orders, cash):
    token = process.issue_token()["access_token"]
    ended = subprocess.run([sys.executable, "-c", BUYER, process.url, token, handled], check=False, capture_output=True, timeout=60)
    assert ended.returncode == -9
    process.advance(seconds=1)
    book = process.book()
    assert [(one["state"], one["filled"]) for one in book["orders"]] == orders
    assert book["accounts"][ACCOUNT]["cash"] == cash
    assert process.counts()["order_posts"] == 1


def test_commands_take_places_and_names_and_say_what_is_wrong(process):
    assert process.advance(60) == "2026-03-02T15:01:00.000000Z"
    process.trade_at("AAPL", price="101")
    order = process.place_by_hand(ACCOUNT, "AAPL", side="buy", quantity="1")
    process.advance(1)
    assert process.book()["orders"][0]["executions"][0]["price"] == 101_000_000
    with pytest.raises(ValueError, match="is no end"):
        process.end_order(order, "confirmed")
    with pytest.raises(ValueError, match="Not enough buying power"):
        process.place_by_hand(ACCOUNT, "AAPL", side="buy", quantity="1000000")
    with pytest.raises(AttributeError, match="knows no 'advnace'"):
        process.advnace(1)


def test_its_time_can_go_on_by_itself():
    with DoubleProcess(speed=1_000_000) as running:
        first, second = running.book()["time"], running.book()["time"]
    assert first < second


def test_every_command_says_what_it_does():
    assert [name for name, command in COMMANDS.items() if not command.__doc__] == []
