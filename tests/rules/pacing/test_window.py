"""The window of requests, over any pattern of arrivals and a clock of its own."""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.request import Priority
from framework.rules.pacing.window import (
    Flight,
    Pace,
    Usage,
    Waiting,
    allowance,
    closes,
    current,
    ends,
    full,
    leaves,
    next_to_leave,
    opens,
    ready_at,
    waits,
)

FOREVER = 10**15


class Arrival(NamedTuple):
    at: int
    priority: Priority
    is_order: bool
    lasts: int  # ns until its answer
    seen_after: int  # ns after it left at which the venue counts it, at most ``lasts``
    refused_for: int  # 0: answered


class Left(NamedTuple):
    arrival: Arrival
    at: int
    counted: int
    usage: Usage


def played(pace: Pace, arrivals: list[Arrival]) -> list[Left]:
    """Every arrival by the rules, on a clock that jumps from one event to the next."""
    usage, left = Usage(), []
    asked = {f"t{number}": one for number, one in enumerate(arrivals)}
    pending = sorted((one.at, ticket) for ticket, one in asked.items())
    heapq.heapify(pending)
    flying: list[tuple[int, str]] = []
    now = 0
    while pending or flying or usage.waiting:
        moments = [pending[0][0]] if pending else []
        moments += [flying[0][0]] if flying else []
        moments += [max(now, ready_at(usage, pace, request)) for request in usage.waiting]
        now = max(now, min(moments))
        usage = current(usage, pace, now, FOREVER)
        while pending and pending[0][0] <= now:
            _, ticket = heapq.heappop(pending)
            usage = waits(usage, Waiting(ticket, asked[ticket].priority, asked[ticket].is_order, asked[ticket].at, now))
        while flying and flying[0][0] <= now:
            _, ticket = heapq.heappop(flying)
            usage = ends(usage, ticket, now, is_order=asked[ticket].is_order)
            refusal = asked[ticket].refused_for
            usage = closes(usage, now, refusal) if refusal else opens(usage)
        while (request := next_to_leave(usage, pace, now)) is not None:
            one = asked[request.ticket]
            left.append(Left(one, now, now + min(one.seen_after, one.lasts), usage))
            usage = leaves(usage, pace, request, now)
            heapq.heappush(flying, (now + one.lasts, request.ticket))
    return left


def used(usage: Usage) -> int:
    """How many requests count."""
    return len(usage.flying) + len(usage.ended)


paces = st.builds(Pace, st.integers(1, 12), st.integers(1, 60), st.integers(0, 20), st.just(40))
arrivals = st.builds(
    Arrival,
    st.integers(0, 120),
    st.sampled_from(Priority),
    st.booleans(),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([0, 0, 0, 9]),
)
patterns = st.lists(arrivals, max_size=40)


@given(paces, patterns)
def test_the_venue_never_counts_more_than_the_budget_in_any_window(pace, pattern):
    counted = sorted(one.counted for one in played(pace, pattern))
    assert all(later - first >= pace.window_ns for first, later in zip(counted, counted[pace.requests :], strict=False))


@given(paces, patterns)
def test_every_request_leaves_in_the_end(pace, pattern):
    assert len(played(pace, pattern)) == len(pattern)


@given(paces, patterns)
def test_orders_keep_their_distance(pace, pattern):
    times = [one.at for one in played(pace, pattern) if one.arrival.is_order]
    assert all(later - first >= pace.cooldown_ns for first, later in pairwise(times))


@given(paces, patterns)
def test_nothing_leaves_while_a_more_urgent_request_could(pace, pattern):
    for one in played(pace, pattern):
        ready = [waiting for waiting in one.usage.waiting if ready_at(one.usage, pace, waiting) <= one.at]
        assert min(waiting.priority for waiting in ready) == one.arrival.priority


@given(st.builds(Pace, st.integers(5, 12), st.integers(1, 60), st.just(0), st.just(40)), patterns)
def test_a_cancel_waits_for_its_own_kind_and_never_for_data(pace, pattern):
    """At any moment at which a cancel has to wait for the window, data and status have no more than what is theirs."""
    for one in played(pace, pattern):
        by_data = allowance(pace.requests, Priority.DATA)
        if one.arrival.priority is Priority.DATA:
            assert used(one.usage) < by_data
        for waiting in one.usage.waiting:
            if waiting.priority is Priority.CANCEL and one.usage.closed_until <= one.at < ready_at(one.usage, pace, waiting):
                assert used(one.usage) >= pace.requests


@given(paces, patterns)
def test_no_request_waits_without_a_reason(pace, pattern):
    """Whoever waits is kept by the window, the cooldown, a refusal, or by somebody more urgent who leaves at this moment."""
    for one in played(pace, pattern):
        after = leaves(one.usage, pace, next_to_leave(one.usage, pace, one.at), one.at)
        for waiting in after.waiting:
            if next_to_leave(after, pace, one.at) is None:
                assert ready_at(after, pace, waiting) > one.at


@given(paces, patterns, st.integers(0, 50))
def test_a_clock_that_starts_anew_gives_nothing_back(pace, pattern, now):
    for one in played(pace, pattern):
        after = leaves(one.usage, pace, next_to_leave(one.usage, pace, one.at), one.at)._replace(saved_at=10**9)
        again = current(after, pace, now, FOREVER)
        assert used(again) == used(after)
        assert all(at == now for at in (*again.ended, *(flight.until for flight in again.flying)))
        assert again.closed_until - now == max(0, after.closed_until - 10**9)


@pytest.mark.parametrize(
    ("requests", "expected"), [(1, (1, 1, 1, 1, 1)), (2, (2, 2, 2, 2, 1)), (5, (5, 5, 4, 3, 2)), (256, (256, 256, 205, 154, 103))]
)
def test_each_step_down_leaves_a_fifth_to_the_more_urgent(requests, expected):
    assert tuple(allowance(requests, priority) for priority in Priority) == expected


def test_what_cannot_be_read_counts_as_everything_just_used():
    pace = Pace(3, 10, 5, 40)
    request = Waiting("a", Priority.CANCEL, False, 100, 100)
    assert ready_at(full(pace, 100), pace, request) == 110


def test_who_has_not_asked_for_long_holds_nobody_up():
    usage = Usage(waiting=(Waiting("gone", Priority.CANCEL, False, 0, 0), Waiting("here", Priority.DATA, False, 0, 90)))
    assert [one.ticket for one in current(usage, Pace(1, 10, 0, 40), 100, 50).waiting] == ["here"]


def test_a_request_without_an_answer_counts_as_long_as_it_can_last():
    pace = Pace(1, 10, 0, 40)
    usage = leaves(Usage(), pace, Waiting("a", Priority.DATA, False, 0, 0), 0)
    assert usage.flying == (Flight("a", 40),)
    assert ready_at(usage, pace, Waiting("b", Priority.CANCEL, False, 1, 1)) == 50
