"""What is looked after between bars: each thing now and then, in the order given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECOND = 1_000_000_000


def is_due(now: int, due: int, every: int) -> bool:
    """Whether what is done every so many ns, next at ``due``, is to be done ``now`` (ns UTC): later, or on a clock that was set back."""
    return not due - every <= now < due


@dataclass(slots=True)
class Job:
    """Something that is done every so many ns; ``due`` is when it is done next, ns UTC."""

    every: int
    act: Callable[[int], object]
    due: int = 0


class Upkeep:
    """Call it often with the time, ns UTC."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def take_on(self, jobs: Sequence[Job]) -> None:
        """Do ``jobs`` from now on, after those that were there."""
        self._jobs.extend(jobs)

    def __call__(self, now: int) -> None:
        """Do what is due."""
        for job in self._jobs:
            if is_due(now, job.due, job.every):
                job.due = now + job.every
                job.act(now)
