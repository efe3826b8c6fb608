"""Time cut into parts to learn from and parts to be tested on, which never touch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Scheme = Literal["anchored", "rolling", "purged"]
SCHEMES: tuple[str, ...] = get_args(Scheme)
#: A decision at one session fills at the next.
SHORTEST = 2


class Span(NamedTuple):
    """Sessions ``first`` to ``last``, both included, counted from 0."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many sessions; 0 or below where there are none."""
        return self.last - self.first + 1


class Fold(NamedTuple):
    """Where parameters are chosen, and where that choice is tested."""

    train: tuple[Span, ...]
    test: Span


class Cutting(NamedTuple):
    """How time is cut.

    Attributes:
        scheme: ``anchored``: everything before the test; ``rolling``: as many sessions before each; ``purged``: everything but the test
            (k-fold, Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 7).
        folds: How many tests.
        train: Sessions before the first test (anchored), before each (rolling); half of all when ``None``. None of ``purged``.
        purge: Sessions left out on both sides between learning and test, as long as what is held or forecast reaches.
        embargo: Sessions left out behind a test as well before learning goes on (``purged``).
    """

    scheme: str = "anchored"
    folds: int = 5
    train: int | None = None
    purge: int = 0
    embargo: int = 0

    def of(self, sessions: int) -> list[Fold]:
        """The folds of so many ``sessions``, oldest test first.

        Raises:
            ConfigError: An argument cannot be meant, or there are too few sessions.
        """
        self._check()
        found = list(self._k_fold(sessions) if self.scheme == "purged" else self._forward(sessions))
        short = min(span.length for fold in found for span in (*fold.train, fold.test))
        if short < SHORTEST:
            raise ConfigError(
                f"{sessions} sessions are too few for --folds {self.folds}: a part would have {max(short, 0)}, it needs {SHORTEST}; "
                "take fewer folds, a shorter --train, --purge or --embargo, or a longer range of [data]"
            )
        return found

    def _check(self) -> None:
        if self.scheme not in SCHEMES:
            raise ConfigError(f"--scheme {self.scheme!r} does not exist; choose {', '.join(SCHEMES)}")
        least = {"folds": 2 if self.scheme == "purged" else 1, "train": SHORTEST, "purge": 0, "embargo": 0}
        for name, lowest in least.items():
            given = getattr(self, name)
            if given is not None and given < lowest:
                raise ConfigError(f"--{name} {given}: at least {lowest} is needed")
        if self.scheme == "purged" and self.train is not None:
            raise ConfigError("--train says nothing with --scheme purged, which learns from everything but the test; leave it out")
        if self.scheme != "purged" and self.embargo:
            raise ConfigError(f"--embargo says nothing with --scheme {self.scheme}, which never learns behind a test; leave it out")

    def _forward(self, sessions: int) -> Iterator[Fold]:
        length = sessions // 2 if self.train is None else self.train
        start = min(length + self.purge, sessions)
        for test in _blocks(start, sessions, self.folds):
            last = test.first - self.purge - 1
            yield Fold((Span(0 if self.scheme == "anchored" else last - length + 1, last),), test)

    def _k_fold(self, sessions: int) -> Iterator[Fold]:
        for test in _blocks(0, sessions, self.folds):
            before = Span(0, test.first - self.purge - 1)
            after = Span(test.last + self.purge + self.embargo + 1, sessions - 1)
            kept = tuple(span for span in (before, after) if span.length >= SHORTEST)
            yield Fold(kept or (before,), test)


def _blocks(start: int, stop: int, count: int) -> Iterator[Span]:
    """``start`` to ``stop`` - 1 in ``count`` parts as equal as can be."""
    edges = [start + (stop - start) * place // count for place in range(count + 1)]
    return (Span(first, last - 1) for first, last in pairwise(edges))
