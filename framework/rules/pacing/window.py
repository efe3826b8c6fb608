"""Who may send next? Never more than a number of requests in any window, the urgent ones first.

A request counts from the moment it may leave until one window after its answer: on the wire it can be as late as its answer, so
only then does the venue, whose clock is not ours, count no more than we do. All times are ns of one monotonic clock.
"""

from __future__ import annotations

from typing import NamedTuple

from framework.domain.request import Priority


class Pace(NamedTuple):
    """What a venue lets one credential do.

    Attributes:
        requests: Most requests in any window.
        window_ns: Length of the window.
        cooldown_ns: Least time between two orders.
        longest_ns: The longest a request lasts; one without an end (its process died) counts as ended then.
    """

    requests: int
    window_ns: int
    cooldown_ns: int
    longest_ns: int


class Flight(NamedTuple):
    """A request that has left and is not answered; ``until`` is the latest moment at which that can happen."""

    ticket: str
    until: int


class Waiting(NamedTuple):
    """A request that wants to leave; ``seen`` is when its process last asked."""

    ticket: str
    priority: Priority
    is_order: bool
    arrived: int
    seen: int


class Usage(NamedTuple):
    """What one credential has sent and wants to send.

    Attributes:
        flying: Requests on their way.
        ended: When those that still count were answered.
        waiting: Requests that want to leave.
        ordered_at: The last order.
        closed_until: Nothing leaves before.
        failures: Refusals in a row.
        saved_at: Its last change.
    """

    flying: tuple[Flight, ...] = ()
    ended: tuple[int, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    ordered_at: int | None = None
    closed_until: int = 0
    failures: int = 0
    saved_at: int = 0


def allowance(requests: int, priority: Priority) -> int:
    """How many requests of any kind a window may hold for one of ``priority`` to join them; a fifth is kept back at each step down.

    With 5 a window: cancels and protection 5, entries 4, status 3, data 2. What data takes is never what a cancel needs.
    """
    steps = max(0, priority - Priority.PROTECTION)
    return max(1, requests - steps * requests // 5)


def ready_at(usage: Usage, pace: Pace, request: Waiting) -> int:
    """The earliest moment for ``request`` if nobody else asked; 0 for at once."""
    counted = sorted([*usage.ended, *(flight.until for flight in usage.flying)])
    most = allowance(pace.requests, request.priority)
    free = counted[len(counted) - most] + pace.window_ns if len(counted) >= most else 0
    cool = usage.ordered_at + pace.cooldown_ns if request.is_order and usage.ordered_at is not None else 0
    return max(free, cool, usage.closed_until)


def next_to_leave(usage: Usage, pace: Pace, now: int) -> Waiting | None:
    """The most urgent request that may leave ``now``, the oldest of its kind."""
    ready = [request for request in usage.waiting if ready_at(usage, pace, request) <= now]
    return min(ready, key=lambda request: (request.priority, request.arrived, request.ticket), default=None)


def waits(usage: Usage, request: Waiting) -> Usage:
    """``request`` waits, or says that it still does."""
    others = tuple(one for one in usage.waiting if one.ticket != request.ticket)
    return usage._replace(waiting=(*others, request))


def leaves(usage: Usage, pace: Pace, request: Waiting, now: int) -> Usage:
    """``request`` leaves ``now``."""
    return usage._replace(
        flying=(*usage.flying, Flight(request.ticket, now + pace.longest_ns)),
        waiting=tuple(one for one in usage.waiting if one.ticket != request.ticket),
        ordered_at=now if request.is_order else usage.ordered_at,
    )


def ends(usage: Usage, ticket: str, now: int, *, is_order: bool) -> Usage:
    """The request with ``ticket`` was answered, or given up before it left."""
    flying = tuple(one for one in usage.flying if one.ticket != ticket)
    return usage._replace(
        flying=flying,
        ended=usage.ended if len(flying) == len(usage.flying) else (*usage.ended, now),
        waiting=tuple(one for one in usage.waiting if one.ticket != ticket),
        ordered_at=now if is_order else usage.ordered_at,
    )


def closes(usage: Usage, now: int, wait_ns: int) -> Usage:
    """The venue refused: nothing leaves for ``wait_ns``."""
    return usage._replace(closed_until=max(usage.closed_until, now + wait_ns), failures=usage.failures + 1)


def opens(usage: Usage) -> Usage:
    """The venue answered: the next refusal is the first again."""
    return usage._replace(failures=0)


def current(usage: Usage, pace: Pace, now: int, stale_ns: int) -> Usage:
    """``usage`` as of ``now``: without what no longer counts and who no longer asks; after a restart of the clock all of it is new.

    A clock that restarts (the machine did) shows less time than has passed, so that this errs to the safe side.
    """
    if usage.saved_at > now:
        usage = usage._replace(
            flying=tuple(one._replace(until=now) for one in usage.flying),
            ended=(now,) * len(usage.ended),
            waiting=(),
            ordered_at=None if usage.ordered_at is None else now,
            closed_until=now + max(0, usage.closed_until - usage.saved_at),
        )
    return usage._replace(
        flying=tuple(one for one in usage.flying if one.until + pace.window_ns > now),
        ended=tuple(at for at in usage.ended if at + pace.window_ns > now),
        waiting=tuple(one for one in usage.waiting if one.seen + stale_ns >= now),
        saved_at=now,
    )


def full(pace: Pace, now: int) -> Usage:
    """The usage to assume where what was written down cannot be read: everything was just used."""
    return Usage(ended=(now,) * pace.requests, ordered_at=now, saved_at=now)
