"""The request budget of a credential: threads and processes ask here before each request, and hold a slot until its answer."""

from __future__ import annotations

import hashlib
import itertools
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from framework.errors import BrokerError, ThrottledError
from framework.rules.pacing.refusals import Backoff, wait_after
from framework.rules.pacing.window import Pace, Waiting, closes, current, ends, leaves, next_to_leave, opens, ready_at, waits
from framework.runtime.clock import MonotonicClock
from framework.runtime.network.ledger import UsageLedger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framework.domain.request import Priority
    from framework.engine.network import Clock
    from framework.rules.pacing.refusals import Hint
    from framework.rules.pacing.window import Usage

_SECOND = 1_000_000_000
#: Who has not asked for this long does not hold up the others (ns), and how often one asks (seconds).
_STALE = 2 * _SECOND
_OFTEN, _SELDOM = 0.005, 0.5
_DEFAULT_BACKOFF = Backoff()


def pace(requests: int = 5, window: float = 15.0, order_cooldown: float = 2.0, longest: float = 30.0) -> Pace:
    """A pace from seconds; the defaults are the requirement documents'."""
    return Pace(requests, round(window * _SECOND), round(order_cooldown * _SECOND), round(longest * _SECOND))


def budget_file(folder: Path, venue: str, username: str) -> Path:
    """Where the processes of one credential meet; the name tells nobody who it is."""
    return folder / f"budget-{hashlib.sha256(f'{venue}|{username}'.encode()).hexdigest()[:16]}.db"


class SharedBudget:
    """Never more than ``pace.requests`` requests in any window, counted at the venue, over all threads, processes and restarts.

    Args:
        path: A file that all processes of the credential share.
        allowed: What the venue lets the credential do.
        clock: Monotonic, the same for all of them.
        backoff: How long to stay away after a refusal without a hint.
    """

    def __init__(self, path: Path, allowed: Pace, clock: Clock | None = None, backoff: Backoff = _DEFAULT_BACKOFF) -> None:
        self._clock = MonotonicClock() if clock is None else clock
        self._pace, self._backoff = allowed, backoff
        self._ledger = UsageLedger(path, allowed, self._clock)
        self._owner = f"{os.getpid()}.{self._clock.now_ns()}"
        self._count = itertools.count()

    @contextmanager
    def slot(self, priority: Priority, *, is_order: bool = False, patience: float) -> Iterator[None]:
        """Wait for leave to send one request, and hold it until its answer is there; see ``engine.network.RequestBudget``."""
        now = self._clock.now_ns()
        request = Waiting(f"{self._owner}.{next(self._count)}", priority, is_order, now, now)
        try:
            self._wait(request, now + round(patience * _SECOND))
            yield
        finally:
            self._end(request)

    def _wait(self, request: Waiting, until: int) -> None:
        while True:
            at = self._ask(request)
            if at is None:
                return
            now = self._clock.now_ns()
            if max(at, now + 1) > until:
                wait = max(at - now, 1) / _SECOND
                raise ThrottledError(
                    f"the request budget ({self._pace.requests} in {self._pace.window_ns / _SECOND:g} s) has no slot for a "
                    f"{request.priority.name.lower()} request in time; nothing was sent, the next is free in {wait:.1f} s",
                    wait,
                )
            # Up to the moment itself; one that is ready and not first looks again soon.
            self._clock.sleep(min(max((min(at, until) - now) / _SECOND, _OFTEN), _SELDOM))

    def _ask(self, request: Waiting) -> int | None:
        """``None`` when the request may leave, else the earliest moment it could."""
        with self._ledger.page() as page:
            now = self._clock.now_ns()  # the page may have been waited for: a time from before would be older than what stands there
            request = request._replace(seen=now)
            usage = waits(self._current(page.usage, now), request)
            may_leave = next_to_leave(usage, self._pace, now) == request
            page.usage = leaves(usage, self._pace, request, now) if may_leave else usage
            return None if may_leave else ready_at(usage, self._pace, request)

    def _end(self, request: Waiting) -> None:
        with suppress(BrokerError), self._ledger.page() as page:  # the answer has come: its place is given back when it is old
            now = self._clock.now_ns()
            left = any(one.ticket == request.ticket for one in page.usage.flying)
            page.usage = ends(self._current(page.usage, now), request.ticket, now, is_order=request.is_order and left)

    def _current(self, usage: Usage, now: int) -> Usage:
        """``usage`` as of now; requests of processes that are gone have ended."""
        dead = {one.ticket for one in usage.flying if not _is_running(int(one.ticket.split(".")[0]))}
        for ticket in dead:
            usage = ends(usage, ticket, now, is_order=False)
        return current(usage, self._pace, now, _STALE)

    def refused(self, hint: Hint | None) -> float:
        """Hear that the venue said "too many requests"; returns the seconds for which nothing will leave."""
        with self._ledger.page() as page:
            now = self._clock.now_ns()
            usage = self._current(page.usage, now)
            spread = hashlib.sha256(f"{self._owner}.{usage.failures}".encode()).digest()[0] / 256
            seconds = wait_after(usage.failures, hint, self._backoff, spread)
            page.usage = closes(usage, now, round(seconds * _SECOND))
        return seconds

    def answered(self) -> None:
        """Hear that the venue answered: the next refusal counts as the first."""
        with self._ledger.page() as page:
            page.usage = opens(self._current(page.usage, self._clock.now_ns()))

    def close(self) -> None:
        """Let the shared file go."""
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_running(process: int) -> bool:
    """Whether there is such a process; another one that got its number only delays the end of what the first had sent."""
    if os.name != "posix":  # elsewhere asking would end it; its requests end by their time
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
