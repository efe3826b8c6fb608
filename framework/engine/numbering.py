"""How many orders were decided on at a time: their ids are numbered by it, and a restart numbers them the same."""

from __future__ import annotations

#: Times that are remembered.
RECENT = 64


class Numbering:
    """Counts. Time goes back by a few bars at most: one that comes late belongs to its own close, while a later one is forming."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def next(self, now: int) -> int:
        """The number of the next order of ``now`` (ns UTC), from 1 on."""
        counts = self._counts
        count = counts[now] = counts.get(now, 0) + 1
        if len(counts) > RECENT:
            del counts[next(iter(counts))]
        return count
