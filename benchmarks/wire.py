"""From a bar's close to an order on the wire, our own share: 100 symbols arrive, value at risk sizes a target, it is sent.

The venue is `order_path.py`'s: it answers at once, so that all time is ours. Wall time from the moment the slice is there to the first byte
of its first order. Bars: p50 20 ms, p99 100 ms.

    python benchmarks/wire.py [--bars N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from order_path import InstantVenue

from data import Dataset
from framework.app.assembly.assemble import rehearsed
from framework.app.sessions.session import Hooks, header, play_session
from framework.domain.market import BarSeries
from framework.engine.strategy import Strategy
from framework.runtime.clock import Stopwatch
from framework.runtime.loading import validated
from framework.runtime.orders.clock import SystemClock
from framework.runtime.orders.ids import Desk
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from framework.domain.market import FeedStatus
    from framework.domain.order import ApprovedOrder
    from framework.domain.venue_order import Outcome
    from framework.engine.context import Context
    from framework.runtime.sessions.arrivals import Arrival

SYMBOLS, HISTORY = 100, 260
MEDIAN_MS, TAIL_MS = 20.0, 100.0
_DAY_NS = 86_400_000_000_000
DESK = Desk("a", "live")


class OneABar(Strategy):
    """Wants something of another symbol at every bar."""

    def on_start(self, ctx: Context) -> None:  # noqa: ARG002, D102
        self._number = 0

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        self._number += 1
        number = self._number
        ctx.target(ctx.symbols[number % SYMBOLS], 0.0 if number // SYMBOLS % 2 else 0.5)


class Watch(InstantVenue):
    """Notes when each slice's first order came."""

    capabilities = InstantVenue.capabilities

    def __init__(self) -> None:
        super().__init__()
        self.arrived = 0.0
        self.waits: list[float] = []

    def send(self, approved: ApprovedOrder, client_id: str, quantity_micros: int, deadline: int) -> Outcome:
        """Accept."""
        if self.arrived:
            self.waits.append(time.perf_counter() - self.arrived)
            self.arrived = 0.0
        return super().send(approved, client_id, quantity_micros, deadline)

    def timed(self, coming: Iterable[Arrival | FeedStatus], fill: Iterator[None]) -> Iterator[Arrival | FeedStatus]:
        """The slices, each with the time at which it was there; what was sent before has traded meanwhile."""
        for arrival in coming:
            next(fill)
            self.arrived = time.perf_counter()
            yield arrival


def made(bars: int) -> dict[str, BarSeries]:
    """Seeded random walks near 100 dollars."""
    rng = np.random.default_rng(11)
    times = (np.arange(HISTORY + bars) + 15_000) * _DAY_NS + 21 * 3_600_000_000_000
    series = {}
    for number in range(SYMBOLS):
        name = "".join(chr(65 + number // 26**power % 26) for power in (1, 0))
        close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.004, len(times))))
        opened = close * np.exp(rng.normal(0.0, 0.002, len(times)))
        high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
        zero, one = np.zeros(len(times)), np.ones(len(times))
        series[name] = BarSeries(name, times, opened, high, low, close, one * 1e6, zero, one)
    return series


def measured(bars: int, folder: Path) -> list[float]:
    """Seconds from each slice to its first order."""
    series = made(bars)
    config = validated(
        {
            "mode": "live",
            "strategy": {"class": "wire:OneABar"},
            "universe": {"symbols": sorted(series)},
            "broker": {"name": "generic"},
            "stops": {"attach": "never"},
            "guards": {"enabled": False},
        },
        "benchmark",
    )
    venue, strategy = Watch(), OneABar()
    desk = LiveDesk(venue, Surroundings(DESK, SystemClock(), lambda _: 1 << 62, lambda _: None))

    def filled() -> Iterator[None]:
        while True:
            while venue.working:
                venue.fill_oldest()
            desk.manager.poll()
            yield

    coming = rehearsed(Dataset(series, int(series["AA"].timestamp[HISTORY]), ()))
    coming = coming._replace(arriving=venue.timed(coming.arriving, filled()))
    hooks = Hooks(on_begin=lambda _, simulation: desk.serve(simulation.engine), venue=desk.broker_of)
    with TapeStore.open(folder / "wire.db", header=header(config, strategy)) as store:
        play_session(config, strategy, coming, store, Stopwatch(), hooks)
    return venue.waits


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=300)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        waits = sorted(1_000.0 * one for one in measured(given.bars, Path(place)))
    tail = waits[min(len(waits) * 99 // 100, len(waits) - 1)]
    print(f"{len(waits)} orders of {SYMBOLS} symbols: p50 {statistics.median(waits):.1f} ms, p99 {tail:.1f} ms, most {waits[-1]:.1f} ms")
    raise SystemExit(statistics.median(waits) > MEDIAN_MS or tail > TAIL_MS)


if __name__ == "__main__":
    main()
