"""Folds: what is learned from and what is tested on never touch, and nothing is tested twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import ConfigError
from framework.research.folds import SHORTEST, Cutting, Span

SCHEMES = ("anchored", "rolling", "purged")


def test_anchored_learns_from_everything_before():
    folds = Cutting("anchored", folds=2, train=4, purge=1).of(11)
    assert folds == [((Span(0, 3),), Span(5, 7)), ((Span(0, 6),), Span(8, 10))]


def test_rolling_learns_from_as_much_each_time():
    folds = Cutting("rolling", folds=2, train=4).of(10)
    assert folds == [((Span(0, 3),), Span(4, 6)), ((Span(3, 6),), Span(7, 9))]


def test_purged_learns_from_both_sides_and_keeps_its_distance_behind():
    folds = Cutting("purged", folds=3, purge=1, embargo=2).of(30)
    assert folds == [
        ((Span(13, 29),), Span(0, 9)),
        ((Span(0, 8), Span(23, 29)), Span(10, 19)),
        ((Span(0, 18),), Span(20, 29)),
    ]


def test_half_of_all_sessions_come_before_the_first_test_when_nothing_is_said():
    assert Cutting(folds=2).of(20)[0] == ((Span(0, 9),), Span(10, 14))


@given(
    scheme=st.sampled_from(SCHEMES),
    folds=st.integers(2, 8),
    sessions=st.integers(10, 400),
    purge=st.integers(0, 5),
    embargo=st.integers(0, 5),
)
def test_what_is_learned_from_lies_apart_from_what_is_tested_on(scheme, folds, sessions, purge, embargo):
    embargo = embargo if scheme == "purged" else 0
    try:
        found = Cutting(scheme, folds, None, purge, embargo).of(sessions)
    except ConfigError as error:
        assert "are too few for --folds" in str(error)  # noqa: PT017 - few sessions and many folds are among the examples
        return
    tested = [place for _, test in found for place in range(test.first, test.last + 1)]
    assert tested == list(range(tested[0], sessions))
    assert len(found) == folds
    for train, test in found:
        for span in train:
            assert 0 <= span.first < span.last < sessions
            assert span.length >= SHORTEST
            before, behind = test.first - span.last > purge, span.first - test.last > purge + embargo
            assert before or behind
            assert before or scheme == "purged"


@pytest.mark.parametrize(
    ("cutting", "message"),
    [
        (Cutting("sideways"), "--scheme 'sideways' does not exist; choose anchored, rolling, purged"),
        (Cutting(folds=0), "--folds 0: at least 1 is needed"),
        (Cutting("purged", folds=1), "--folds 1: at least 2 is needed"),
        (Cutting(train=1), "--train 1: at least 2 is needed"),
        (Cutting(purge=-1), "--purge -1: at least 0 is needed"),
        (Cutting("purged", train=9), "--train says nothing with --scheme purged"),
        (Cutting("rolling", embargo=3), "--embargo says nothing with --scheme rolling"),
        (Cutting(folds=60), "100 sessions are too few for --folds 60"),
        (Cutting(train=99), "100 sessions are too few"),
        (Cutting(train=50, purge=60), "100 sessions are too few"),
    ],
)
def test_what_cannot_be_meant_is_refused(cutting, message):
    with pytest.raises(ConfigError, match=message):
        cutting.of(100)
