"""The composition root: from a config to parts that fit together. The only place where modes and venues are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.app.costs import fee_schedule, slippage_model
from framework.app.policies import policies
from framework.app.venues import venue_of
from framework.domain.book import Book
from framework.domain.values import to_micros
from framework.engine.engine import Engine
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.schedule import Schedule
from framework.rules import fills

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from data import Dataset
    from framework.domain.market import FinerBars
    from framework.engine.ports import Driver
    from framework.engine.strategy import Strategy
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
    from data.calendar import session_clock
    from framework.app.drivers import driver_of

    daily = config.data.resolution == "1d"
    market = Market(dataset.series, daily=daily, indicators=dataset.indicators)
    cash = to_micros(config.account.cash)
    bounds = session_clock(*_range(dataset), config.data.calendar)
    decided = policies(config)
    broker = SimulatedBroker(market, venue_of(config), cash, fill_model(config, dataset.finer), bounds, decided.account)
    journal = Journal()
    schedule = Schedule(bounds, daily=daily)
    engine = Engine(strategy, market, broker, Book(cash), decided, journal, schedule, _due_bars(dataset, config))
    return Simulation(market, broker, engine, journal, driver_of(config, strategy, market, broker, engine))


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


def _due_bars(dataset: Dataset, config: Config) -> Callable[[int], int]:
    from data.due import DueBars

    return DueBars(*_range(dataset), config.data.resolution, config.data.calendar)


def _range(dataset: Dataset) -> tuple[int, int]:
    """The first and the last bar's close, ns UTC."""
    times = [one.timestamp for one in dataset.series.values() if len(one)]
    return min(int(one[0]) for one in times), max(int(one[-1]) for one in times)
