"""What to try next: a search is asked for trials and told what came of them."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, Protocol

import numpy as np

from framework.errors import ConfigError
from framework.research.drawing import shuffled, uniform
from framework.research.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from framework.domain.market import Integers
    from framework.research.space import Space
    from framework.research.trial import Outcome, Params, Value

    Meets = Callable[[Params], bool]

#: Combinations in a row that may miss the condition before a search of a huge space gives up.
MOST_MISSES = 100_000
#: A grid beyond this is counted for minutes and run for years.
LARGEST_GRID = 10_000_000


class Search(Protocol):
    """Numbers its trials from 0 and proposes the same ones again when it is made again."""

    @property
    def total(self) -> int:
        """How many trials it will have proposed in the end."""
        ...

    def ask(self, most: int) -> list[Trial]:
        """Up to ``most`` new trials; none when all are proposed, or as long as it must hear of those that run."""
        ...

    def tell(self, outcomes: Iterable[Outcome]) -> None:
        """What came of trials."""
        ...


class Listed:
    """A search whose trials do not depend on outcomes: those of ``trials`` whose numbers are not among ``done``."""

    def __init__(self, trials: Callable[[], Iterator[Trial]], done: Integers) -> None:
        self.total = sum(1 for _ in trials())
        open_ = np.ones(self.total, dtype=np.bool_)
        open_[done[done < self.total]] = False
        self._trials = (trial for trial in trials() if open_[trial.number])

    def ask(self, most: int) -> list[Trial]:
        """The next of them."""
        return list(islice(self._trials, most))

    def tell(self, outcomes: Iterable[Outcome]) -> None:
        """Nothing: the list is made already."""


def grid(space: Space, meets: Meets, done: Integers) -> Listed:
    """Every combination that meets the condition, in order.

    Raises:
        ConfigError: An axis has no step, the grid is too large, or no combination meets the condition.
    """
    size = space.size
    if size is None:
        name = next(axis.name for axis in space if not hasattr(axis, "values"))
        raise ConfigError(f"--param {name} has no step, so a grid has no end; write FROM:TO:STEP, or take --sampler random or tpe")
    if size > LARGEST_GRID:
        raise ConfigError(
            f"the grid has {size:,} combinations, at most {LARGEST_GRID:,} are allowed; take larger steps or --sampler random"
        )
    found = Listed(lambda: _numbered(filter(meets, map(space.combination, range(size)))), done)
    if not found.total:
        raise ConfigError(f"--where leaves none of {size:,} combinations; change it, or the ranges of --param")
    return found


def at_random(space: Space, meets: Meets, seed: int, trials: int, done: Integers) -> Listed:
    """``trials`` combinations that meet the condition, drawn by ``seed``, none twice; all there are if there are fewer.

    Raises:
        ConfigError: (Almost) no combination meets the condition.
    """
    return Listed(lambda: _numbered(islice(drawn(space, meets, seed), trials)), done)


def _numbered(found: Iterable[dict[str, Value]]) -> Iterator[Trial]:
    return (Trial(number, params) for number, params in enumerate(found))


def drawn(space: Space, meets: Meets, seed: int) -> Iterator[dict[str, Value]]:
    """Combinations that meet the condition in random order, none twice; without end where an axis is an interval.

    Raises:
        ConfigError: None does, or so few that they are not worth the search.
    """
    hits, misses = 0, 0
    endless = space.size is None or space.size > LARGEST_GRID
    for params in _candidates(space, seed):
        if meets(params):
            hits, misses = hits + 1, 0
            yield params
        elif (misses := misses + 1) >= MOST_MISSES and endless:
            raise ConfigError(f"--where left out {misses:,} combinations in a row after {hits:,} others; narrow the ranges of --param")
    if not hits:
        raise ConfigError("--where leaves no combination at all; change it, or the ranges of --param")


def _candidates(space: Space, seed: int) -> Iterator[dict[str, Value]]:
    size = space.size
    if size is not None:
        return (space.combination(shuffled(index, size, seed)) for index in range(size))
    return ({axis.name: axis.at(uniform(seed, number, axis.name)) for axis in space} for number in count())
