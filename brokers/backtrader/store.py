"""A store as backtrader's scripts know stores: it gives out feeds and a broker, and a run of their Cerebro is a session of ours."""

from __future__ import annotations

from collections import deque
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import backtrader as bt

from brokers.backtrader.blame import placed
from brokers.backtrader.broker import DeskBroker
from brokers.backtrader.feeds import guard
from brokers.backtrader.guest import Guest, guest
from brokers.backtrader.live_feed import LiveFeed
from framework.errors import ConfigError, SafetyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from brokers.backtrader.cycles import Cycles
    from brokers.backtrader.live_host import LiveHost

    Opening = Callable[["Wanted"], AbstractContextManager["Running"]]

_SIMPLE = (bool, int, float, str)


class Wanted(NamedTuple):
    """What a script's Cerebro is to play.

    Attributes:
        guest: Its strategy.
        symbols: Those of its feeds.
        resolution: Of its feeds: 1d, or a number with m.
        is_stopped: Whether it was told to stop.
        hear: Takes what a person is to know, title and text: ``notify_store`` of the strategy gets it.
    """

    guest: Guest
    symbols: tuple[str, ...]
    resolution: str
    is_stopped: Callable[[], bool]
    hear: Callable[[str, str], object]


class Running(NamedTuple):
    """A session that is ready; ``on_slice(timestamp)`` is to follow each decision."""

    host: LiveHost
    on_slice: Callable[[int], None]


class SessionStore:
    """``opening`` opens the session of a run, and ends it when the run is over; the account begins with ``cash`` dollars.

    Use it as a context manager, so that a session ends in good order when the strategy raises.

        with store:
            cerebro.setbroker(store.getbroker())
            cerebro.adddata(store.getdata(dataname="AAPL", timeframe=bt.TimeFrame.Minutes, compression=5))
            cerebro.run()
    """

    def __init__(self, opening: Opening, cash: float) -> None:
        self._opening = opening
        self._notes: list[str] = []
        self._broker = DeskBroker(cash, self._note)
        self._feeds: list[LiveFeed] = []
        self._told: deque[tuple[str, tuple[object, ...], dict[str, object]]] = deque()
        self._open = ExitStack()
        self._cycles: Cycles | None = None
        self._guest: Guest | None = None

    # --- what a script asks for

    def getdata(self, **params: Any) -> LiveFeed:
        """A feed of the symbol ``dataname``; the other ``params`` are those of every feed of backtrader."""
        kind: Callable[..., LiveFeed] = LiveFeed
        feed = kind(**{"name": params.get("dataname"), **params}, store=self)
        self._feeds.append(feed)
        return feed

    def getbroker(self) -> DeskBroker:
        """The broker; there is one."""
        return self._broker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the session of a run that did not come to its end, as if the process had died: another run can go on with it."""
        died = error or SafetyError("the run did not come to its end")
        if isinstance(died, Exception) and self._guest is not None:
            died = placed(died, type(self._guest).__name__)
        try:
            self._open.__exit__(type(died), died, trace)
        except Exception as shown:  # in its place, without the secrets that it may quote
            raise shown from None

    # --- asked by Cerebro

    def start(self) -> None:
        """Open the session of the run that begins.

        Raises:
            ConfigError: The Cerebro asks for a run of another kind.
            OnetapeError: The session cannot be opened.
        """
        if self._guest is not None:
            raise ConfigError("a store plays one session; make another one for the next run")
        feeds = [feed for feed in self._feeds if hasattr(feed, "_env")]
        if not feeds:
            raise ConfigError("no feed of the store is in the Cerebro: call cerebro.adddata(store.getdata(dataname=...))")
        cerebro = feeds[0].getenvironment()
        kind, values = _strategy_of(cerebro, self._broker)
        self._guest = guest(kind, values, None)
        self._guest.hosted.notes = self._notes
        symbols = tuple(sorted({feed.symbol for feed in feeds}))
        wanted = Wanted(self._guest, symbols, _resolution(feeds), lambda: bool(cerebro._event_stop), self._hear)  # noqa: SLF001 - what runstop() sets
        host, on_slice = self._open.enter_context(self._opening(wanted))
        for data in cerebro.datas:
            guard(data)
        self._cycles = host.attach(cerebro, self._broker, on_slice)
        self._open.push(lambda kind, *_: self._finish(cerebro) if kind is None else None)

    def stop(self) -> None:
        """The run is over: end its session."""
        self._open.close()

    def _finish(self, cerebro: Any) -> None:
        if self._cycles is not None and self._guest is not None:
            self._cycles.finish()
            self._guest.hosted.keep(cerebro.runningstrats)

    def get_notifications(self) -> list[tuple[str, tuple[object, ...], dict[str, object]]]:
        """What ``notify_store`` is told; the decision on the last slice has been taken when it is asked for."""
        if self._cycles is not None:
            self._cycles.finish()
        told = list(self._told)
        self._told.clear()
        return told

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    def _hear(self, title: str, text: str) -> None:
        self._told.append((title, (text,), {}))


def _strategy_of(cerebro: Any, broker: DeskBroker) -> tuple[type[Any], dict[str, object]]:
    """The one strategy of ``cerebro``, and those of its params that a config can hold.

    Raises:
        ConfigError: It trades elsewhere, or asks for a run of another kind.
    """
    problems = (
        (cerebro.broker is not broker, "the orders would go to a broker of backtrader's own: call cerebro.setbroker(store.getbroker())"),
        (len(cerebro.strats) != 1 or len(cerebro.strats[0]) != 1, "a session plays one strategy: add one, and optimize in backtests"),
        (cerebro.p.cheat_on_open, "cheat_on_open: a decision that needs the open cannot trade at it; use next()"),
        (cerebro.p.oldsync, "oldsync is not supported"),
    )
    for is_so, what in problems:
        if is_so:
            raise ConfigError(what)
    ((kind, _, values),) = cerebro.strats[0]
    return kind, {name: value for name, value in values.items() if isinstance(value, _SIMPLE) and name in kind.params._getkeys()}  # noqa: SLF001 - backtrader's way to ask a class for its params


def _resolution(feeds: list[LiveFeed]) -> str:
    """The one resolution of ``feeds``.

    Raises:
        ConfigError: There are several, or there is none like it.
    """
    found = {(feed.p.timeframe, feed.p.compression) for feed in feeds}
    if len(found) > 1:
        raise ConfigError(
            "the feeds of a store have one time frame and compression; make longer bars of them with cerebro.resampledata(feed, ...)"
        )
    frame, length = found.pop()
    if frame == bt.TimeFrame.Minutes:
        return f"{length}m"
    if frame == bt.TimeFrame.Days and length == 1:
        return "1d"
    shown = f"timeframe={bt.TimeFrame.getname(frame, length)}, compression={length}"
    raise ConfigError(f"getdata({shown}): bars of a session are days or minutes; make longer ones with cerebro.resampledata(feed, ...)")
