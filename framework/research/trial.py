"""A trial and what came of it; and who turns the one into the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Value = bool | int | float | str
Params = Mapping[str, Value]
#: A figure, a text, or ``None`` where the trial has no such figure.
Metrics = Mapping[str, float | str | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting to try: its number in the search, counted from 0, and the value of every parameter that is searched."""

    number: int
    params: Params


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: its metrics, or the ``error`` that ended it."""

    trial: Trial
    metrics: Metrics = field(default_factory=dict)
    error: str = ""


class Evaluate(Protocol):
    """Runs trials. One call takes several, so that whoever can run many at once may; it answers in their order and raises for none."""

    def __call__(self, trials: Sequence[Trial]) -> list[Outcome]:
        """The outcome of each of ``trials``."""
        ...


#: Makes an ``Evaluate``; it is pickled to every worker, with the data.
Recipe = Callable[[], Evaluate]
