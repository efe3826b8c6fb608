"""Bars of a session as it happens: quotes are asked for until a bar closes, then the bar arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from framework.domain.market import FeedStatus
from framework.errors import BrokerError, DataError
from framework.runtime.sessions.upkeep import is_due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.sessions.bar_builder import BarBuilder, Tick

SECOND = 1_000_000_000
#: The longest sleep, so that a stop or a command is heard soon.
NAP = SECOND // 40
#: So many questions in a row without an answer, and quotes do not come any more.
LOST_AFTER = 3


class Time(Protocol):
    """Whose clock it is: the wall's, or one that a rehearsal or a test moves."""

    def now(self) -> int:
        """Ns since 1970, UTC."""

    def sleep(self, length: int) -> None:
        """Wait ``length`` ns."""


class QuoteSource(Protocol):
    """Where last trades are asked for."""

    def ticks(self, symbols: Sequence[str]) -> list[Tick]:
        """The last trade of each of ``symbols`` that has one.

        Raises:
            BrokerError: No answer, or none that can be read.
            DataError: The answer makes no sense.
        """


class Pace(NamedTuple):
    """How often quotes are asked for, and how long after a bar's close its last ones are waited for; ns."""

    poll: int = 5 * SECOND
    grace: int = 2 * SECOND


class QuoteFeed:
    """What arrives from now until ``until`` (ns UTC; ``None`` for ever), or until ``stopped`` says so.

    ``between(now)`` is called at least every 50 ms with the time: commands, heartbeat, and whether data still come.

    Attributes:
        failures: Questions for quotes that failed, and why the last one did.
        closing: The close of the bar that is decided on next, ns UTC; 0 before there is one.
    """

    def __init__(
        self,
        source: QuoteSource,
        builder: BarBuilder,
        symbols: Sequence[str],
        time: Time,
        pace: Pace,
        *,
        bounds: Callable[[int], tuple[int, int]],
        stopped: Callable[[], bool],
        between: Callable[[int], object],
        until: int | None = None,
    ) -> None:
        self._source = source
        self._builder = builder
        self._symbols = symbols
        self._time = time
        self._pace = pace
        self._bounds = bounds
        self._stopped = stopped
        self._between = between
        self._until = until
        self._due = 0
        self._unanswered = 0
        self._is_connected = True
        self.failures: tuple[int, str] = (0, "")
        self.closing = 0

    def __iter__(self) -> Iterator[Arrival | FeedStatus]:
        while not self.is_over():
            # A clock that was set back does not lead to a bar that was decided on.
            self.closing = close = self._builder.next_close(max(self._time.now(), self._builder.closed) + 1)
            while (now := self._time.now()) < close + self._pace.grace:
                if self.is_over():
                    return
                self._look(now)
                if self._is_connected is not (self._unanswered < LOST_AFTER):
                    self._is_connected = not self._is_connected
                    yield FeedStatus(now, self._is_connected)
            yield self._builder.close(close)

    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self._stopped() or (self._until is not None and self._time.now() >= self._until)

    def _look(self, now: int) -> None:
        opened, _ = self._bounds(now)
        if now > opened and is_due(now, self._due, self._pace.poll):
            self._due = now + self._pace.poll
            self._ask()
        self._between(now)
        self._time.sleep(NAP)

    def _ask(self) -> None:
        try:
            ticks = self._source.ticks(self._symbols)
        except (BrokerError, DataError) as error:
            self.failures = self.failures[0] + 1, str(error)
            self._unanswered += 1
            return
        self._unanswered = 0
        for tick in ticks:
            self._builder.take(tick)
