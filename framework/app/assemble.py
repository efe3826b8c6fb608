"""The composition root: from a config to parts that fit together. The only place where modes and venues are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.app.costs import fee_schedule, slippage_model
from framework.app.policies import policies
from framework.app.venues import venue_of
from framework.domain.book import Book
from framework.domain.values import to_micros
from framework.engine.engine import Engine
from framework.engine.indicators import Indicators
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.schedule import Schedule
from framework.rules import fills

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from data import Dataset
    from framework.domain.market import FinerBars
    from framework.engine.ports import Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.arrivals import Arrival
    from framework.runtime.config import Config

#: Inside each finer bar the extreme that hurts comes first.
_PATHS = (
    ("pessimistic", fills.PESSIMISTIC),
    ("optimistic", fills.OPTIMISTIC),
    ("nearest", fills.NEAREST),
    ("finer", fills.PESSIMISTIC),
)


class Simulation(NamedTuple):
    """The parts of a backtest."""

    market: Market
    broker: SimulatedBroker
    engine: Engine
    journal: Journal
    driver: Driver


def backtest(config: Config, strategy: Strategy, dataset: Dataset) -> Simulation:
    """Recorded bars and a simulated venue behind the one engine."""
    from framework.app.hosting import driver_of

    parts = _parts(config, strategy, dataset, dataset)
    return Simulation(*parts, driver_of(config, strategy, parts.market, parts.broker, parts.engine))


def session(config: Config, strategy: Strategy, dataset: Dataset, arriving: Iterable[Arrival] | None = None) -> Simulation:
    """A session on bars that arrive, with a simulated venue: behind the one engine stands the history of ``dataset`` alone.

    Without ``arriving`` its bars from ``first_trade`` on arrive one after the other, as fast as they are worked through.
    """
    from framework.runtime.arrivals import arrivals, known_before
    from framework.runtime.realtime import RealtimeDriver

    first = dataset.first_trade
    history = replace(dataset, series=known_before(dataset.series, first), indicators=Indicators())
    parts = _parts(config, strategy, history, dataset)
    coming = arrivals(dataset.series, first) if arriving is None else arriving
    return Simulation(*parts, RealtimeDriver(parts.market, parts.engine, parts.broker.on_slice, coming))


class _Parts(NamedTuple):
    market: Market
    broker: SimulatedBroker
    engine: Engine
    journal: Journal


def _parts(config: Config, strategy: Strategy, known: Dataset, ranged: Dataset) -> _Parts:
    """``known`` bars stand in the market at once; those of ``ranged`` say for which days the calendar is needed."""
    from data.calendar import session_clock

    daily = config.data.resolution == "1d"
    market = Market(known.series, daily=daily, indicators=known.indicators)
    cash = to_micros(config.account.cash)
    bounds = session_clock(*_range(ranged), config.data.calendar)
    decided = policies(config)
    broker = SimulatedBroker(market, venue_of(config), cash, fill_model(config, known.finer), bounds, decided.account)
    journal = Journal()
    schedule = Schedule(bounds, daily=daily)
    engine = Engine(strategy, market, broker, Book(cash), decided, journal, schedule, due_bars(ranged, config))
    return _Parts(market, broker, engine, journal)


def fill_model(config: Config, finer: Mapping[str, FinerBars]) -> FillModel:
    """How the simulated venue fills."""
    section = config.fills
    return FillModel(
        path=dict(_PATHS)[section.path],
        through=section.limit_fill == "through",
        volume_share=section.max_volume_share,
        slippage=slippage_model(config),
        fees=fee_schedule(config),
        finer=finer,
        compat=section.compat == "backtrader",
    )


def due_bars(dataset: Dataset, config: Config) -> Callable[[int], int]:
    """Counts the bars that were due up to a time (ns UTC)."""
    from data.due import DueBars

    return DueBars(*_range(dataset), config.data.resolution, config.data.calendar)


def _range(dataset: Dataset) -> tuple[int, int]:
    """The first and the last bar's close, ns UTC."""
    times = [one.timestamp for one in dataset.series.values() if len(one)]
    return min(int(one[0]) for one in times), max(int(one[-1]) for one in times)
