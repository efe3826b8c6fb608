"""Who evaluates trials: what every kind of worker offers, and the simplest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.research.trial import Evaluate, Outcome, Recipe, Trial


class Answer(NamedTuple):
    """What came back for ``trials``: their outcomes, or ``lost``, the reason why their worker died."""

    trials: Sequence[Trial]
    outcomes: Sequence[Outcome]
    lost: str = ""


class Workers(Protocol):
    """Some workers, from ``with`` to its end; leaving by an exception stops them at once."""

    @property
    def count(self) -> int:
        """How many work at a time."""
        ...

    @property
    def free(self) -> int:
        """How many of them have nothing to do."""
        ...

    def submit(self, trials: Sequence[Trial]) -> None:
        """Give ``trials`` to a free one."""
        ...

    def wait(self) -> list[Answer]:
        """Block until some have answered; their answers, or none when a worker has become free otherwise."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None: ...


class InProcess:
    """The calling process itself, for small searches and for debuggers."""

    count = 1

    def __init__(self, recipe: Recipe) -> None:
        self._evaluate: Evaluate = recipe()
        self._trials: Sequence[Trial] = ()

    @property
    def free(self) -> int:
        """1 when it is not waited for."""
        return int(not self._trials)

    def submit(self, trials: Sequence[Trial]) -> None:
        """Keep ``trials`` for ``wait``."""
        self._trials = trials

    def wait(self) -> list[Answer]:
        """Evaluate them."""
        trials, self._trials = self._trials, ()
        return [Answer(trials, self._evaluate(trials))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Nothing to stop."""
