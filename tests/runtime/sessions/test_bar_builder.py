"""Bars made of ticks: of a session's own, each once, whatever comes when."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.calendar import session_clock
from framework.errors import BadDataError
from framework.runtime.sessions.bar_builder import BarBuilder, Tick
from framework.runtime.sessions.quote_feed import Pace, QuoteFeed
from tests.builders import MINUTE, minutes

DAY = date(2012, 1, 3)
HALF_DAY = date(2012, 11, 23)
OPEN = minutes(DAY, [0])[0]
BOUNDS = session_clock(OPEN, OPEN + 400 * 24 * 60 * MINUTE, "XNYS")


def builder(step=MINUTE):
    return BarBuilder(BOUNDS, step)


def tick(offset, price, volume=None, symbol="A"):
    return Tick(symbol, OPEN + offset, price, volume)


def test_a_bar_has_the_first_highest_lowest_and_last_price_and_the_volume_since_the_last_bar():
    maker = builder()
    for one in (tick(1, 100.0, 50.0), tick(2, 103.0, 70.0), tick(3, 99.0, 90.0), tick(4, 101.0, 120.0)):
        maker.take(one)
    (bar,) = [one.bar for one in maker.close(OPEN + MINUTE).bars.values()]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (100.0, 103.0, 99.0, 101.0, 120.0)
    maker.take(tick(MINUTE + 1, 102.0, 150.0))
    assert maker.close(OPEN + 2 * MINUTE).bars["A"].bar.volume == 30.0


def test_a_symbol_without_a_tick_has_no_bar():
    maker = builder()
    maker.take(tick(1, 100.0, symbol="B"))
    assert list(maker.close(OPEN + MINUTE).bars) == ["B"]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (tick(-MINUTE, 100.0), "outside of the session"),
        (tick(1, float("nan")), "no price"),
        (tick(1, -3.0), "no price"),
        (tick(1, 0.0), "no price"),
        (tick(MINUTE, 100.0), "after its bar had closed"),
    ],
)
def test_what_is_no_part_of_a_bar_is_left_out_and_counted(one, reason):
    maker = builder()
    maker.close(OPEN + MINUTE)
    maker.take(one)
    assert maker.left_out == {reason: 1}
    assert maker.close(OPEN + 2 * MINUTE).bars == {}


def test_a_bar_that_had_begun_before_anybody_looked_is_not_made():
    maker = BarBuilder(BOUNDS, MINUTE, since=OPEN + MINUTE // 2)
    maker.take(tick(MINUTE - 1, 100.0, 900.0))
    assert maker.close(OPEN + MINUTE).bars == {}
    maker.take(tick(MINUTE + 1, 101.0, 950.0))
    assert maker.close(OPEN + 2 * MINUTE).bars["A"].bar.volume == 50.0
    assert maker.left_out == {"in a bar that had begun before": 1}


def test_a_bar_closes_once():
    maker = builder()
    maker.close(OPEN + MINUTE)
    with pytest.raises(BadDataError, match="closed before"):
        maker.close(OPEN + MINUTE)


def test_the_volume_of_a_new_session_counts_from_nothing():
    maker = builder(0)
    maker.take(tick(1, 100.0, 500.0))
    first = maker.next_close(OPEN + 1)
    assert maker.close(first).bars["A"].bar.volume == 500.0
    second = maker.next_close(first + 1)
    maker.take(Tick("A", second - MINUTE, 100.0, 40.0))
    assert maker.close(second).bars["A"].bar.volume == 40.0


def test_the_last_bar_of_a_half_day_closes_with_the_session():
    opened, closed = BOUNDS(minutes(HALF_DAY, [1])[0])
    assert closed - opened == 210 * MINUTE
    assert builder(60 * MINUTE).next_close(closed - MINUTE) == closed


prices = st.floats(0.01, 1e6)
steps = st.sampled_from([MINUTE, 5 * MINUTE, 30 * MINUTE])


@given(st.lists(st.tuples(st.integers(1, 389 * 60), prices, st.floats(0, 1e6)), min_size=1), steps)
def test_every_tick_of_a_session_is_in_one_bar_and_no_share_is_counted_twice(found, step):
    maker, volume, close, highs = builder(step), 0.0, 0, []
    traded = 0.0
    for second, price, shares in sorted(found):
        now = OPEN + second * 1_000_000_000
        while close and now > close:
            highs += [one.bar for one in maker.close(close).bars.values()]
            close = maker.next_close(close + 1)
        close = close or maker.next_close(now)
        volume += shares
        traded = volume
        maker.take(Tick("A", now, price, volume))
    highs += [one.bar for one in maker.close(close).bars.values()]
    assert maker.left_out == {}
    assert sum(bar.volume for bar in highs) == pytest.approx(traded)
    assert max(bar.high for bar in highs) == max(price for _, price, _ in found)
    assert min(bar.low for bar in highs) == min(price for _, price, _ in found)


class Clock:
    """Time that goes on as somebody sleeps."""

    def __init__(self, now):
        self.time = now

    def now(self):
        return self.time

    def sleep(self, length):
        self.time += length


class NoQuotes:
    def ticks(self, _symbols):
        return []


def test_until_a_bar_is_decided_on_what_happens_belongs_to_it():
    """A close is waited for; within these moments the next bar has not begun for the engine, which derives ids from its time."""
    clock, seen = Clock(OPEN), []
    feed = QuoteFeed(
        NoQuotes(),
        builder(),
        ["A"],
        clock,
        Pace(),
        bounds=BOUNDS,
        stopped=lambda: clock.time > OPEN + 3.5 * MINUTE,
        between=lambda now: seen.append((now, feed.closing)),
    )
    assert [arrival.timestamp for arrival in feed] == list(minutes(DAY, [1, 2, 3]))
    assert any(now > closing for now, closing in seen)
    assert all(closing - MINUTE <= now < closing + Pace().grace for now, closing in seen)
