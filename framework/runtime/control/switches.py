"""Ways to stop that need no database: a file, a signal, and the silence of the operator."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from framework.domain.command import CommandKind, OperatorCommand
from framework.errors import ConfigError
from framework.runtime.clock import steady_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Switch(Protocol):
    """Something that may say stop."""

    def poll(self) -> OperatorCommand | None:
        """What it says, once."""
        ...


class HaltFile:
    """While there is a file at ``path``, trading is halted; what stands in it is the reason."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = False

    def poll(self) -> OperatorCommand | None:
        """A halt, once for each time the file appears."""
        try:
            there = self.path.exists()
        except OSError:
            there = True  # a disk that does not say is no reason to go on
        if there and not self._told:
            self._told = True
            return OperatorCommand(CommandKind.HALT, f"file {self.path.name}", self._reason())
        self._told = there
        return None

    def forget(self) -> None:
        """Halt again if the file is still there."""
        self._told = False

    def _reason(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").strip()[:200] or "it is there"
        except OSError as error:
            return f"it is there ({error.strerror})"


class HaltSignal:
    """SIGUSR1 halts."""

    def __init__(self) -> None:
        self._seen = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Catch the signal within the block.

        Raises:
            ConfigError: This is not the main thread, which alone can.
        """
        if threading.current_thread() is not threading.main_thread():
            raise ConfigError("signals reach the main thread only: run the trading loop there")
        before = signal.signal(signal.SIGUSR1, lambda _number, _frame: self._note())
        try:
            yield
        finally:
            signal.signal(signal.SIGUSR1, before)

    def _note(self) -> None:
        self._seen = True

    @property
    def is_up(self) -> bool:
        """Whether the signal came and the loop has not heard of it yet: it may be in the middle of a batch."""
        return self._seen

    def poll(self) -> OperatorCommand | None:
        """A halt, if the signal came since the last time."""
        if not self._seen:
            return None
        self._seen = False
        return OperatorCommand(CommandKind.HALT, "signal USR1", "sent by another process")


#: In whose name the dead man's switch commands.
DEAD_MAN = "dead man's switch"


def _awake_or_not() -> float:
    return steady_ns() / 1e9


class DeadMansSwitch:
    """Stops entries when nothing was heard of the operator for ``seconds``; again only after something was."""

    def __init__(self, seconds: float, clock: Callable[[], float] = _awake_or_not) -> None:
        self._seconds = seconds
        self._clock = clock
        self._heard = clock()
        self._told = False

    def heard(self) -> None:
        """The operator, or the channel that reaches them, is there."""
        self._heard = self._clock()
        self._told = False

    def go_on(self, silence: float, *, was_told: bool) -> None:
        """The operator was heard ``silence`` seconds ago, by an earlier process; ``was_told``: it has stopped entries since."""
        self._heard = self._clock() - max(silence, 0.0)  # a wall clock that was set back proves nothing
        self._told = was_told

    def poll(self) -> OperatorCommand | None:
        """A command that stops entries, once for each silence."""
        if self._told or self._clock() - self._heard < self._seconds:
            return None
        self._told = True
        return OperatorCommand(CommandKind.REDUCE, DEAD_MAN, f"nothing was heard of the operator for {self._seconds:g} s")
