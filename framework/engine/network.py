"""What an adapter that talks to a venue is given: who may send now, and when to ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from framework.domain.request import Priority
    from framework.domain.venue_order import OutcomeKind
    from framework.rules.pacing.refusals import Hint

T = TypeVar("T")


class RequestBudget(Protocol):
    """How many requests one credential may send; shared by all threads and processes that use it."""

    def slot(self, priority: Priority, *, is_order: bool = False, patience: float) -> AbstractContextManager[None]:
        """Wait for leave to send one request, and hold it until its answer is there.

        Args:
            priority: What it is for.
            is_order: Whether it places an order, which keeps its distance from the one before.
            patience: Seconds after which it is no longer wanted.

        Raises:
            ThrottledError: It cannot leave in time; nothing was sent.
        """

    def refused(self, hint: Hint | None) -> float:
        """Hear that the venue said "too many requests"; returns the seconds for which nothing will leave."""

    def answered(self) -> None:
        """Hear that the venue answered."""


class Clock(Protocol):
    """A clock that only goes forward, the same for all processes of a machine."""

    def now_ns(self) -> int:
        """Nanoseconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Retry(Protocol):
    """Asks again where an answer was lost; for reads only."""

    def __call__(self, ask: Callable[[], T], kind_of: Callable[[T], OutcomeKind], patience: float) -> T:
        """The answer to ``ask``, asked again for at most ``patience`` seconds while ``kind_of`` says that it was lost."""
