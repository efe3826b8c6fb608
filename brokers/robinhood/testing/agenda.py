"""What will happen at the venue, in order of time."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.robinhood.testing.clock import VirtualClock


class Agenda:
    """Actions with their moments; those of one moment happen in the order in which they were written down."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._numbers = count()
        self._heap: list[tuple[int, int, Callable[[], None]]] = []

    def at(self, timestamp: int, action: Callable[[], None]) -> None:
        """Do ``action`` at ``timestamp`` (ns UTC)."""
        heappush(self._heap, (timestamp, next(self._numbers), action))

    def run_to(self, timestamp: int) -> None:
        """Move the clock to ``timestamp`` and do what is due on the way, each at its moment."""
        while self._heap and self._heap[0][0] <= timestamp:
            due, _, action = heappop(self._heap)
            self._clock.move_to(due)
            action()
        self._clock.move_to(timestamp)
