"""Reads are asked again by what is known after them, orders never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.venue_order import OutcomeKind
from framework.rules.pacing.refusals import Backoff
from framework.runtime.network.retrying import ReadRetry

PASSING = {OutcomeKind.NOT_SENT, OutcomeKind.THROTTLED, OutcomeKind.UNKNOWN}


class HandClock:
    def __init__(self):
        self.now = 0

    def now_ns(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9)


class Venue:
    """Answers what it is told, each answer after a while."""

    def __init__(self, clock, answers, seconds=0.0):
        self.clock, self.answers, self.seconds, self.asked = clock, list(answers), seconds, 0

    def ask(self):
        self.clock.sleep(self.seconds)
        self.asked += 1
        return self.answers.pop(0)


def read(answers, *, attempts=4, patience=100.0, seconds=0.0):
    clock = HandClock()
    venue = Venue(clock, answers, seconds)
    answer = ReadRetry(attempts, Backoff(2.0, 15.0), clock)(venue.ask, lambda kind: kind, patience)
    return answer, venue.asked, clock.now / 1e9


def test_a_lost_answer_is_asked_for_again_after_a_growing_pause():
    assert read([OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT, OutcomeKind.ACCEPTED]) == (OutcomeKind.ACCEPTED, 3, 6.0)


@pytest.mark.parametrize("kind", sorted(set(OutcomeKind) - PASSING))
def test_what_the_venue_has_said_is_not_asked_again(kind):
    assert read([kind]) == (kind, 1, 0.0)


def test_the_last_answer_is_given_back_when_patience_ends():
    assert read([OutcomeKind.UNKNOWN] * 9, patience=7.0) == (OutcomeKind.UNKNOWN, 3, 6.0)


def test_slow_answers_use_patience_up():
    assert read([OutcomeKind.UNKNOWN] * 9, patience=7.0, seconds=4.0) == (OutcomeKind.UNKNOWN, 2, 10.0)


def test_an_exception_is_not_taken_for_an_answer():
    def fails():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        ReadRetry(clock=HandClock())(fails, lambda kind: kind, 10.0)


@given(st.lists(st.sampled_from(OutcomeKind), min_size=6, max_size=6), st.integers(1, 5), st.floats(0.0, 60.0))
def test_it_ends_at_the_first_answer_that_stands_or_at_the_last_attempt(answers, attempts, patience):
    answer, asked, seconds = read(answers, attempts=attempts, patience=patience)
    assert asked <= attempts
    assert answer == answers[asked - 1]
    assert all(kind in PASSING for kind in answers[: asked - 1])
    assert seconds <= patience
