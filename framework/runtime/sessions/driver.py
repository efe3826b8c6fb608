"""The driver of paper and live sessions: bars that were not there when the run began."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from framework.domain.market import FeedStatus
from framework.errors import OrderError, StrategyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.errors import OnetapeError
    from framework.runtime.sessions.arrivals import Arrival


class Failed(Protocol):
    """Who is told that the strategy raised."""

    def __call__(self, timestamp: int, error: OnetapeError, /) -> None:
        """It did, at ``timestamp`` (ns UTC)."""


class RealtimeDriver:
    """Takes what ``arriving`` gives, slice by slice; ``work(rows)`` lets the venue work through the bars of rows that have just closed.

    ``failed`` is told when the strategy raises in a decision, which is then over; ``None`` lets the error through.
    """

    name = "realtime"

    def __init__(
        self,
        market: Market,
        engine: Engine,
        work: Callable[[Sequence[int]], None],
        arriving: Iterable[Arrival | FeedStatus],
        failed: Failed | None = None,
    ) -> None:
        self._market = market
        self._engine = engine
        self._work = work
        self._arriving = arriving
        self._failed = failed

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` follows each decision."""
        for came in self._arriving:
            if isinstance(came, FeedStatus):
                continue
            timestamp, bars, is_late = came
            arrived = {self._market.row[symbol]: one for symbol, one in bars.items()}
            self._tried(timestamp, partial(self._engine.on_arrival, arrived, timestamp))
            self._work(sorted(arrived))
            decide = self._engine.on_late if is_late else self._engine.on_slice
            self._tried(timestamp, partial(decide, timestamp))
            on_slice(timestamp)

    def _tried(self, timestamp: int, act: Callable[[], None]) -> None:
        try:
            act()
        except (StrategyError, OrderError) as error:
            if self._failed is None:
                raise
            self._engine.on_failure()
            self._failed(timestamp, error)
