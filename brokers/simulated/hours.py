"""Which orders work on a bar outside of regular hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.order import Order


class Hours:
    """The hours of a venue; daily bars are never outside of them.

    ``bounds(timestamp)`` is the open and close, ns UTC, of the session in which a bar closed, of the next one between sessions.
    ``extended`` is how long before the one and after the other orders for extended hours work, ns.
    """

    def __init__(self, bounds: Callable[[int], tuple[int, int]], extended: tuple[int, int], *, daily: bool) -> None:
        self._bounds = bounds
        self._before, self.after = extended
        self._daily = daily
        self._found: tuple[int, bool, bool] = (0, True, True)

    def admit(self, order: Order, now: int) -> bool:
        """Whether ``order`` works on a bar that closes at ``now``."""
        if self._daily:
            return True
        if self._found[0] != now:
            self._found = (now, *self._at(now))
        _, regular, extended = self._found
        return regular or (extended and order.extended_hours)

    def _at(self, now: int) -> tuple[bool, bool]:
        """Whether ``now`` is inside of regular and of extended hours."""
        opened, _ = self._bounds(now)
        last_close = self._bounds(now - self.after)[1]
        return now > opened, now > opened - self._before or last_close < now
