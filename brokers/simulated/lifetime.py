"""How long an order works: from when, until when, and what is said when its time is over."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.endings import GTC_OVER
from framework.domain.order import TimeInForce
from framework.engine.market import session_end, session_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Before and after any bar, ns UTC.
ALWAYS, NEVER = -(2**63), 2**63

#: Why an order of this time in force has expired.
OVER: Mapping[TimeInForce, str] = MappingProxyType(
    {
        TimeInForce.DAY: "day order at the end of its session",
        TimeInForce.GTC: GTC_OVER,
        TimeInForce.IOC: "nothing traded in its session",
        TimeInForce.FOK: "nothing traded in its session",
        TimeInForce.OPG: "the opening is over",
        TimeInForce.CLS: "the close is over",
    }
)


def lifetime(
    force: TimeInForce, now: int, bounds: Callable[[int], tuple[int, int]], gtc_days: int | None, after: int = 0
) -> tuple[int, int]:
    """(starts, expires) in ns UTC of an order accepted at ``now``: it trades on bars that close after the one and not after the other.

    ``bounds(timestamp)`` gives open and close of the session a bar's close lies in, of the next one between sessions. What is accepted at a
    session's close works in the next one. An order for the opening waits for the next opening there is. ``after`` is how long a day goes on
    behind the close, ns: 0, or the extended hours of an order that works in them.
    """
    if force is TimeInForce.GTC:
        return ALWAYS, NEVER if gtc_days is None else session_end(session_number(now) + gtc_days)
    if force is TimeInForce.DAY:
        return ALWAYS, bounds(now + 1 - after)[1] + after
    opened, closed = bounds(now + 1)
    if force is not TimeInForce.OPG:
        return ALWAYS, closed
    return (opened, closed) if now <= opened else bounds(closed + 1)
