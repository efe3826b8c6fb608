"""A session: the strategy of a config on bars that arrive, every decision on a tape that a restart goes on with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from framework.app.assemble import Coming, session
from framework.app.curves import Curves
from framework.app.hosting import guest_of
from framework.app.policies import policies
from framework.app.resolved import config_hash, config_text
from framework.app.run import record_of
from framework.domain.values import to_micros
from framework.engine.indicators import Indicators
from framework.engine.journal import Journal
from framework.engine.strategy import description_of, params_of
from framework.errors import ConfigError, DataError
from framework.runtime.sessions.taping import Taping, recorded
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Dataset
    from framework.domain.record import RunRecord
    from framework.engine.strategy import Strategy
    from framework.runtime.clock import Stopwatch
    from framework.runtime.config import Config
    from framework.runtime.control.control import Control
    from framework.runtime.sessions.taping import Recorded


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
        "config": config_text(config),
        "config_hash": config_hash(config),
        "sectors": {symbol: sectors[symbol] for symbol in config.universe.symbols if symbol in sectors},
    }


def play_session(
    config: Config,
    strategy: Strategy,
    coming: Coming,
    store: TapeStore,
    control: Control,
    watch: Stopwatch,
    on_slice: Callable[[int], None] = lambda _: None,
) -> Played:
    """Play a session to its end, from where the tape in ``store`` left it.

    Args:
        config: With the mode of the session.
        strategy: A new one; its state comes back with the slices on the tape.
        coming: What is known and what arrives. A session that goes on has its own history, and passes over what it has seen.
        store: Open, with the ``header`` of this session.
        control: Says what was commanded.
        watch: Started with the work that is to be counted.
        on_slice: Called after each decision with its time, ns UTC.

    Raises:
        TapeError: The tape says that other decisions were taken, or cannot be written.
        DataError: Nothing arrived.
        ConfigError: The strategy is one of backtrader's.
    """
    if guest_of(strategy) is not None:
        raise ConfigError(f"{type(strategy).__name__} is a bt.Strategy, which trades in a backtest only; write a framework.Strategy for it")
    params, known, journal = params_of(strategy), recorded(store.events()), Journal()
    taping = Taping(store, journal, known, control)
    history = _history(coming, known)
    simulation = session(config, strategy, Coming(history, coming.span, taping.arriving(coming.arriving), taping.obeyed), journal)
    curves = Curves(simulation.engine.desk, forecasts=True)

    def note(timestamp: int) -> None:
        curves.note(timestamp)
        taping.after(timestamp, simulation.engine.desk.valuation.equity(), simulation.engine.desk.book.cash_micros)
        on_slice(timestamp)

    taping.begin(history.series, history.first_trade)
    with simulation.broker:
        simulation.engine.start(history.first_trade)
        simulation.driver.run(note)
        simulation.engine.stop()
    if not len(curves):
        raise DataError("no bar arrived in the session")
    return Played(replace(record_of(config, strategy, history, simulation, curves, watch), params=params), len(known.slices))


def _history(coming: Coming, known: Recorded) -> Dataset:
    if not known.history:
        return coming.history
    return replace(coming.history, series=known.history, first_trade=known.first, indicators=Indicators())
