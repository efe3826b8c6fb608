"""How often the venue was asked: every request, counted in windows, and orders by the id their sender gave them."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.testing.answers import THROTTLED, Answer
from brokers.robinhood.testing.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.robinhood.testing.clock import VirtualClock


class Seen(NamedTuple):
    """A request: when (ns UTC) it came, and what it was answered; 0 for nothing."""

    timestamp: int
    method: str
    path: str
    status: int


class Meter:
    """Requests in the order in which they came."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.posts_by_ref: Counter[str] = Counter()

    def most_in(self, seconds: float, counts: Callable[[Seen], bool] = lambda _: True) -> int:
        """The most requests in any window of ``seconds``, its end left out."""
        window: deque[int] = deque()
        most = 0
        for one in filter(counts, self.seen):
            window.append(one.timestamp)
            while window[0] <= one.timestamp - seconds * SECOND:
                window.popleft()
            most = max(most, len(window))
        return most


class Throttle:
    """At most ``limit`` requests in any ``seconds``; the rest is told to wait. No limit is 0."""

    def __init__(self, clock: VirtualClock, limit: int = 0, seconds: float = 15.0, text: str = THROTTLED, *, hint: bool = False) -> None:
        self._clock = clock
        self.limit, self.seconds, self.text, self.hint = limit, seconds, text, hint
        self._times: deque[int] = deque()

    def check(self) -> Answer | None:
        """Count a request; what it is answered if it is one too many."""
        now, span = self._clock.now(), int(self.seconds * SECOND)
        while self._times and self._times[0] <= now - span:
            self._times.popleft()
        if not self.limit or len(self._times) < self.limit:
            self._times.append(now)
            return None
        wait = -(-(self._times[0] + span - now) // SECOND)
        return Answer.json(429, {"detail": self.text.format(wait)}, {"Retry-After": str(wait)} if self.hint else None)
