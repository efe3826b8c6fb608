"""Asking again: reads only, by what is known after the answer and never by the type of an exception, inside one deadline.

An order is never asked for again here: whether that is safe is for the order manager to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_result

from framework.domain.venue_order import OutcomeKind
from framework.rules.pacing.refusals import Backoff, wait_after
from framework.runtime.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.engine.network import Clock

T = TypeVar("T")

#: A read after one of these is worth asking again; after the others the venue has said what it has to say.
_PASSING = frozenset({OutcomeKind.NOT_SENT, OutcomeKind.THROTTLED, OutcomeKind.UNKNOWN})
_SECOND = 1_000_000_000
_NAP = 0.25
_DEFAULT_BACKOFF = Backoff(longest=15.0)


class ReadRetry:
    """Repeats a read whose answer was lost, late or refused for its rate; returns the last answer, whatever it is.

    Args:
        attempts: How often it is asked at most, the first time included.
        backoff: Seconds between two attempts.
        clock: Waits.
        stopped: Whether nobody wants an answer any more that has to be waited for; ``None`` for never.
    """

    def __init__(
        self,
        attempts: int = 4,
        backoff: Backoff = _DEFAULT_BACKOFF,
        clock: Clock | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self._attempts, self._backoff, self._stopped = attempts, backoff, stopped
        self._clock = MonotonicClock() if clock is None else clock

    def __call__(self, ask: Callable[[], T], kind_of: Callable[[T], OutcomeKind], patience: float) -> T:
        """The answer to ``ask``; ``patience`` is in seconds for all attempts together."""
        until = self._clock.now_ns() + round(patience * _SECOND)

        def must_stop(state: RetryCallState) -> bool:
            is_late = self._clock.now_ns() + round(state.upcoming_sleep * _SECOND) >= until
            return is_late or state.attempt_number >= self._attempts or (self._stopped is not None and self._stopped())

        def pause(state: RetryCallState) -> float:
            return wait_after(state.attempt_number - 1, None, self._backoff, 0.0)

        repeated = Retrying(
            retry=retry_if_result(lambda answer: kind_of(answer) in _PASSING),
            stop=must_stop,
            wait=pause,
            sleep=self._pause,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else ask(),
        )
        return repeated(ask)

    def _pause(self, seconds: float) -> None:
        """In naps where somebody may stop it, so that it is heard."""
        if self._stopped is None:
            self._clock.sleep(seconds)
            return
        while seconds > 0.0 and not self._stopped():
            self._clock.sleep(min(seconds, _NAP))
            seconds -= _NAP
