"""Is what a tape says decided again? Its inputs through the same functions, and every fact compared."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from data import Dataset
from framework.app.assemble import Coming, backtest, session, span_of
from framework.app.hosting import as_strategy_reads
from framework.app.loader import load_strategy
from framework.engine.journal import Journal
from framework.errors import BadDataError
from framework.runtime.control.audit import KINDS
from framework.runtime.loading import validated
from framework.runtime.sessions.taping import DECIDED, HISTORY, Fact, bars_of, facts_of, first_difference, recorded
from framework.runtime.tape.chain import canonical
from framework.runtime.tape.inputs import BARS
from framework.runtime.tape.reading import read_bars
from framework.runtime.tape.recording import FIRST, LAST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.app.assemble import Simulation
    from framework.domain.market import BarSeries, FinerBars
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config
    from framework.runtime.sessions.taping import Difference
    from framework.runtime.tape.chain import TapeEvent

#: Events of a session that are inputs or marks, and no facts.
_MARKS = frozenset({FIRST, LAST, HISTORY, BARS, DECIDED, *KINDS})


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
    strategy = load_strategy(config.strategy.path, config.strategy.params, beside or Path.cwd(), config.strategy.cerebro)
    config = as_strategy_reads(strategy, config)
    simulation = _of_session(config, strategy, events) if config.mode != "backtest" else _of_backtest(config, strategy, tape, events)
    with simulation.broker:
        simulation.engine.start(events[0].timestamp if config.mode == "backtest" else recorded(events).first)
        simulation.driver.run(lambda _: None)
        simulation.engine.stop()
    return _compared(config.mode, events, facts_of(simulation.journal))


def _compared(mode: str, events: Sequence[TapeEvent], found: Sequence[Fact]) -> Replayed:
    written = [Fact(event.timestamp, event.kind, canonical(event.payload)) for event in events if event.kind not in _MARKS]
    difference = first_difference(written, found)
    place = len(written) if difference is None else difference.place
    return Replayed(mode, len(written), difference, tuple(written[max(place - 3, 0) : place]))


def _of_backtest(config: Config, strategy: Strategy, tape: str | Path, events: Sequence[TapeEvent]) -> Simulation:
    bars = read_bars(Path(tape))
    series = {symbol: one for symbol, one in bars.items() if symbol in config.universe.symbols}
    finer = {symbol: _finer(series[symbol], one) for name, one in bars.items() if (symbol := name.split()[0]) in series and name != symbol}
    return backtest(config, strategy, Dataset(series, events[0].timestamp, (), finer))


def _finer(coarse: BarSeries, finer: BarSeries) -> FinerBars:
    from data.calendar import sessions_of_days
    from data.finding import NS_PER_DAY
    from data.finer import made_of

    days = (int(coarse.timestamp[0]) // NS_PER_DAY, int(coarse.timestamp[-1]) // NS_PER_DAY)
    return made_of(coarse, finer, sessions_of_days(*days, "XNYS"))[0]


def _of_session(config: Config, strategy: Strategy, events: Sequence[TapeEvent]) -> Simulation:
    known = recorded(events)
    history = Dataset(known.history, known.first, ())
    coming = Coming(history, span_of(Dataset(bars_of(known), 0, ())), known.arriving())
    return session(config, strategy, coming, Journal())
