"""Is what a tape says decided again? Its inputs through the same functions, and every fact compared."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from data import Dataset
from framework.app.assembly.assemble import Coming, backtest, span_of
from framework.app.assembly.hosting import as_strategy_reads
from framework.app.assembly.loader import load_strategy
from framework.app.assembly.venues import venue_of
from framework.app.sessions.session import Hooks, session_parts
from framework.errors import BadDataError, ConfigError, PartedError, SafetyError
from framework.runtime.loading import validated
from framework.runtime.sessions.marks import DECIDED, FORMING, INPUTS, STRATEGY_FAILED, is_fact
from framework.runtime.sessions.recorded import Fact, bars_of, fact_of, facts_of, first_difference, recorded
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.tape.reading import read_bars
from framework.runtime.tape.recording import FIRST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framework.app.assembly.assemble import Simulation
    from framework.domain.market import BarSeries, FinerBars
    from framework.engine.market import Market
    from framework.engine.ports import Broker, BrokerListener
    from framework.engine.strategy import Strategy
    from framework.errors import OnetapeError
    from framework.runtime.config import Config
    from framework.runtime.sessions.recorded import Difference
    from framework.runtime.sessions.taping import Taping
    from framework.runtime.tape.chain import TapeEvent


class Replayed(NamedTuple):
    """What deciding a tape again gave.

    Attributes:
        mode: Of the run on the tape.
        facts: How many decisions and happenings were compared.
        difference: The first one that is not the same; ``None`` when all are.
        before: The facts just before it, which are the same in both.
    """

    mode: str
    facts: int
    difference: Difference | None
    before: tuple[Fact, ...]


def replay(tape: str | Path, beside: Path | None = None) -> Replayed:
    """Decide the run on ``tape`` (a file or a URL) again; the strategy's module is looked for in ``beside`` or in the current folder.

    Raises:
        DataError: There is no tape, or it cannot be read.
        ConfigError: The strategy cannot be loaded any more.
    """
    with TapeStore.attach(tape) as store:
        events = list(store.events())
    header = events[0].payload if events and events[0].kind == FIRST else {}
    try:
        config = validated(tomllib.loads(str(header["config"])), "the config on the tape")
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise BadDataError(f"{tape}: the first event does not say what was run ({error}): it is no tape of a run") from None
    if "script" in header:
        raise ConfigError(f"{tape} is of a script's own Cerebro: run the script with resume=..., which takes all its decisions again")
    strategy = load_strategy(config.strategy.path, config.strategy.params, beside or Path.cwd(), config.strategy.cerebro)
    config = as_strategy_reads(strategy, config)
    if config.mode != "backtest":
        return _compared(config.mode, events, _as_far_as_written(events, _session_again(config, strategy, events)))
    simulation = _of_backtest(config, strategy, tape, events)
    with simulation.broker:
        simulation.engine.start(events[0].timestamp)
        simulation.driver.run(lambda _: None)
        simulation.engine.stop()
    return _compared(config.mode, events, facts_of(simulation.journal))


def _compared(mode: str, events: Sequence[TapeEvent], found: Sequence[Fact]) -> Replayed:
    written = [fact_of(event) for event in events if is_fact(event.kind)]
    difference = first_difference(written, found)
    place = len(written) if difference is None else difference.place
    return Replayed(mode, len(written), difference, tuple(written[max(place - 3, 0) : place]))


def _as_far_as_written(events: Sequence[TapeEvent], found: Sequence[Fact]) -> Sequence[Fact]:
    """``found``, without what a process that died in the middle of a turn did not come to write down."""
    heard = [event.kind for event in events if event.kind in INPUTS]
    is_whole = not heard or heard[-1] in (DECIDED, FORMING)
    return found if is_whole else found[: sum(is_fact(event.kind) for event in events)]


def _of_backtest(config: Config, strategy: Strategy, tape: str | Path, events: Sequence[TapeEvent]) -> Simulation:
    bars = read_bars(tape if "://" in str(tape) else Path(tape))
    series = {symbol: one for symbol, one in bars.items() if symbol in config.universe.symbols}
    finer = {symbol: _finer(series[symbol], one) for name, one in bars.items() if (symbol := name.split()[0]) in series and name != symbol}
    return backtest(config, strategy, Dataset(series, events[0].timestamp, (), finer))


def _finer(coarse: BarSeries, finer: BarSeries) -> FinerBars:
    from data.calendar import sessions_of_days
    from data.finding import NS_PER_DAY
    from data.finer import made_of

    days = (int(coarse.timestamp[0]) // NS_PER_DAY, int(coarse.timestamp[-1]) // NS_PER_DAY)
    return made_of(coarse, finer, sessions_of_days(*days, "XNYS"))[0]


def _session_again(config: Config, strategy: Strategy, events: Sequence[TapeEvent]) -> list[Fact]:
    """What is decided on the inputs of a session, as far as it asks for what the tape has."""
    known = recorded(events)
    history = Dataset(known.history, known.first, ())
    coming = Coming(history, span_of(Dataset(bars_of(known), 0, ())), ())
    venue = None if config.mode == "paper" else _venue_again(config)
    simulation, turns, _, _ = session_parts(config, strategy, coming, known, None, Hooks(venue=venue, on_failure=_may_fail(events)))
    with suppress(PartedError, _EndError), simulation.broker:
        simulation.engine.start(known.first)
        simulation.driver.run(turns.over)
    return facts_of(simulation.journal)


def _may_fail(events: Sequence[TapeEvent]) -> Callable[[OnetapeError], object] | None:
    """A session that went on when its strategy raised is taken again as such."""
    return (lambda _: None) if any(event.kind == STRATEGY_FAILED for event in events) else None


class _EndError(SafetyError):
    """The tape has nothing more to say, and nobody else is asked."""


def _venue_again(config: Config) -> Callable[[Taping, Market], TapedBroker]:
    def nobody(_listener: BrokerListener) -> Broker:
        raise _EndError("the tape ends here")

    def broker_of(taping: Taping, market: Market) -> TapedBroker:
        return TapedBroker(taping, venue_of(config), market, nobody, lambda: 0)

    return broker_of
