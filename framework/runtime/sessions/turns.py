"""The engine's turns in a session: those of the tape are taken again, then new ones as bars, commands and time come."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.market import FeedStatus
from framework.errors import OrderError, StoppedError, StrategyError
from framework.runtime.sessions.marks import (
    COMMANDED,
    FED,
    FORMING,
    HEARD,
    LATE,
    LOOKED,
    RESUMED,
    STOPPED,
    TRACES,
    command_mark,
    fed_mark,
    read_command_mark,
    read_fed_mark,
)
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.inputs import BARS, bars_event, read_arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from framework.domain.command import OperatorCommand
    from framework.engine.engine import Engine
    from framework.runtime.control.control import Control
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.sessions.driver import Failed
    from framework.runtime.sessions.taping import Taping
    from framework.runtime.tape.chain import TapeEvent


class Turns:
    """Lets ``engine`` take its turns, each written down by ``taping``.

    ``hear`` is told of reports on the tape. ``ready`` is called once, when the tape has nothing more to say and before anything new comes.
    ``failed`` is told when the strategy raises at its end; ``None`` lets the error through. ``stopped`` says that the session is to end.
    """

    def __init__(
        self,
        engine: Engine,
        taping: Taping,
        hear: Callable[[TapeEvent], None],
        ready: Callable[[], None] = lambda: None,
        failed: Failed | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._engine = engine
        self._taping = taping
        self._hear = hear
        self._ready = ready
        self._failed = failed
        self._stopped = stopped
        self._last = 0

    def arriving(self, coming: Iterable[Arrival | FeedStatus]) -> Iterator[Arrival | FeedStatus]:
        """The slices on the tape, then those of ``coming`` that are later; what lies between them happens in between.

        Raises:
            StoppedError: The session is to end, and the tape has more to say.
        """
        is_late = False
        while self._taping.is_behind:
            heed(self._stopped)
            event = self._taping.next()
            if event.kind == LATE:
                is_late = True
            elif event.kind == BARS:
                arrival, is_late = read_arrival(event)._replace(is_late=is_late), False
                self._last = arrival.timestamp
                yield arrival
            elif event.kind == FED:
                yield read_fed_mark(event)
            else:
                self._again(event)
        self._taping.caught_up()
        self._ready()
        for came in coming:
            if isinstance(came, FeedStatus):
                self._taping.note(fed_mark(came))
                yield came
            elif came.timestamp > self._last:
                self._arrived(came)
                yield came

    def _arrived(self, came: Arrival) -> None:
        if came.is_late:
            self._taping.note(NewEvent(came.timestamp, LATE, {}))
        self._taping.note(bars_event(came))
        self._last = came.timestamp

    def _again(self, event: TapeEvent) -> None:
        if event.kind == FORMING:
            self._engine.on_forming(event.timestamp)
        elif event.kind in HEARD | TRACES | {RESUMED}:
            self._hear(event)
        else:
            self._turn(event)
            self.over(event.timestamp)

    def _turn(self, event: TapeEvent) -> None:
        if event.kind == LOOKED:
            self._engine.on_clock(event.timestamp)
        elif event.kind == COMMANDED:
            self._engine.on_command(event.timestamp, read_command_mark(event))
        elif event.kind == STOPPED:
            self._stop(event.timestamp)

    def over(self, timestamp: int) -> None:
        """The turn of ``timestamp`` (ns UTC) is over."""
        desk = self._engine.desk
        self._taping.over(timestamp, desk.valuation.equity(), desk.book.cash_micros)

    # --- between bars

    @property
    def now(self) -> int:
        """The engine's time, ns UTC."""
        return self._engine.forming

    def forming(self, closes: int) -> None:
        """A bar is forming that will close then (ns UTC): what happens meanwhile belongs to it, as in a backtest."""
        if self._engine.forming < closes:
            self._taping.note(NewEvent(closes, FORMING, {}))
            self._engine.on_forming(closes)

    def look(self, now: int) -> None:
        """Let the engine see what time it is (ns UTC)."""
        mark, before = NewEvent(now, LOOKED, {}), self._engine.desk.breakers.state
        self._taping.note(mark)
        self._engine.on_clock(now)
        if self._engine.desk.breakers.state != before or not self._taping.forgets(mark):
            self.over(now)

    def command(self, now: int, command: OperatorCommand) -> Mapping[str, object]:
        """The operator says so at ``now`` (ns UTC); what came of it."""
        self._taping.note(command_mark(now, command))
        effect = self._engine.on_command(now, command)
        self.over(now)
        return effect

    def stop(self, now: int) -> None:
        """Let the strategy finish."""
        self._taping.note(NewEvent(now, STOPPED, {}))
        self._stop(now)
        self.over(now)

    def _stop(self, now: int) -> None:
        try:
            self._engine.stop()
        except (StrategyError, OrderError) as error:
            if self._failed is None:
                raise
            self._failed(now, error)


def heed(stopped: Callable[[], bool]) -> None:
    """End a start that is not wanted any more.

    Raises:
        StoppedError: ``stopped()``.
    """
    if stopped():
        raise StoppedError("stopped before it was ready; nothing was decided")


class Commanded:
    """Slices that come by themselves; before each of them, and behind the last, what was commanded meanwhile is carried out."""

    def __init__(self, coming: Iterable[Arrival | FeedStatus], control: Control) -> None:
        self._coming = coming
        self._control = control
        self._turns: Turns | None = None

    def begin(self, turns: Turns) -> None:
        """Commands reach the engine through ``turns``."""
        self._turns = turns

    def __iter__(self) -> Iterator[Arrival | FeedStatus]:
        for arrival in self._coming:
            self._obey()
            yield arrival
        self._obey()

    def _obey(self) -> None:
        if self._turns is not None:
            for command in self._control.poll():
                obey(self._turns, self._control, self._turns.now, command)


def obey(turns: Turns, control: Control, now: int, command: OperatorCommand, before: Mapping[str, object] = MappingProxyType({})) -> None:
    """Carry ``command`` out at ``now`` (ns UTC), and tick it off with what came of it, ``before`` it reached the engine too."""
    control.done(now, command, {**before, **turns.command(now, command)})
