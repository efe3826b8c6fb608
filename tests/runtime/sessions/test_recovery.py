"""Bars that were missed are made of all their parts, in the order they closed, or they are not made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.market import FeedStatus, ShortBar
from framework.errors import BadDataError, BrokerError
from framework.runtime.sessions.arrivals import Arrival
from framework.runtime.sessions.recovery import IN_TIME, NAP, SECOND, SHORT, Calendar, Recovered, Span, composed

HOUR = 12 * SHORT
PRICES = st.floats(1.0, 1_000.0)


def shorts(count, begins=0, price=10.0):
    return [ShortBar(begins + number * SHORT, price, price + 1.0, price - 1.0, price, 5.0, traded=True) for number in range(count)]


@given(st.lists(st.tuples(PRICES, st.booleans()), min_size=12, max_size=12), st.lists(st.integers(0, 11), max_size=2))
def test_a_bar_is_made_of_all_its_parts_and_of_nothing_else(parts, lost):
    rows = [ShortBar(number * SHORT, one, one + 2.0, one / 2.0, one + 1.0, 7.0, traded) for number, (one, traded) in enumerate(parts)]
    around = [*shorts(1, -SHORT, 9_999.0), *(row for number, row in enumerate(rows) if number not in lost), *shorts(1, HOUR, 9_999.0)]
    traded = [row for row in rows if row.traded]
    bar = composed("A", around, Span(0, HOUR))
    if lost or not traded:
        assert bar is None
        return
    assert (bar.open, bar.close, bar.timestamp) == (traded[0].open, traded[-1].close, HOUR)
    assert (bar.high, bar.low) == (max(row.high for row in traded), min(row.low for row in traded))
    assert bar.volume == pytest.approx(7.0 * len(traded))


def test_a_bar_that_is_no_multiple_of_its_parts_is_not_made():
    assert composed("A", shorts(1), Span(0, SHORT // 5)) is None


class Feed:
    """What comes after a restart, until ``world`` is stopped."""

    def __init__(self, world, hours):
        self.world, self.hours = world, hours

    def is_over(self):
        return self.world.stops is not None and self.world.clock >= self.world.stops

    def __iter__(self):
        yield FeedStatus(self.world.clock, is_connected=True)
        for hour in self.hours:
            if self.is_over():
                return
            self.world.clock = max(self.world.clock, hour * HOUR + 2_000_000_000)
            yield Arrival(hour * HOUR, {})


class World:
    """Hours on end, a process from ``since`` until ``stops``, and a venue that has its past as far as it says."""

    def __init__(self, since, seen, history, failing=0, lag=0, stops=None):
        self.clock, self.since, self.last, self.history, self.stops = since, since, seen, history, stops
        self.failing, self.lag, self.asked, self.between = failing, lag, 0, 0

    def now(self):
        return self.clock

    def sleep(self, length):
        self.clock += length

    def short_bars(self, symbols):
        self.asked += 1
        if self.asked <= self.failing:
            raise BrokerError("nobody is there") if self.asked % 2 else BadDataError("nonsense")
        return {symbol: [one for one in self.history if one.begins + SHORT + self.lag <= self.clock] for symbol in symbols}

    def played(self, hours, skips=lambda *_: False):
        calendar = Calendar(lambda at: -(-at // HOUR) * HOUR, lambda at: (at - 1) // HOUR * HOUR)
        found = Recovered(Feed(self, hours), self, ["A"], calendar, self, self.since, lambda _: self.last, self.looked, skips)
        return [(one.timestamp // HOUR, sorted(one.bars), one.is_late) for one in found if isinstance(one, Arrival)]

    def looked(self, _now):
        self.between += 1


SINCE = 3 * HOUR + HOUR // 2
ALL = shorts(24 * 12)


def test_what_closed_while_nobody_was_there_comes_late_and_the_bar_of_the_start_in_time():
    assert World(SINCE, HOUR, ALL).played([4, 5]) == [(2, ["A"], True), (3, ["A"], True), (4, ["A"], False), (5, [], False)]


def test_what_is_known_does_not_come_again():
    assert World(SINCE, 3 * HOUR, ALL).played([4, 5]) == [(4, ["A"], False), (5, [], False)]


def test_a_process_that_starts_with_a_bar_has_missed_nothing():
    world = World(3 * HOUR, 3 * HOUR, ALL)
    assert world.played([4]) == [(4, [], False)]
    assert world.asked == 0


@pytest.mark.parametrize("lag", [10, 20])
def test_a_past_that_lags_a_little_is_waited_for_and_the_session_is_looked_after(lag):
    world = World(SINCE, 3 * HOUR, ALL, lag=lag * 1_000_000_000)
    assert world.played([4]) == [(4, ["A"], False)]
    assert world.clock < 4 * HOUR + IN_TIME
    assert world.between > 0


def test_a_past_that_comes_too_late_to_decide_on_is_done_without():
    world = World(SINCE, 3 * HOUR, ALL, lag=IN_TIME)
    assert world.played([4, 5]) == [(4, [], False), (5, [], False)]
    assert world.clock < 5 * HOUR + IN_TIME


def test_a_bar_of_the_start_that_nobody_closed_in_time_comes_late():
    assert World(SINCE, 3 * HOUR, ALL).played([5]) == [(4, ["A"], True), (5, [], False)]


def test_a_venue_that_does_not_answer_or_has_holes_costs_the_bars_and_nothing_else():
    holes = [one for one in ALL if one.begins // HOUR != 2]
    assert World(SINCE, HOUR, holes).played([4]) == [(2, ["A"], True), (4, ["A"], False)]
    assert World(SINCE, HOUR, ALL, failing=99).played([4]) == [(4, [], False)]
    assert World(SINCE, HOUR, ALL, failing=3).played([4]) == [(2, ["A"], True), (3, ["A"], True), (4, ["A"], False)]


def test_bars_of_before_a_split_are_not_made_of_prices_of_after_it():
    world = World(SINCE, HOUR, ALL)
    assert world.played([4], lambda _, close: close <= 2 * HOUR) == [(3, ["A"], True), (4, ["A"], False)]


class SetBack(World):
    """The same, on a clock that is set back by ten hours while the past is waited for."""

    def looked(self, now):
        super().looked(now)
        if self.between == 3:
            self.clock -= 10 * HOUR


@pytest.mark.parametrize("troubles", [{"lag": IN_TIME}, {"failing": 99}], ids=["lags", "does not answer"])
@pytest.mark.parametrize("seen", [HOUR, 3 * HOUR])
def test_the_past_is_not_waited_for_until_a_clock_that_was_set_back_has_caught_up(seen, troubles):
    world = SetBack(SINCE, seen, ALL, **troubles)
    world.played([4, 5])
    assert world.between <= 2 * IN_TIME // NAP


@pytest.mark.parametrize(
    ("seen", "stops", "troubles"),
    [
        (HOUR, SINCE + SECOND, {"failing": 99}),
        (3 * HOUR, 4 * HOUR + 3 * SECOND, {"lag": IN_TIME}),
        (3 * HOUR, 4 * HOUR + 3 * SECOND, {"failing": 99}),
    ],
    ids=["at the start", "a past that lags", "no answer"],
)
def test_a_session_that_is_stopped_waits_for_no_past(seen, stops, troubles):
    world = World(SINCE, seen, ALL, stops=stops, **troubles)
    world.played([4, 5])
    assert world.clock <= stops + NAP


@pytest.mark.parametrize("wrong", [{"low": 0.0}, {"high": 9.0}, {"open": float("nan")}, {"volume": -1.0}])
def test_a_past_that_cannot_be_costs_its_bar_and_no_session(wrong):
    history = [one._replace(**wrong) if one.begins == HOUR + SHORT else one for one in ALL]
    assert World(SINCE, HOUR, history).played([4]) == [(3, ["A"], True), (4, ["A"], False)]
