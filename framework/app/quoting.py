"""Quotes of Robinhood as a session's ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import BrokerError
from framework.runtime.sessions.bar_builder import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brokers.robinhood.gateway import RobinhoodGateway

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
        if self._now() >= self._due:
            self._due = self._now() + VOLUMES_EVERY
            self._volumes |= self._gateway.day_volumes(symbols)
        try:
            return [Tick(*one, self._volumes.get(one.symbol)) for one in self._gateway.last_trades(symbols)]
        except BrokerError as error:
            self._alert(f"no quotes: {error}")
            raise
