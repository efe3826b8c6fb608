"""Somebody sets the clock of the machine back: what is done now and then is done all the same, and no bar is closed twice."""

from __future__ import annotations

from itertools import pairwise

import pytest

from framework.app.sessions.quoting import VOLUMES_EVERY, GatewayQuotes
from framework.runtime.sessions.bar_builder import BarBuilder
from framework.runtime.sessions.quote_feed import Pace, QuoteFeed
from framework.runtime.sessions.upkeep import SECOND, Job, Upkeep

MINUTE = 60 * SECOND
OPEN = 10_000 * MINUTE
CLOSE = OPEN + 390 * MINUTE


def bounds(_timestamp):
    return OPEN, CLOSE


class Wall:
    """A clock that somebody sets back, once, at a moment."""

    def __init__(self, at, back):
        self.time, self.at, self.back = OPEN, at, back
        self.passed = 0

    def now(self):
        return self.time

    def sleep(self, length):
        self.time += length
        self.passed += length
        if self.back and self.time >= self.at:
            self.time -= self.back
            self.back = 0


class Counting:
    def __init__(self):
        self.asked = []
        self.clock = None

    def ticks(self, _symbols):
        self.asked.append(self.clock.passed)
        return []


def test_jobs_go_on_at_their_pace():
    done, upkeep = [], Upkeep()
    upkeep.take_on([Job(5 * SECOND, done.append)])
    for now in (0, 3600, 3600 - 1800, 3600 - 1798, 3600 - 1795):
        upkeep(now * SECOND)
    assert [at // SECOND for at in done] == [0, 3600, 1800, 1805]


def feed_of(clock, source, minutes):
    source.clock = clock
    return QuoteFeed(
        source,
        BarBuilder(bounds, MINUTE),
        ["A"],
        clock,
        Pace(),
        bounds=bounds,
        stopped=lambda: clock.passed > minutes * MINUTE,
        between=lambda _: None,
    )


def test_quotes_are_asked_for_all_the_same():
    source, clock = Counting(), Wall(OPEN + 10 * MINUTE + 30 * SECOND, 8 * MINUTE)
    for _ in feed_of(clock, source, 15):
        pass
    pauses = [after - before for before, after in pairwise([*source.asked, clock.passed])]
    assert max(pauses) <= 6 * SECOND


@pytest.mark.parametrize("back", [3 * SECOND, MINUTE, 5 * MINUTE])
def test_a_bar_that_was_closed_is_not_closed_again(back):
    """Set back while its decision is taken: the next bar is the one after it."""
    clock, closed = Wall(CLOSE, 0), []
    for arrival in feed_of(clock, Counting(), 20):
        closed.append(arrival.timestamp)
        if len(closed) == 10:
            clock.time -= back
    assert closed[:11] == [OPEN + (number + 1) * MINUTE for number in range(11)]
    assert closed == sorted(set(closed))


class Volumes:
    """A gateway that counts how often it was asked for volumes."""

    def __init__(self):
        self.asked = 0

    def day_volumes(self, _symbols):
        self.asked += 1
        return {}

    def last_trades(self, _symbols):
        return []


def test_volumes_are_asked_for_all_the_same():
    gateway, now = Volumes(), [OPEN]
    quotes = GatewayQuotes(gateway, lambda: now[0], lambda _: None)
    quotes.ticks(["A"])
    now[0] -= 3600 * SECOND
    quotes.ticks(["A"])
    now[0] += VOLUMES_EVERY // 2
    quotes.ticks(["A"])
    assert gateway.asked == 2
