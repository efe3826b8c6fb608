"""Two hundred and fifty-six orders, polls and quotes compete for one budget, and the venue counts."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from brokers.robinhood.testing import RobinhoodDouble, RunningClock
from framework.domain.order import ApprovedOrder
from framework.domain.venue_order import OutcomeKind
from framework.runtime.clock import MonotonicClock
from framework.runtime.network.budget import SharedBudget, pace
from framework.runtime.network.retrying import ReadRetry
from tests.brokers.robinhood.adapter.session import Link, order

REQUESTS, WINDOW, ORDERS = 100, 0.5, 256


@pytest.fixture
def real(tmp_path):
    """A link on real time: the double counts by the same clock."""
    with RobinhoodDouble(RunningClock(), cash="10000000") as double:
        double.configure(request_takes=0.0)
        link = Link(double, tmp_path)
        clock = MonotonicClock()
        link.budget.close()
        link.budget = SharedBudget(tmp_path / "real.db", pace(REQUESTS, WINDOW, 0.0), clock)
        link.transport._budget = link.budget
        link.transport._clock = link.gateway._clock = link.gateway._instruments._clock = link.transport._wires._clock = clock
        link.gateway._reader._retry = ReadRetry(clock=clock)
        link.give_tokens()
        link.gateway.connect()
        link.gateway.quotes(["AAPL"])
        link.gateway._instruments.of_symbol("AAPL")
        yield link
        link.close()


@pytest.mark.campaign
def test_the_venue_counts_no_more_than_the_budget_while_everything_wants_to_be_sent(real):
    stop = threading.Event()
    clock = MonotonicClock()

    def place(number):
        asked = order(quantity=1, limit_price=50, order_id=f"o-{number}")
        ref = f"6f0f9c3a-0f57-5d0e-9d0a-{number:012d}"
        return real.gateway.send(ApprovedOrder(asked), ref, asked.quantity_micros, clock.now_ns() + 120 * 10**9)

    def ask(what, *arguments):
        asked = 0
        while not stop.is_set():
            what(*arguments)
            asked += 1
        return asked

    waited = []
    with ThreadPoolExecutor(48) as pool:
        polls = [pool.submit(ask, real.gateway.quotes, ["AAPL", "F"]) for _ in range(6)]
        polls += [pool.submit(ask, real.gateway.account) for _ in range(3)]
        placed = [pool.submit(place, number) for number in range(ORDERS)]
        for one in placed[::16]:
            number = one.result().report.venue_order_id
            begun = time.monotonic()
            assert real.gateway.cancel(number).kind is OutcomeKind.ACCEPTED
            waited.append(time.monotonic() - begun)
        outcomes = [one.result().kind for one in placed]
        stop.set()
        asked = [one.result() for one in polls]
    assert outcomes == [OutcomeKind.ACCEPTED] * ORDERS
    counts = real.double.counts(WINDOW)
    assert counts["most_in_window"] <= REQUESTS
    assert set(counts["posts_by_ref"].values()) == {1}
    assert sum(asked) > 0
    # A full window of others never stands before a cancel: a fifth of it is kept for what is urgent.
    assert sorted(waited)[len(waited) // 2] < WINDOW
