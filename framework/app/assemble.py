"""The composition root: from a config to parts that fit together. The only place where modes and venues are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.app.policies import policies
from framework.domain.book import Book
from framework.domain.values import to_micros
from framework.domain.venue import venue
from framework.engine.engine import Engine
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.schedule import Schedule
from framework.rules import fills
from framework.rules.costs import FeeSchedule

if TYPE_CHECKING:
    from data import Dataset
    from framework.engine.ports import Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config, FillsSection

_PATHS = (("pessimistic", fills.PESSIMISTIC), ("optimistic", fills.OPTIMISTIC), ("nearest", fills.NEAREST))


class Simulation(NamedTuple):
    """The parts of a backtest."""

    market: Market
    broker: SimulatedBroker
    engine: Engine
    journal: Journal
    driver: Driver


def backtest(config: Config, strategy: Strategy, dataset: Dataset) -> Simulation:
    """Recorded bars and a simulated venue behind the one engine."""
    from brokers.backtrader.driver import BacktraderDriver

    daily = config.data.resolution == "1d"
    market = Market(dataset.series, daily=daily)
    cash = to_micros(config.account.cash)

    def bounds(timestamp: int) -> tuple[int, int]:
        return _session_bounds(timestamp, config.data.calendar)

    broker = SimulatedBroker(market, venue(config.broker.name), cash, fill_model(config.fills), lambda timestamp: bounds(timestamp)[1])
    journal = Journal()
    schedule = Schedule(bounds, daily=daily)
    engine = Engine(strategy, market, broker, Book(cash), policies(config), journal, schedule)
    return Simulation(market, broker, engine, journal, BacktraderDriver(market, broker, engine))


def fill_model(section: FillsSection) -> FillModel:
    """How the simulated venue fills."""
    fees = FeeSchedule() if isinstance(section.fees, str) else FeeSchedule(to_micros(section.fees.per_share), to_micros(section.fees.rate))
    basis_points = section.slippage.bps if section.slippage.model == "bps" else 0.0
    return FillModel(
        path=dict(_PATHS)[section.path],
        through=section.limit_fill == "through",
        volume_share=section.max_volume_share,
        slippage_micros=round(basis_points * 100),
        fees=fees,
    )


def _session_bounds(timestamp: int, calendar: str) -> tuple[int, int]:
    import numpy as np

    from data.calendar import session_bounds

    opened, closed = session_bounds(np.array([timestamp]), calendar)
    return int(opened[0]), int(closed[0])
