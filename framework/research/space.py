"""What is searched: for each parameter the values it may take, and all their combinations in one order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framework.research.trial import Value


@dataclass(frozen=True, slots=True)
class Choices:
    """A parameter that takes one of ``values``, which differ from each other."""

    name: str
    values: Sequence[Value]

    def at(self, share: float) -> Value:
        """The value ``share``, in [0, 1), of the way through them; each has an equal part of it."""
        return self.values[int(share * len(self.values))]

    @property
    def is_ordered(self) -> bool:
        """Whether they are numbers in rising order, so that neighbours are alike."""
        numbers = [value for value in self.values if not isinstance(value, bool | str)]
        return len(numbers) == len(self.values) and all(low < high for low, high in pairwise(numbers))


@dataclass(frozen=True, slots=True)
class Interval:
    """A float parameter that takes any value from ``low`` to ``high``, ``low < high``."""

    name: str
    low: float
    high: float

    def at(self, share: float) -> float:
        """The value ``share``, in [0, 1), of the way from low to high."""
        return self.low + share * (self.high - self.low)


Axis = Choices | Interval


@dataclass(frozen=True, slots=True)
class Space:
    """All combinations of the values of its axes."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int | None:
        """Number of combinations; ``None`` when an axis is an interval, which has no number."""
        counts = [len(axis.values) for axis in self.axes if isinstance(axis, Choices)]
        return math.prod(counts) if len(counts) == len(self.axes) else None

    def combination(self, index: int) -> dict[str, Value]:
        """Combination ``index``, 0 to ``size`` - 1, of choices only; the last axis changes fastest."""
        found: dict[str, Value] = {}
        for axis in reversed(self.axes):
            if isinstance(axis, Choices):
                index, place = divmod(index, len(axis.values))
                found[axis.name] = axis.values[place]
        return dict(reversed(found.items()))

    def __iter__(self) -> Iterator[Axis]:
        return iter(self.axes)
