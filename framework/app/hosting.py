"""Plain backtrader strategies: how one is recognised, what it is given, and where it runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from brokers.backtrader.clock import Clock
    from brokers.backtrader.guest import Guest
    from brokers.simulated.broker import SimulatedBroker
    from data import Dataset
    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.engine.ports import Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config


def is_backtrader(found: object) -> TypeGuard[type[Any]]:
    """Whether ``found`` is a subclass of ``bt.Strategy``; backtrader is not imported to find out."""
    return isinstance(found, type) and any((one.__module__, one.__name__) == ("backtrader.strategy", "Strategy") for one in found.__mro__)


def as_strategy_sees(strategy: Strategy, dataset: Dataset) -> Dataset:
    """The bars of a run.

    A backtrader strategy sees, and trades, shares of the last day: its indicators remember prices, and could not follow a split.
    """
    if guest_of(strategy) is None:
        return dataset
    return replace(dataset, series={symbol: replace(one, split=np.ones(len(one))) for symbol, one in dataset.series.items()})


def as_strategy_reads(strategy: Strategy, config: Config) -> Config:
    """``config`` as it is meant for ``strategy``: with ``[limits]`` empty only cash, venue and sanity refuse a backtrader order.

    It was written against a broker that knows no other limits; a key in the section is a wish for ours.
    """
    if guest_of(strategy) is None or config.limits.model_fields_set:
        return config
    return config.model_copy(update={"limits": config.limits.model_copy(update={"profile": "venue"})})


def guest_of(strategy: Strategy) -> Guest | None:
    """``strategy`` if it is one of backtrader's; its module is not imported to find out, because a run without one does not need it."""
    module = sys.modules.get("brokers.backtrader.guest")
    return strategy if module is not None and isinstance(strategy, module.Guest) else None


def analyses_of(strategy: Strategy) -> Mapping[str, object]:
    """What the analyzers of a backtrader strategy found, by name."""
    guest = guest_of(strategy)
    return {} if guest is None else guest.hosted.analyses


def notes_of(strategy: Strategy) -> Sequence[str]:
    """What a backtrader strategy asked for and did not get."""
    guest = guest_of(strategy)
    return () if guest is None else guest.hosted.notes


def hosted_by(guest: Guest, config: Config, market: Market, broker: SimulatedBroker, engine: Engine) -> Driver:
    """The driver of a backtrader strategy: its own Cerebro."""
    from brokers.backtrader.host import BacktraderHost

    return BacktraderHost(market, broker, engine, guest, _clock(config, market), exact=config.fills.compat == "backtrader")


def _clock(config: Config, market: Market) -> Clock:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from brokers.backtrader.clock import Clock
    from data.calendar import session_bounds

    section, zone = config.data, ZoneInfo(config.data.timezone)
    opened, closed = session_bounds(np.unique(np.concatenate([one.timestamp for one in market.series])), section.calendar)
    starts, ends = ([datetime.fromtimestamp(moment // 10**9, zone).time() for moment in np.unique(column)] for column in (opened, closed))
    return Clock(section.timezone, min(starts), max(ends), section.resolution)
