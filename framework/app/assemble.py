"""The composition root: from a config to parts that fit together. The only place where modes and venues are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.app.costs import fee_schedule, slippage_model
from framework.app.hosting import SessionParts, guest_of, hosted_in_session
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
    from framework.domain.market import FeedStatus, FinerBars
    from framework.engine.policies import Policies
    from framework.engine.ports import Broker, Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config
    from framework.runtime.sessions.arrivals import Arrival

#: Inside each finer bar the extreme that hurts comes first.
_PATHS = (
    ("pessimistic", fills.PESSIMISTIC),
    ("optimistic", fills.OPTIMISTIC),
    ("nearest", fills.NEAREST),
    ("finer", fills.PESSIMISTIC),
)


class Simulation(NamedTuple):
    """The parts of a run; ``reason`` is why it has the driver it has."""

    market: Market
    broker: Broker
    engine: Engine
    journal: Journal
    driver: Driver
    reason: str


def backtest(config: Config, strategy: Strategy, dataset: Dataset) -> Simulation:
    """Recorded bars and a simulated venue behind the one engine."""
    from framework.app.drivers import chosen, driver_of

    parts = _parts(config, strategy, dataset, span_of(dataset), Journal())
    return Simulation(*parts, driver_of(config, strategy, parts.market, parts.broker, parts.engine), chosen(config, strategy).reason)


def session(config: Config, strategy: Strategy, coming: Coming, journal: Journal) -> Simulation:
    """Bars that arrive, and a simulated venue, behind the one engine."""
    parts = _parts(config, strategy, coming.history, coming.span, journal)
    driven = SessionParts(parts.market, parts.broker, parts.engine, parts.broker.on_slice, coming.span[1])
    return Simulation(*parts, _realtime(config, strategy, driven, coming), "bars arrive one by one")


def live_session(config: Config, strategy: Strategy, coming: Coming, journal: Journal, broker_of: Callable[[Market], Broker]) -> Simulation:
    """Bars that arrive, and a venue that reports by itself, behind the one engine."""
    world = _world(config, coming.history, coming.span)
    broker = broker_of(world.market)
    engine = _engine(config, strategy, world, broker, journal)
    driven = SessionParts(world.market, broker, engine, lambda _: None, coming.span[1])
    return Simulation(world.market, broker, engine, journal, _realtime(config, strategy, driven, coming), "bars arrive one by one")


def _realtime(config: Config, strategy: Strategy, parts: SessionParts, coming: Coming) -> Driver:
    """Who turns the crank of a session."""
    guest = guest_of(strategy)
    if guest is not None:
        return hosted_in_session(guest, config, parts, coming.arriving)
    from framework.runtime.sessions.driver import RealtimeDriver

    return RealtimeDriver(parts.market, parts.engine, parts.work, coming.arriving)


def rehearsal(config: Config, strategy: Strategy, dataset: Dataset) -> Simulation:
    """A session in which the bars of ``dataset`` arrive from ``first_trade`` on, as fast as they are worked through."""
    return session(config, strategy, rehearsed(dataset), Journal())


class Coming(NamedTuple):
    """What a session knows when it begins, the first and the last time its calendar is asked for (ns UTC), and what arrives."""

    history: Dataset
    span: tuple[int, int]
    arriving: Iterable[Arrival | FeedStatus]


def rehearsed(dataset: Dataset) -> Coming:
    """The bars of ``dataset`` before ``first_trade`` as history; the others arrive."""
    from framework.runtime.sessions.arrivals import arrivals, known_before

    first = dataset.first_trade
    history = replace(dataset, series=known_before(dataset.series, first), indicators=Indicators())
    return Coming(history, span_of(dataset), arrivals(dataset.series, first))


class _Parts(NamedTuple):
    market: Market
    broker: SimulatedBroker
    engine: Engine
    journal: Journal


class _World(NamedTuple):
    market: Market
    bounds: Callable[[int], tuple[int, int]]
    due: Callable[[int], int]
    decided: Policies


def _world(config: Config, dataset: Dataset, span: tuple[int, int]) -> _World:
    from data.calendar import session_clock
    from data.due import DueBars

    market = Market(dataset.series, daily=config.data.resolution == "1d", indicators=dataset.indicators)
    due = DueBars(*span, config.data.resolution, config.data.calendar)
    return _World(market, session_clock(*span, config.data.calendar), due, policies(config))


def _engine(config: Config, strategy: Strategy, world: _World, broker: Broker, journal: Journal) -> Engine:
    schedule = Schedule(world.bounds, daily=world.market.daily)
    return Engine(strategy, world.market, broker, Book(to_micros(config.account.cash)), world.decided, journal, schedule, world.due)


def _parts(config: Config, strategy: Strategy, dataset: Dataset, span: tuple[int, int], journal: Journal) -> _Parts:
    world = _world(config, dataset, span)
    cash, model = to_micros(config.account.cash), fill_model(config, dataset.finer)
    broker = SimulatedBroker(world.market, venue_of(config), cash, model, world.bounds, world.decided.account)
    return _Parts(world.market, broker, _engine(config, strategy, world, broker, journal), journal)


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


def span_of(dataset: Dataset) -> tuple[int, int]:
    """The first and the last bar's close, ns UTC."""
    times = [one.timestamp for one in dataset.series.values() if len(one)]
    return min(int(one[0]) for one in times), max(int(one[-1]) for one in times)
