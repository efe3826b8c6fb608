"""Worker processes once they are worth their start: many searches are over before one would have loaded its libraries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framework.research.trial import Trial
    from framework.research.workers import Answer, Workers

#: CPU seconds of trials after which it is known how long the others will take. A busy machine says nothing: processes would share it.
LOOKS = 1.0
#: CPU seconds of work that are worth more processes; each takes about one to start.
WORTH = 4.0


class Patient:
    """``alone`` works until the rest of ``trials`` would take it ``WORTH`` CPU seconds; then the workers that ``more`` makes."""

    def __init__(self, alone: Workers, more: Callable[[], Workers], trials: int) -> None:
        self._workers, self._more, self._left = alone, more, trials
        self._is_alone, self._has_begun = True, False
        self._seconds, self._timed = 0.0, 0
        self._entered: list[Workers] = []

    @property
    def count(self) -> int:
        """How many work at a time."""
        return self._workers.count

    @property
    def free(self) -> int:
        """How many of them have nothing to do."""
        return self._workers.free

    def submit(self, trials: Sequence[Trial]) -> None:
        """Give ``trials`` to a free one."""
        self._workers.submit(trials)

    def wait(self) -> list[Answer]:
        """Block until some have answered."""
        start = time.process_time()
        answers = self._workers.wait()
        if self._is_alone:
            self._learn(sum(len(one.trials) for one in answers), time.process_time() - start)
        return answers

    def _learn(self, done: int, seconds: float) -> None:
        """``done`` trials took ``seconds``; the first ones, which load and prepare what all need, say nothing about the others."""
        self._left -= done
        if not self._has_begun:
            self._has_begun = True
            return
        self._seconds, self._timed = self._seconds + seconds, self._timed + done
        if self._seconds > LOOKS and self._left * self._seconds / self._timed > WORTH:
            self._is_alone = False
            self._enter(self._more())

    def _enter(self, workers: Workers) -> None:
        self._workers = workers.__enter__()
        self._entered.append(self._workers)

    def __enter__(self) -> Self:
        self._enter(self._workers)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        for one in reversed(self._entered):
            one.__exit__(kind, *rest)
