"""The driver of paper and live sessions: bars that were not there when the run began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.runtime.sessions.arrivals import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.runtime.sessions.arrivals import Arrival

    Obeyed = Callable[[Told, Mapping[str, object]], None]


class RealtimeDriver:
    """Takes what ``arriving`` gives, slices and commands, one after the other.

    ``work(rows)`` lets the venue work through the bars of rows that have just closed; ``obeyed`` hears what came of each command.
    """

    name = "realtime"

    def __init__(
        self, market: Market, engine: Engine, work: Callable[[Sequence[int]], None], arriving: Iterable[Arrival | Told], obeyed: Obeyed
    ) -> None:
        self._market = market
        self._engine = engine
        self._work = work
        self._arriving = arriving
        self._obeyed = obeyed

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` follows each decision."""
        for one in self._arriving:
            if isinstance(one, Told):
                self._obeyed(one, self._engine.on_command(one.timestamp, one.command))
                continue
            timestamp, bars = one
            arrived = {self._market.row[symbol]: one for symbol, one in bars.items()}
            self._engine.on_arrival(arrived, timestamp)
            self._work(sorted(arrived))
            self._engine.on_slice(timestamp)
            on_slice(timestamp)
