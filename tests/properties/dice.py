"""Numbers for an example, drawn from one seed: ordinary ones, and now and then the worst there are."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")

NAN, INF = math.nan, math.inf
#: Floats that no price, risk or signal should be.
ODD = (NAN, INF, -INF, 0.0, -0.0, 5e-324, 1e-300, -1e-9, 1e15, 1e300, -1e300, 1.7e308)
#: Micro-dollars: none, the smallest, around the step of the tick, beyond the integers a float holds.
ODD_PRICES = (0, 0, 1, 2, 99, 10_000, 999_999, 1_000_000, 10**15, 2**53 + 1, 10**18)


class Dice:
    """Draws that repeat exactly for one seed; ``odd`` is how often a number is one of the odd ones."""

    def __init__(self, seed: bytes, odd: float = 0.0) -> None:
        self._random = Random(seed)  # noqa: S311 - draws of a test
        self._odd = odd

    def chance(self, probability: float) -> bool:
        """Whether something that probable happens."""
        return self._random.random() < probability

    def one_of(self, options: Sequence[_T]) -> _T:
        """Any of ``options``."""
        return self._random.choice(options)

    def shuffled(self, options: Sequence[_T]) -> list[_T]:
        """All of ``options`` in some order."""
        return self._random.sample(options, len(options))

    def count(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``."""
        return self._random.randint(low, high)

    def between(self, low: float, high: float) -> float:
        """A number between two others."""
        return self._random.uniform(low, high)

    def spread(self, low: float, high: float) -> float:
        """A number between two positive ones, every order of magnitude as likely as the next."""
        return low * (high / low) ** self._random.random()

    def number(self, low: float, high: float) -> float:
        """The same, or an odd number."""
        return self._random.choice(ODD) if self.chance(self._odd) else self.spread(low, high)

    def maybe(self, probability: float, low: float, high: float) -> float | None:
        """The same so often, else nothing."""
        return self.number(low, high) if self.chance(probability) else None

    def millionths(self, low: float, high: float) -> float:
        """The same on the grid that limits are kept to."""
        return round(self.spread(low, high), 6)

    def price(self) -> int:
        """Micro-dollars, on the cent or odd."""
        return self._random.choice(ODD_PRICES) if self.chance(self._odd) else round(100.0 * self.spread(0.5, 2_000.0)) * 10_000
