"""Every state a small system can get into, and the shortest way to each that must not be."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

State = TypeVar("State", bound=Hashable)


class Step(NamedTuple, Generic[State]):
    """One thing that may happen next. ``settles``: it happens by itself when nobody interferes any more."""

    name: str
    state: State
    settles: bool = False


class Found(NamedTuple):
    """What was found: how many states there are, and the shortest trace to each fault."""

    states: int
    traces: dict[str, tuple[str, ...]]

    @property
    def faults(self) -> set[str]:
        return set(self.traces)


def explored(
    start: State, steps: Callable[[State], Iterable[Step[State]]], faults: Callable[[State, bool], Iterable[str]], most: int = 10_000_000
) -> Found:
    """Breadth first through all states; ``faults(state, is_quiet)`` names what is wrong there. A quiet state settles no further."""
    came_from: dict[State, tuple[str, State] | None] = {start: None}
    waiting = deque([start])
    traces: dict[str, tuple[str, ...]] = {}
    while waiting:
        state = waiting.popleft()
        following = list(steps(state))
        for fault in faults(state, not any(step.settles for step in following)):
            traces.setdefault(fault, trace(came_from, state))
        for step in following:
            if step.state not in came_from:
                came_from[step.state] = (step.name, state)
                waiting.append(step.state)
        assert len(came_from) <= most, "too many states"
    return Found(len(came_from), traces)


def trace(came_from: dict[State, tuple[str, State] | None], state: State) -> tuple[str, ...]:
    """The names of the steps that lead to ``state``."""
    names = []
    while (origin := came_from[state]) is not None:
        name, state = origin
        names.append(name)
    return tuple(reversed(names))
