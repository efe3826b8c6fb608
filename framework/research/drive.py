"""The loop of a search: ask, hand out, take in, write down."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from framework.research.trial import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framework.research.search import Search
    from framework.research.store import Store
    from framework.research.trial import Trial
    from framework.research.workers import Answer, Workers

#: Work is handed out in parts of about so many seconds, so that quick trials do not wait for their post.
PART_SECONDS = 0.25
LARGEST_PART = 256
#: Outcomes are on disk after so many seconds; after a kill at most these trials run again.
FLUSH_SECONDS = 5.0


class Drive:
    """Runs what ``search`` proposes on ``workers`` and keeps it in ``store``; what is known when Ctrl-C ends it is kept too.

    ``on_outcomes`` is told of outcomes at once, ``on_disk`` when they are kept.
    """

    def __init__(
        self,
        search: Search,
        workers: Workers,
        store: Store,
        on_outcomes: Callable[[Sequence[Outcome]], None],
        on_disk: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self._search, self._workers, self._store = search, workers, store
        self._on_outcomes, self._on_disk = on_outcomes, on_disk
        #: First trial of a part that is out -> when it went.
        self._sent: dict[int, float] = {}
        self._seconds_a_trial = PART_SECONDS
        #: Trials under which a worker died get a second chance, each alone.
        self._again: deque[Trial] = deque()
        self._lost_once: set[int] = set()
        self._kept_at = time.perf_counter()

    def run(self) -> None:
        """Run the search to its end."""
        try:
            while not (self._hand_out() and not self._sent):
                for answer in self._workers.wait():
                    self._take(answer)
                if self._store.is_full or time.perf_counter() - self._kept_at > FLUSH_SECONDS:
                    self._keep()
        finally:
            self._keep()

    def _hand_out(self) -> bool:
        """Give every free worker a part; says whether one was left without."""
        while self._workers.free:
            part = [self._again.popleft()] if self._again else self._search.ask(self._part_size())
            if not part:
                return True
            self._sent[part[0].number] = time.perf_counter()
            self._workers.submit(part)
        return False

    def _part_size(self) -> int:
        return min(max(int(PART_SECONDS / self._seconds_a_trial), 1), LARGEST_PART)

    def _take(self, answer: Answer) -> None:
        seconds = time.perf_counter() - self._sent.pop(answer.trials[0].number)
        if answer.lost:
            self._take_lost(answer)
            return
        self._seconds_a_trial = (self._seconds_a_trial + seconds / len(answer.trials)) / 2
        self._record(answer.outcomes)

    def _take_lost(self, answer: Answer) -> None:
        for trial in answer.trials:
            if trial.number in self._lost_once:
                self._record([Outcome(trial, error=f"{answer.lost}, twice")])
            else:
                self._lost_once.add(trial.number)
                self._again.append(trial)

    def _record(self, outcomes: Sequence[Outcome]) -> None:
        self._store.add(outcomes)
        self._search.tell(outcomes)
        self._on_outcomes(outcomes)

    def _keep(self) -> None:
        self._on_disk(self._store.flush())
        self._kept_at = time.perf_counter()
