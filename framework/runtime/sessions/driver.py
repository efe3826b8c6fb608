"""The driver of paper and live sessions: bars that were not there when the run began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.market import FeedStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.runtime.sessions.arrivals import Arrival


class RealtimeDriver:
    """Takes what ``arriving`` gives, slice by slice; ``work(rows)`` lets the venue work through the bars of rows that have just closed."""

    name = "realtime"

    def __init__(
        self, market: Market, engine: Engine, work: Callable[[Sequence[int]], None], arriving: Iterable[Arrival | FeedStatus]
    ) -> None:
        self._market = market
        self._engine = engine
        self._work = work
        self._arriving = arriving

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` follows each decision."""
        for came in self._arriving:
            if isinstance(came, FeedStatus):
                continue
            timestamp, bars = came
            arrived = {self._market.row[symbol]: one for symbol, one in bars.items()}
            self._engine.on_arrival(arrived, timestamp)
            self._work(sorted(arrived))
            self._engine.on_slice(timestamp)
            on_slice(timestamp)
