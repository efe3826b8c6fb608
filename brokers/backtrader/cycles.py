"""Cerebro's cycles in a session: the bars that were known, then those that arrive, one slice in each cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from brokers.backtrader.live_feed import LiveFeed, Row
from framework.domain.market import FeedStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from brokers.backtrader.clock import Clock
    from brokers.backtrader.trading import Trading
    from framework.domain.market import BarSeries, ClosedBar
    from framework.engine.engine import Engine
    from framework.engine.market import Market

#: Why no order is taken just now; the strategy finds it as ``order.info.reason``.
DELAYED, BETWEEN, ENDED = "data_delayed", "no_bar_to_decide_on", "session_ended"


class Slice(Protocol):
    """All bars that closed at ``timestamp`` (ns UTC), by symbol."""

    @property
    def timestamp(self) -> int:
        """When they closed."""

    @property
    def bars(self) -> Mapping[str, ClosedBar]:
        """Those of the symbols that have one."""


class Parts(NamedTuple):
    """What a session is made of; ``work(rows)`` lets the venue work through the bars of rows that have just closed."""

    market: Market
    engine: Engine
    work: Callable[[Sequence[int]], None]
    clock: Clock


class Cycles:
    """Lets a session go on with Cerebro.

    The first feed that is asked in a cycle lets the next slice arrive; the broker, asked after all feeds, lets venue and engine work on it;
    then the strategy decides. Its orders are taken from then until the next slice is waited for, and refused at any other time: what is
    decided is decided on a slice, as in a backtest, and a restart decides the same.
    """

    def __init__(self, parts: Parts, trading: Trading, arriving: Iterable[Slice | FeedStatus], on_slice: Callable[[int], None]) -> None:
        self._parts = parts
        self._trading = trading
        self._coming = iter(arriving)
        self._on_slice = on_slice
        self._feeds: list[LiveFeed] = []
        self._slice: Slice | None = None
        self._decided: int | None = None
        self._is_asked = self._is_through = self._is_live = self._is_over = False
        trading.refuses = DELAYED

    def feed(self, feeds: Iterable[LiveFeed]) -> None:
        """Fill ``feeds`` with what is known before the first slice arrives."""
        market, clock = self._parts.market, self._parts.clock
        for feed in feeds:
            row = market.row[feed.symbol]
            feed.join(_known(market.series[row], market.cursor[row] + 1, clock), self._ask)
            feed.p.sessionstart, feed.p.sessionend = clock.opens, clock.closes
            self._feeds.append(feed)
        self._is_through = all(feed.is_through for feed in self._feeds)

    def _ask(self) -> bool:
        """A feed is asked for a bar; whether more may come."""
        if not self._is_asked:
            self._is_asked = True
            self._begin()
        return not self._is_over

    def _begin(self) -> None:
        if not self._is_through or self._is_over:
            return
        if not self._is_live:  # told in a cycle of its own, before the first bar is waited for
            self._is_live = True
            self._tell(LiveFeed.LIVE)
            return
        self.finish()
        came = next(self._coming, None)
        if came is None:
            self._is_over = True
            self._trading.refuses = ENDED
        elif isinstance(came, FeedStatus):
            self._tell(LiveFeed.LIVE if came.is_connected else LiveFeed.DISCONNECTED)
        else:
            self._arrive(came)

    def _arrive(self, came: Slice) -> None:
        market, stamp = self._parts.market, self._parts.clock.stamp(came.timestamp)
        self._parts.engine.on_arrival({market.row[symbol]: one for symbol, one in came.bars.items()}, came.timestamp)
        self._slice = came
        for feed in self._feeds:
            one = came.bars.get(feed.symbol)
            if one is not None:
                feed.take(Row(stamp, one.bar.open, one.bar.high, one.bar.low, one.bar.close, one.bar.volume))
        if came.bars:
            self._tell(LiveFeed.LIVE)

    def _tell(self, status: int) -> None:
        for feed in self._feeds:
            feed.put_notification(status)

    def step(self) -> None:
        """All feeds were asked: let venue and engine work on what has arrived."""
        self._is_asked, self._is_through = False, all(feed.is_through for feed in self._feeds)
        if self._slice is None:
            return
        came, self._slice = self._slice, None
        market, trading = self._parts.market, self._trading
        trading.stamp, trading.refuses = self._parts.clock.stamp(came.timestamp), ""
        trading.expire(came.bars)
        self._parts.work(sorted(market.row[symbol] for symbol in came.bars))
        trading.show_trails()
        self._parts.engine.on_slice(came.timestamp)
        self._decided = came.timestamp

    def finish(self) -> None:
        """The decision on the last slice has been taken."""
        if self._decided is not None:
            decided, self._decided = self._decided, None
            self._trading.refuses = BETWEEN
            self._on_slice(decided)

    def happened(self, timestamp: int) -> None:
        """Something is heard of an order that happened at ``timestamp`` (ns UTC)."""
        self._trading.stamp = max(self._trading.stamp, self._parts.clock.stamp(timestamp))


def _known(series: BarSeries, count: int, clock: Clock) -> Iterable[Row]:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    stamps = clock.stamps(series.timestamp[:count]).tolist()
    return [Row(*values) for values in zip(stamps, *(column[:count].tolist() for column in columns), strict=True)]
