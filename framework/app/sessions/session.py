"""A session: the strategy of a config on bars that arrive, every decision on a tape that a restart goes on with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from framework.app.assembly.actions_ahead import carried
from framework.app.assembly.assemble import Coming, live_session, session
from framework.app.assembly.hosting import as_strategy_sees
from framework.app.assembly.policies import policies
from framework.app.assembly.resolved import config_hash, config_text
from framework.app.backtest.curves import Curves
from framework.app.backtest.run import record_of
from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.values import to_micros
from framework.engine.indicators import Indicators
from framework.engine.journal import Journal
from framework.engine.strategy import description_of, params_of
from framework.errors import DataError
from framework.rules.guards.state import TradingState
from framework.runtime.clock import now_ns
from framework.runtime.control.audit import command_event
from framework.runtime.sessions.marks import SHADOW_DIVERGED, STRATEGY_FAILED
from framework.runtime.sessions.recorded import recorded
from framework.runtime.sessions.taping import Taping
from framework.runtime.sessions.turns import Turns, heed
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.inputs import BARS
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from data import Dataset
    from framework.app.assembly.assemble import Simulation
    from framework.domain.market import FeedStatus
    from framework.domain.record import RunRecord
    from framework.engine.market import Market
    from framework.engine.strategy import Strategy
    from framework.errors import OnetapeError
    from framework.runtime.clock import Stopwatch
    from framework.runtime.config import Config
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.sessions.recorded import Recorded
    from framework.runtime.sessions.taped_broker import TapedBroker
    from framework.runtime.tape.chain import TapeEvent
    from framework.runtime.tape.lease import Lease


class Played(NamedTuple):
    """A session that has ended: what it was, and how many of its slices were on the tape when it began."""

    record: RunRecord
    resumed: int


def header(config: Config, strategy: Strategy) -> dict[str, object]:
    """What the tape of a session says of itself; a restart must say the same."""
    sectors = policies(config).sectors
    return {
        "mode": config.mode,
        "cash_micros": to_micros(config.account.cash),
        "strategy": type(strategy).__name__,
        "description": description_of(type(strategy)),
        # Who is told, and what it takes to trade, may change between two starts.
        "config": config_text(config, without=("alerts", "promotion")),
        "config_hash": config_hash(config),
        "sectors": {symbol: sectors[symbol] for symbol in config.universe.symbols if symbol in sectors},
    }


class Hooks(NamedTuple):
    """What a session is given besides its inputs.

    Attributes:
        on_slice: Called after each decision with its time, ns UTC.
        on_begin: Told of the turns and the parts before anything is decided: commands and the clock reach the engine through the turns.
        venue: Makes the broker that stands for a real venue; ``None`` where it is simulated.
        lease: What the process trades under.
        now: ns UTC.
        on_failure: Told when the strategy raises in a decision, and the session goes on without entries; ``None`` ends it with the error.
        stopped: Whether the session is to end, asked until it is ready.
    """

    on_slice: Callable[[int], None] = lambda _: None
    on_begin: Callable[[Turns, Simulation], None] = lambda *_: None
    venue: Callable[[Taping, Market], TapedBroker] | None = None
    lease: Lease | None = None
    now: Callable[[], int] = now_ns
    on_failure: Callable[[OnetapeError], object] | None = None
    stopped: Callable[[], bool] = lambda: False


class Parts(NamedTuple):
    """The parts of a session, and what its tape knew when it began."""

    simulation: Simulation
    turns: Turns
    taping: Taping
    history: Dataset


def session_parts(config: Config, strategy: Strategy, coming: Coming, known: Recorded, store: TapeStore | None, hooks: Hooks) -> Parts:
    """Put a session together; without ``store`` one that is only taken again."""
    journal = Journal()
    taping = Taping(store, journal, known, hooks.lease)
    history = as_strategy_sees(strategy, _history(coming, known))

    simulation: Simulation
    turns: Turns

    def slices() -> Iterator[Arrival | FeedStatus]:
        arriving = coming.arriving
        if coming.actions:
            arriving = carried(arriving, coming.actions, _last_seen(history, known), coming.awaited)
        yield from turns.arriving(arriving)  # asked for when the engine is there

    all_of_it = Coming(history, coming.span, slices())
    tell = hooks.on_failure
    failed = None if tell is None else lambda at, error: _failed(taping, simulation, tell, at, error)
    if hooks.venue is None:
        simulation = session(config, strategy, all_of_it, journal, failed)
        turns = Turns(simulation.engine, taping, lambda _: None, failed=failed, stopped=hooks.stopped)
    else:
        venue = hooks.venue
        brokers: list[TapedBroker] = []

        def broker_of(market: Market) -> TapedBroker:
            brokers.append(venue(taping, market))
            return brokers[0]

        simulation = live_session(config, strategy, all_of_it, journal, broker_of, failed)
        if simulation.shadow is not None:
            simulation.shadow.note = partial(_beside, taping, reduces=config.shadow.action == "reduce")
        turns = Turns(simulation.engine, taping, brokers[0].hear, brokers[0].go_live, failed, hooks.stopped)
    return Parts(simulation, turns, taping, history)


class Opened(NamedTuple):
    """A session that is ready for its driver.

    Attributes:
        simulation: Its parts.
        note: Called by the driver after each decision with its time, ns UTC.
        ended: Called once when the driver is through: lets the strategy finish; what was played.
    """

    simulation: Simulation
    note: Callable[[int], None]
    ended: Callable[[], Played]


def _failed(taping: Taping, simulation: Simulation, tell: Callable[[OnetapeError], object], timestamp: int, error: OnetapeError) -> None:
    """The strategy raised: no entries until a person has looked; exits, stops and the operator go on."""
    if not taping.beside(NewEvent(timestamp, STRATEGY_FAILED, {"why": str(error)})):
        return
    tell(error)
    if simulation.engine.desk.breakers.trading is TradingState.ACTIVE:
        taping.note(command_event(timestamp, OperatorCommand(CommandKind.REDUCE, "strategy", f"it raised: {error}")))


def play_session(
    config: Config, strategy: Strategy, coming: Coming, store: TapeStore, watch: Stopwatch, hooks: Hooks | None = None
) -> Played:
    """Play a session to its end, from where the tape in ``store`` left it; see ``opened_session``."""
    with opened_session(config, strategy, coming, store, watch, hooks) as opened:
        opened.simulation.driver.run(opened.note)
        return opened.ended()


@contextmanager
def opened_session(
    config: Config, strategy: Strategy, coming: Coming, store: TapeStore, watch: Stopwatch, hooks: Hooks | None = None
) -> Iterator[Opened]:
    """A session ready to be driven, from where the tape in ``store`` left it.

    Args:
        config: With the mode of the session.
        strategy: A new one; its state comes back with the turns on the tape.
        coming: What is known and what arrives. A session that goes on has its own history, and passes over what it has seen.
        store: Open, with the ``header`` of this session.
        watch: Started with the work that is to be counted.
        hooks: What else it is given.

    Raises:
        TapeError: The tape says that other decisions were taken, or cannot be written.
        DataError: Nothing arrived.
        StoppedError: It was asked to end before it was ready.
    """
    hooks = Hooks() if hooks is None else hooks
    params, known = params_of(strategy), recorded(_heeding(hooks.stopped, store.events()))
    simulation, turns, taping, history = session_parts(config, strategy, coming, known, store, hooks)
    curves = Curves(simulation.engine.desk, forecasts=True)

    def note(timestamp: int) -> None:
        curves.note(timestamp)
        if simulation.shadow is not None:
            simulation.shadow.decided()
        turns.over(timestamp)
        hooks.on_slice(timestamp)

    def ended() -> Played:
        turns.stop(hooks.now())
        if not len(curves):
            raise DataError("no bar arrived in the session")
        return Played(replace(record_of(config, strategy, history, simulation, curves, watch), params=params), _slices(known))

    taping.begin(history.series, history.first_trade)
    with simulation.broker:
        simulation.engine.start(history.first_trade)
        hooks.on_begin(turns, simulation)
        yield Opened(simulation, note, ended)


def _heeding(stopped: Callable[[], bool], events: Iterable[TapeEvent]) -> Iterator[TapeEvent]:
    for event in events:
        heed(stopped)
        yield event


def _last_seen(history: Dataset, known: Recorded) -> dict[str, int]:
    """The close of the last bar of each symbol, ns UTC."""
    seen = {symbol: int(one.timestamp[-1]) for symbol, one in history.series.items() if len(one)}
    for arrival in known.arrivals():
        seen |= dict.fromkeys(arrival.bars, arrival.timestamp)
    return seen


def _beside(taping: Taping, mark: NewEvent, *, reduces: bool) -> None:
    """Keep what the shadow says; where it says that fills have parted too far, and that is to stop entries, command it with that."""
    if taping.beside(mark) and reduces and mark.kind == SHADOW_DIVERGED:
        taping.note(command_event(mark.timestamp, OperatorCommand(CommandKind.REDUCE, "shadow", str(mark.payload["why"]))))


def _slices(known: Recorded) -> int:
    return sum(event.kind == BARS for event in known.inputs)


def _history(coming: Coming, known: Recorded) -> Dataset:
    if not known.history:
        return coming.history
    return replace(coming.history, series=known.history, first_trade=known.first, indicators=Indicators())
