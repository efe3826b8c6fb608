"""Quotes of Robinhood as a session's ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import BrokerError, DataError
from framework.runtime.sessions.bar_builder import Tick
from framework.runtime.sessions.upkeep import is_due

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brokers.robinhood.gateway import RobinhoodGateway
    from framework.domain.market import ShortBar

#: Volumes are asked for this much more seldom than prices, ns: a request of its own, out of the same budget.
VOLUMES_EVERY = 30 * 1_000_000_000


class GatewayQuotes:
    """Last trades, each with the volume of its day as it was last heard; ``alert`` hears of every question that was not answered."""

    def __init__(self, gateway: RobinhoodGateway, now: Callable[[], int], alert: Callable[[str], object]) -> None:
        self._gateway = gateway
        self._now = now
        self._alert = alert
        self._volumes: dict[str, float] = {}
        self._due = 0

    def ticks(self, symbols: Sequence[str]) -> list[Tick]:
        """The last trade of each of ``symbols`` that has one.

        Raises:
            BrokerError: The venue did not answer.
        """
        now = self._now()
        if is_due(now, self._due, VOLUMES_EVERY):
            self._due = now + VOLUMES_EVERY
            self._volumes |= self._gateway.day_volumes(symbols)
        try:
            return [Tick(*one, self._volumes.get(one.symbol)) for one in self._gateway.last_trades(symbols)]
        except BrokerError as error:
            self._alert(f"no quotes: {error}")
            raise

    def short_bars(self, symbols: Sequence[str]) -> Mapping[str, Sequence[ShortBar]]:
        """The bars of five minutes of the last week that have closed.

        Raises:
            DataError: The venue did not answer, or not in a form that can be read.
        """
        try:
            return self._gateway.five_minutes(symbols, self._now())
        except DataError as error:
            self._alert(f"no past bars: {error}")
            raise
