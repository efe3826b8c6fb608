"""The composition root: from a config to parts that fit together. The only place where modes and venues are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.app.assembly.costs import fee_schedule, slippage_model
from framework.app.assembly.hosting import SessionParts, guest_of, hosted_in_session
from framework.app.assembly.policies import policies
from framework.app.assembly.venues import venue_of
from framework.domain.book import Book
from framework.domain.values import to_micros
from framework.domain.venue_rules import ALL_FORCES, ALL_TYPES
from framework.engine.engine import Engine
from framework.engine.indicators import Indicators
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.schedule import Schedule
from framework.rules import fills
from framework.rules.shadowing import ShadowLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from data import Dataset
    from framework.domain.corporate_action import CorporateAction
    from framework.domain.market import FeedStatus, FinerBars
    from framework.engine.policies import Policies
    from framework.engine.ports import Broker, Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.sessions.driver import Failed
    from framework.runtime.sessions.shadow import Shadow

#: Micro-dollars: whether there was enough money was the venue's question.
_PLENTY = 10**18
#: Inside each finer bar the extreme that hurts comes first.
_PATHS = (
    ("pessimistic", fills.PESSIMISTIC),
    ("optimistic", fills.OPTIMISTIC),
    ("nearest", fills.NEAREST),
    ("finer", fills.PESSIMISTIC),
)


class Ground(NamedTuple):
    """What a run stands on before anybody plays it: its bars, and what was decided about it."""

    market: Market
    policies: Policies


def ground_of(config: Config, dataset: Dataset) -> Ground:
    """The ground of a backtest."""
    return Ground(Market(dataset.series, daily=config.data.resolution == "1d", indicators=dataset.indicators), policies(config))


class Simulation(NamedTuple):
    """The parts of a run; ``reason`` is why it has this driver, ``shadow`` what the fill model makes of the orders of a real venue."""

    market: Market
    broker: Broker
    engine: Engine
    journal: Journal
    driver: Driver
    reason: str
    shadow: Shadow | None = None

    @property
    def policies(self) -> Policies:
        """What was decided about the run."""
        return self.engine.desk.policies


def backtest(config: Config, strategy: Strategy, dataset: Dataset, ground: Ground | None = None) -> Simulation:
    """Recorded bars and a simulated venue behind the one engine; on its ``ground``, if that is there already."""
    from framework.app.assembly.drivers import chosen, driver_of

    parts = _parts(config, strategy, dataset, span_of(dataset), Journal(), ground)
    return Simulation(*parts, driver_of(config, strategy, parts.market, parts.broker, parts.engine), chosen(config, strategy).reason)


def session(config: Config, strategy: Strategy, coming: Coming, journal: Journal, failed: Failed | None = None) -> Simulation:
    """Bars that arrive, and a simulated venue, behind the one engine; ``failed`` is told when the strategy raises, which is no end then."""
    parts = _parts(config, strategy, coming.history, coming.span, journal)
    driven = SessionParts(parts.market, parts.broker, parts.engine, parts.broker.on_slice, coming.span[1])
    return Simulation(*parts, _realtime(config, strategy, driven, coming, failed), "bars arrive one by one")


def live_session(
    config: Config,
    strategy: Strategy,
    coming: Coming,
    journal: Journal,
    broker_of: Callable[[Market], Broker],
    failed: Failed | None = None,
) -> Simulation:
    """Bars that arrive, and a venue that reports by itself, behind the one engine; ``failed`` as for ``session``."""
    world = _world(config, coming.history, coming.span)
    broker = broker_of(world.market)
    engine = _engine(config, strategy, world, broker, journal)
    shadow = _shadow(config, world, journal)
    driver = _realtime(config, strategy, SessionParts(world.market, broker, engine, shadow.work, coming.span[1]), coming, failed)
    return Simulation(world.market, broker, engine, journal, driver, "bars arrive one by one", shadow)


def _realtime(config: Config, strategy: Strategy, parts: SessionParts, coming: Coming, failed: Failed | None) -> Driver:
    """Who turns the crank of a session. A backtrader strategy that raises ends it: Cerebro cannot go on behind that."""
    guest = guest_of(strategy)
    if guest is not None:
        return hosted_in_session(guest, config, parts, coming.arriving)
    from framework.runtime.sessions.driver import RealtimeDriver

    return RealtimeDriver(parts.market, parts.engine, parts.work, coming.arriving, failed)


def rehearsal(config: Config, strategy: Strategy, dataset: Dataset) -> Simulation:
    """A session in which the bars of ``dataset`` arrive from ``first_trade`` on, as fast as they are worked through."""
    return session(config, strategy, rehearsed(dataset), Journal())


class Coming(NamedTuple):
    """What a session knows when it begins, and what comes.

    Attributes:
        history: The bars known before.
        span: The first and the last time its calendar is asked for, ns UTC.
        arriving: The bars that arrive.
        actions: Splits and dividends that they do not carry themselves.
        awaited: Whether a split of a symbol was announced that its venue does not show yet.
    """

    history: Dataset
    span: tuple[int, int]
    arriving: Iterable[Arrival | FeedStatus]
    actions: Sequence[CorporateAction] = ()
    awaited: Callable[[str], bool] = lambda _: False


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


def _world(config: Config, dataset: Dataset, span: tuple[int, int], ground: Ground | None = None) -> _World:
    from data.calendar import session_clock
    from data.due import DueBars

    market, decided = ground_of(config, dataset) if ground is None else ground
    due = DueBars(*span, config.data.resolution, config.data.calendar)
    return _World(market, session_clock(*span, config.data.calendar), due, decided)


def _engine(config: Config, strategy: Strategy, world: _World, broker: Broker, journal: Journal) -> Engine:
    schedule = Schedule(world.bounds, daily=world.market.daily)
    return Engine(strategy, world.market, broker, Book(to_micros(config.account.cash)), world.decided, journal, schedule, world.due)


def _parts(
    config: Config, strategy: Strategy, dataset: Dataset, span: tuple[int, int], journal: Journal, ground: Ground | None = None
) -> _Parts:
    world = _world(config, dataset, span, ground)
    cash, model = to_micros(config.account.cash), fill_model(config, dataset.finer)
    broker = SimulatedBroker(world.market, venue_of(config), cash, model, world.bounds, world.decided.account)
    return _Parts(world.market, broker, _engine(config, strategy, world, broker, journal), journal)


def _shadow(config: Config, world: _World, journal: Journal) -> Shadow:
    """What the fill model makes of orders that a real venue gets: it takes all that the venue took, and has the money for it."""
    from framework.runtime.sessions.shadow import Shadow

    rules = replace(
        venue_of(config),
        order_types=ALL_TYPES,
        times_in_force=ALL_FORCES,
        fractional_types=ALL_TYPES,
        fractional_forces=ALL_FORCES,
        fractional_in_extended_hours=True,
        fractional_least_micros=0,
        extended_types=ALL_TYPES,
        takes_passed_stops=True,
        reserves_shares=False,
    )
    model = SimulatedBroker(world.market, rules, _PLENTY, fill_model(config, {}), world.bounds)
    model.connect()
    section = config.shadow
    limits = ShadowLimits(section.max_slippage_bps, section.max_missed_pct, section.least_orders, section.window)
    return Shadow(journal, world.market, model, limits)


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
