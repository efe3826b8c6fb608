"""When a session on quotes ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.calendar import session_bounds
from framework.runtime.clock import now_ns
from framework.runtime.sessions.upkeep import SECOND

if TYPE_CHECKING:
    from framework.app.sessions.wishes import Wish

HOUR = 3_600 * SECOND
#: A close is waited for so much longer than its bar, ns, so that what is decided on it is sent.
AFTER_CLOSE = 30 * SECOND


def ends_at(wish: Wish, calendar: str, leave_until: int | None) -> int | None:
    """As is wished, and before the leave ends, ns UTC; ``None`` for never."""
    now = now_ns()
    ends = [] if wish.length is None else [now + wish.length]
    if wish.until_close:
        ends.append(session_close(now, calendar) + AFTER_CLOSE)
    if leave_until is not None:
        ends.append(leave_until - AFTER_CLOSE)
    return min(ends, default=None)


def session_close(timestamp: int, calendar: str) -> int:
    """When the session ends that a time (ns UTC) lies in, or the next one."""
    import numpy as np

    return int(session_bounds(np.array([timestamp]), calendar)[1][0])
