"""The composition root: from a config to parts that fit together. The only place where modes and venues are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.simulated.broker import FillModel, SimulatedBroker
from framework.domain.book import Book
from framework.domain.values import to_micros
from framework.domain.venue import venue
from framework.engine.engine import Engine
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.engine.policies import Policies, VarPolicy
from framework.engine.schedule import Schedule
from framework.rules import fills
from framework.rules.costs import FeeSchedule
from framework.rules.limits import LimitPolicy
from framework.rules.sizing import SizingPolicy
from framework.rules.stops import StopPolicy

if TYPE_CHECKING:
    from data import Dataset
    from framework.engine.ports import Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config, FillsSection, LimitsSection

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


def policies(config: Config) -> Policies:
    """The numbers the engine decides with."""
    sizing, stops = config.sizing, config.stops
    return Policies(
        sizing=SizingPolicy(
            method=sizing.method,
            max_position_var_pct=sizing.max_position_var_pct,
            max_portfolio_var_pct=sizing.max_portfolio_var_pct,
            max_position_pct=sizing.max_position_pct,
            max_total_exposure_pct=sizing.max_total_exposure_pct,
            fallback_position_pct=sizing.fallback_position_pct,
            assumed_var=sizing.assumed_var,
            min_position_value=sizing.min_position_value,
        ),
        var=VarPolicy(sizing.var_method, sizing.confidence, sizing.lookback_days, sizing.min_observations),
        stops=StopPolicy(stops.method, stops.percent, stops.atr_period, stops.atr_multiple, stops.trail_percent),
        limits=limit_policy(config.limits),
        attach=stops.attach,
    )


def limit_policy(section: LimitsSection) -> LimitPolicy:
    """The profile's limits, overridden one by one."""
    profile = LimitPolicy() if section.profile == "conservative" else LimitPolicy(max_position_pct=None, max_total_exposure_pct=None)
    return LimitPolicy(
        max_position_pct=section.max_position_pct or profile.max_position_pct,
        max_total_exposure_pct=section.max_total_exposure_pct or profile.max_total_exposure_pct,
    )


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
