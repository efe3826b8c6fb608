"""A session on quotes: bars are built as they come, the operator is listened to, and a venue is looked after or imitated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from data.calendar import session_clock
from data.request import bar_length
from framework.app.assembly.actions_ahead import actions_ahead
from framework.app.assembly.assemble import Coming
from framework.app.assembly.hosting import guest_of
from framework.app.sessions.jump_watch import JumpWatch
from framework.app.sessions.session import Hooks, opened_session
from framework.domain.command import CommandKind
from framework.runtime.sessions.bar_builder import BarBuilder
from framework.runtime.sessions.quote_feed import Pace, QuoteFeed
from framework.runtime.sessions.recovery import Calendar, Recovered
from framework.runtime.sessions.turns import obey
from framework.runtime.sessions.upkeep import SECOND, Job, Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from data import Dataset
    from framework.app.assembly.assemble import Simulation
    from framework.app.sessions.session import Opened, Played
    from framework.domain.market import FeedStatus
    from framework.engine.strategy import Strategy
    from framework.errors import OnetapeError
    from framework.runtime.clock import Stopwatch
    from framework.runtime.config import Config
    from framework.runtime.control.control import Control
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.sessions.live_desk import LiveDesk
    from framework.runtime.sessions.quote_feed import QuoteSource, Time
    from framework.runtime.sessions.recovery import PastSource
    from framework.runtime.sessions.turns import Turns
    from framework.runtime.tape.lease import Lease
    from framework.runtime.tape.store import TapeStore


class Feed(NamedTuple):
    """Where quotes come from, whose clock it is, and when it ends: ``until`` is ns UTC, ``None`` for never.

    ``past`` is where bars are asked for that were missed since the last one on the tape; ``None`` where they are not. ``asked`` says that
    somebody wants an end, which is heard while it starts too.
    """

    source: QuoteSource
    time: Time
    stopped: Callable[[], bool]
    until: int | None = None
    pace: Pace = Pace()
    past: PastSource | None = None
    asked: Callable[[], bool] = lambda: False


class Crew(NamedTuple):
    """Who else is there.

    Attributes:
        desk: The venue's side; ``None`` where it is simulated.
        control: The operator's commands; ``None`` where nobody commands.
        lease: What the process trades under.
        jobs: What more is looked after between bars.
        on_slice: Told of each decision, ns UTC.
        on_begin: Told of the parts before anything is decided.
        rotate: Begins the log files anew, and names them; ``None`` where there are none.
        last_four: Of the account: an override has to name them; ``None`` where no money is at stake.
        on_failure: Told when the strategy raises; the session goes on without entries.
    """

    desk: LiveDesk | None = None
    control: Control | None = None
    lease: Lease | None = None
    jobs: Sequence[Job] = ()
    on_slice: Callable[[int], None] = lambda _: None
    on_begin: Callable[[Simulation], None] = lambda _: None
    rotate: Callable[[], Sequence[str]] | None = None
    last_four: str | None = None
    on_failure: Callable[[OnetapeError], object] = lambda _: None


def play_forward(
    config: Config, strategy: Strategy, history: Dataset, store: TapeStore, watch: Stopwatch, feed: Feed, crew: Crew
) -> Played:
    """Play a session on the quotes of ``feed`` to its end; see ``opened_forward``."""
    with opened_forward(config, strategy, history, store, watch, feed, crew) as opened:
        opened.simulation.driver.run(opened.note)
        return opened.ended()


@contextmanager
def opened_forward(
    config: Config, strategy: Strategy, history: Dataset, store: TapeStore, watch: Stopwatch, feed: Feed, crew: Crew
) -> Iterator[Opened]:
    """A session on the quotes of ``feed``, from where the tape in ``store`` left it; ``history`` are the bars known before.

    Raises:
        TapeError: The tape says that other decisions were taken, or cannot be written.
        SafetyError: The account is not known.
        DataError: No bar closed.
    """
    now = feed.time.now()
    first = min(int(one.timestamp[0]) for one in history.series.values() if len(one))
    bounds = session_clock(first, now, config.data.calendar)
    builder = BarBuilder(bounds, bar_length(config.data.resolution), since=now)
    upkeep = Upkeep()
    arriving = QuoteFeed(
        feed.source,
        builder,
        config.universe.symbols,
        feed.time,
        feed.pace,
        bounds=bounds,
        stopped=feed.stopped,
        between=upkeep,
        until=feed.until,
    )

    declared = actions_ahead(config.data, config.universe.symbols) if crew.desk is None else crew.desk.actions
    parts: list[Simulation] = []
    coming_bars: Iterable[Arrival | FeedStatus] = arriving
    if feed.past is not None and guest_of(strategy) is None:

        def seen(symbol: str) -> int:
            return parts[0].market.closed_at(symbol)

        def skips(symbol: str, close: int) -> bool:
            """Its prices would be in the shares of after the split."""
            return any(one.symbol == symbol and one.split != 1.0 and one.since >= close for one in declared if one.since < feed.time.now())

        calendar = Calendar(builder.next_close, builder.opened)
        coming_bars = Recovered(arriving, feed.past, config.universe.symbols, calendar, feed.time, now, seen, upkeep, skips)
    watch_jumps = JumpWatch(coming_bars, declared)

    def begin(turns: Turns, simulation: Simulation) -> None:
        upkeep.take_on(_jobs(turns, crew, lambda: arriving.closing))
        watch_jumps.begin(turns, simulation.market)
        parts.append(simulation)
        if crew.desk is not None:
            crew.desk.serve(simulation.engine)
        crew.on_begin(simulation)

    venue = None if crew.desk is None else crew.desk.broker_of
    hooks = Hooks(crew.on_slice, begin, venue, crew.lease, feed.time.now, crew.on_failure, feed.asked)
    coming = Coming(history, (first, now), watch_jumps, declared)
    if crew.desk is not None:
        coming = coming._replace(awaited=crew.desk.awaits)
    with opened_session(config, strategy, coming, store, watch, hooks) as opened:
        yield opened


def _jobs(turns: Turns, crew: Crew, closing: Callable[[], int]) -> list[Job]:
    """In the order of their urgency."""
    jobs = list(crew.jobs)
    if crew.control is not None:
        jobs.append(Job(0, lambda now: _obey(now, turns, crew)))  # at each turn of the loop, 25 ms apart
    if crew.desk is not None:
        jobs += crew.desk.jobs(turns, closing)
    return [*jobs, Job(SECOND, turns.look)]


def _obey(now: int, turns: Turns, crew: Crew) -> None:
    """Carry the operator's commands out."""
    if crew.control is None:
        return
    for command in crew.control.poll():
        if command.kind is CommandKind.OVERRIDE and crew.last_four not in (None, command.arguments.get("confirm")):
            crew.control.done(now, command, {"refused": "an override has to --confirm the last four characters of the account"})
            continue
        before = {} if crew.desk is None else crew.desk.obey(command)
        if command.kind is CommandKind.ROTATE and crew.rotate is not None:
            before = {"rotated": list(crew.rotate())}
        obey(turns, crew.control, now, command, before)
