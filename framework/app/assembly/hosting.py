"""Plain backtrader strategies: how one is recognised, what it is given, and where it runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from brokers.backtrader.clock import Clock
    from brokers.backtrader.guest import Guest
    from brokers.simulated.broker import SimulatedBroker
    from data import Dataset
    from framework.domain.market import FeedStatus, Integers
    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.engine.ports import Broker, Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config
    from framework.runtime.sessions.arrivals import Arrival

_NS_PER_DAY = 86_400_000_000_000


class SessionParts(NamedTuple):
    """What a session's driver drives; ``last`` is the last time its calendar is asked for, ns UTC."""

    market: Market
    broker: Broker
    engine: Engine
    work: Callable[[Sequence[int]], None]
    last: int


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

    times = np.unique(np.concatenate([one.timestamp for one in market.series]))
    return BacktraderHost(market, broker, engine, guest, _clock(config, times), exact=config.fills.compat == "backtrader")


def hosted_in_session(guest: Guest, config: Config, parts: SessionParts, arriving: Iterable[Arrival | FeedStatus]) -> Driver:
    """The driver of a backtrader strategy in a session: its own Cerebro, or the one of the script it stands in."""
    from brokers.backtrader.cycles import Parts
    from brokers.backtrader.live_host import LiveHost

    market, broker, engine, work, last = parts
    # A week more, so that there is a full session among them.
    times = np.concatenate([*(one.timestamp for one in market.series), last + np.arange(8) * _NS_PER_DAY])
    clock = _clock(config, np.unique(times))
    exact = config.fills.compat == "backtrader" and config.mode == "paper"
    return LiveHost(Parts(market, engine, work, clock), broker, guest, arriving, exact=exact)


def _clock(config: Config, times: Integers) -> Clock:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from brokers.backtrader.clock import Clock
    from data.calendar import session_bounds

    section, zone = config.data, ZoneInfo(config.data.timezone)
    opened, closed = session_bounds(times, section.calendar)
    starts, ends = ([datetime.fromtimestamp(moment // 10**9, zone).time() for moment in np.unique(column)] for column in (opened, closed))
    return Clock(section.timezone, min(starts), max(ends), section.resolution)
