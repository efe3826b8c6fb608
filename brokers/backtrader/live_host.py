"""Cerebro as the driver of a session with a plain backtrader strategy: bars arrive, and each is decided on in one of its cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.backtrader.blame import placed
from brokers.backtrader.broker import Counter, DeskBroker
from brokers.backtrader.cycles import Cycles
from brokers.backtrader.holdings import Holdings
from brokers.backtrader.live_feed import LiveFeed
from brokers.backtrader.overheard import Overheard
from brokers.backtrader.stage import Stage, frame_of, set_up, symbols_of
from brokers.backtrader.trading import Trading
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from brokers.backtrader.cycles import Parts, Slice
    from brokers.backtrader.guest import Guest
    from framework.domain.market import FeedStatus
    from framework.engine.ports import Broker


class LiveHost:
    """Plays what ``arriving`` gives for the strategy in ``guest``; ``exact`` keeps brackets as backtrader's own broker does."""

    name = "realtime"

    def __init__(self, parts: Parts, broker: Broker, guest: Guest, arriving: Iterable[Slice | FeedStatus], *, exact: bool) -> None:
        self._parts = parts
        self._broker = broker
        self._hosted = guest.hosted
        self._name = type(guest).__name__
        self._arriving = arriving
        self._exact = exact

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices in a Cerebro of its own; ``on_slice(timestamp)`` follows each decision.

        Raises:
            StrategyError: The user's code raised; the message has its place.
        """
        cerebro, cash = Stage(), self._parts.engine.desk.book.cash_micros / MICRO
        cerebro.broker = DeskBroker(cash, self._hosted.note)
        frame, length = frame_of(self._parts.clock)
        symbols = self._parts.market.symbols
        feeds = {one: LiveFeed(dataname=one, name=one, timeframe=frame, compression=length) for one in symbols}
        try:
            set_up(cerebro, self._hosted, feeds)
            cycles = self.attach(cerebro, cerebro.broker, on_slice)
            strategies = cerebro.run()
        except Exception as error:  # whatever a user's code raises is the user's to see, with its place
            shown = placed(error, self._name)
            if shown is error:
                raise
            raise shown from error
        cycles.finish()
        self._hosted.keep(strategies)

    def attach(self, cerebro: Any, broker: DeskBroker, on_slice: Callable[[int], None]) -> Cycles:
        """Let a run of ``cerebro`` drive the session, with ``broker`` as its broker; call ``finish`` of what is returned at its end."""
        desk, symbols = self._parts.engine.desk, symbols_of(cerebro)
        trading = Trading(desk, self._name, Holdings(symbols), exact=self._exact)
        cycles = Cycles(self._parts, trading, self._arriving, on_slice)
        self._broker.subscribe(Overheard(desk, trading, cycles.happened))
        cycles.feed(_live_feeds(cerebro))
        broker.serve(Counter(desk, trading, symbols, cycles.step))
        return cycles


def _live_feeds(cerebro: Any) -> list[LiveFeed]:
    """The feeds behind the datas of ``cerebro``, each once."""
    found: dict[int, LiveFeed] = {}
    for data in cerebro.datas:
        source = data
        while not isinstance(source, LiveFeed) and hasattr(source, "data"):
            source = source.data
        if isinstance(source, LiveFeed):
            found[id(source)] = source
    return list(found.values())
