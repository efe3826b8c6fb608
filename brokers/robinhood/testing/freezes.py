"""When cancels are frozen: in a halt, and just before the open."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from brokers.robinhood.testing.clock import SECOND
from brokers.robinhood.testing.hours import REGULAR, new_york_time, next_window

if TYPE_CHECKING:
    from brokers.robinhood.testing.market import Listing

FROZEN_FROM = time(9, 25)
OPEN = time(9, 30)
_LOOK_AGAIN = 30 * SECOND


def thaw(listing: Listing, now: int) -> int:
    """The first moment (ns UTC) from ``now`` on at which a cancel can end. In a halt one looks again after half a minute."""
    if listing.halted:
        return now + _LOOK_AGAIN
    return next_window(now, REGULAR)[0] if FROZEN_FROM <= new_york_time(now) < OPEN else now
