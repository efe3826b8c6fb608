"""Who turns the crank for a strategy, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.app.assembly.hosting import guest_of, hosted_by
from framework.engine.arrays import ArraysDriver
from framework.errors import ConfigError

if TYPE_CHECKING:
    from brokers.simulated.broker import SimulatedBroker
    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.engine.ports import Driver
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config


class Choice(NamedTuple):
    """The name of a driver, and what made it the one."""

    name: str
    reason: str


def chosen(config: Config, strategy: Strategy) -> Choice:
    """The driver for ``strategy``.

    Raises:
        ConfigError: The one that ``config`` names cannot run it.
    """
    asked, is_guest = config.engine.name, guest_of(strategy) is not None
    if is_guest and asked in {"arrays", "compiled"}:
        raise ConfigError(
            f'[engine] name = "{asked}" cannot run {type(strategy).__name__}: a bt.Strategy needs its Cerebro; write "auto" or "backtrader"'
        )
    if asked != "auto":
        return Choice(asked, "as asked")
    if is_guest:
        return Choice("backtrader", "a bt.Strategy runs in its own Cerebro")
    return Choice("arrays", "the fastest that runs every strategy of ours")


def driver_of(config: Config, strategy: Strategy, market: Market, broker: SimulatedBroker, engine: Engine) -> Driver:
    """Who turns the crank for ``strategy``; backtrader is imported only where it does.

    Raises:
        ConfigError: The driver that ``config`` names cannot run it.
    """
    guest = guest_of(strategy)
    if guest is not None:
        return hosted_by(guest, config, market, broker, engine)
    if chosen(config, strategy).name != "backtrader":  # what the compiled loop leaves is played here
        return ArraysDriver(market, broker, engine)
    from brokers.backtrader.driver import BacktraderDriver

    return BacktraderDriver(market, broker, engine)
