"""Cerebro as the driver of a plain backtrader strategy.

Cerebro's cycle stays as it is. Where it calls its broker, the venue trades on the bars that have closed and the engine looks at the
account; then Cerebro lets timers, indicators, the strategy, analyzers and observers do their part, and what they order goes to the desk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.backtrader.blame import placed
from brokers.backtrader.broker import Counter, DeskBroker
from brokers.backtrader.clock import TOLERANCE
from brokers.backtrader.holdings import Holdings
from brokers.backtrader.overheard import Overheard
from brokers.backtrader.stage import Stage, feeds_of, set_up, symbols_of
from brokers.backtrader.trading import Trading
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from brokers.backtrader.clock import Clock
    from brokers.backtrader.guest import Guest
    from brokers.simulated.broker import SimulatedBroker
    from framework.engine.engine import Engine
    from framework.engine.market import Market


class BacktraderHost:
    """Plays the bars of a market for the strategy in ``guest``; ``exact`` keeps brackets as backtrader's own broker does."""

    name = "backtrader"

    def __init__(self, market: Market, broker: SimulatedBroker, engine: Engine, guest: Guest, clock: Clock, *, exact: bool) -> None:
        self._market = market
        self._broker = broker
        self._engine = engine
        self._hosted = guest.hosted
        self._name = type(guest).__name__
        self._clock = clock
        self._exact = exact

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` follows each decision.

        Raises:
            StrategyError: The user's code raised; the message has its place.
        """
        desk, cerebro, symbols = self._engine.desk, Stage(), dict[int, str]()
        holdings = Holdings(symbols)
        trading = Trading(desk, self._name, holdings, exact=self._exact)
        self._broker.subscribe(Overheard(desk, trading))
        slices = _Slices(self._market, self._broker, self._engine, self._clock, trading, on_slice)

        def step() -> None:
            slices.play(max(data.lines.datetime[0] for data in cerebro.datas if len(data)))

        cerebro.broker = DeskBroker(desk.book.cash_micros / MICRO, self._hosted.note)
        cerebro.broker.serve(Counter(desk, trading, symbols, step))
        try:
            set_up(cerebro, self._hosted, feeds_of(self._market, self._clock))
            symbols.update(symbols_of(cerebro))
            strategies = cerebro.run()
        except Exception as error:  # whatever a user's code raises is the user's to see, with its place
            shown = placed(error, self._name)
            if shown is error:
                raise
            raise shown from error
        slices.finish()
        self._hosted.keep(strategies)


class _Slices:
    """Moves the market with Cerebro's time. A cycle plays all slices up to its moment: one, or those inside a resampled bar."""

    def __init__(
        self, market: Market, broker: SimulatedBroker, engine: Engine, clock: Clock, trading: Trading, on_slice: Callable[[int], None]
    ) -> None:
        self._market = market
        self._broker = broker
        self._engine = engine
        self._trading = trading
        self._on_slice = on_slice
        self._coming = _slices(market, clock)
        self._next = next(self._coming, None)
        self._decided: int | None = None

    def play(self, until: float) -> None:
        """Play what has closed by ``until``, as backtrader counts time."""
        while self._next is not None and self._next[0] <= until + TOLERANCE:
            self.finish()
            stamp, timestamp, rows = self._next
            market, trading = self._market, self._trading
            for row in rows:
                market.cursor[row] += 1
            market.now, trading.stamp = timestamp, stamp
            market.on_bars(rows)
            trading.expire([market.symbols[row] for row in rows])
            self._broker.on_slice(rows)
            trading.show_trails()
            self._engine.on_slice(timestamp)
            self._decided = timestamp
            self._next = next(self._coming, None)

    def finish(self) -> None:
        """The decision at the last slice has been taken."""
        if self._decided is not None:
            self._on_slice(self._decided)
            self._decided = None


def _slices(market: Market, clock: Clock) -> Iterator[tuple[float, int, list[int]]]:
    """The closes still to come, oldest first: as backtrader counts time, in ns UTC, and the rows that have a bar then."""
    import numpy as np

    coming = [series.timestamp[market.cursor[row] + 1 :] for row, series in enumerate(market.series)]
    times = np.unique(np.concatenate(coming))
    members: Any = [[] for _ in times]
    for row, column in enumerate(coming):
        for index in np.searchsorted(times, column).tolist():
            members[index].append(row)
    return zip(clock.stamps(times).tolist(), times.tolist(), members, strict=True)
