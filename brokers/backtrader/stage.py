"""The Cerebro a strategy runs in: our feeds, our broker, and what the user's own set-up adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from brokers.backtrader.feeds import Feed, guard
from brokers.backtrader.guest import is_signals
from brokers.backtrader.live_feed import LiveFeed
from framework.errors import ConfigError

if TYPE_CHECKING:
    from brokers.backtrader.clock import Clock
    from brokers.backtrader.guest import Hosted
    from framework.engine.market import Market


class Stage(bt.Cerebro):
    """Cerebro without timers that look ahead."""

    def _add_timer(self, owner: Any, when: Any, *args: Any, cheat: bool = False, **kwargs: Any) -> Any:
        if cheat:
            raise ConfigError(
                "add_timer(cheat=True) is not simulated: it would trade at an open that its decision has seen; use cheat=False, which "
                "trades from the next bar on"
            )
        return super()._add_timer(owner, when, *args, cheat=False, **kwargs)


def frame_of(clock: Clock) -> tuple[int, int]:
    """Time frame and compression of the bars, as backtrader says it."""
    return (bt.TimeFrame.Days, 1) if clock.is_daily else (bt.TimeFrame.Minutes, clock.minutes)


def feeds_of(market: Market, clock: Clock) -> dict[str, Any]:
    """A feed for each symbol, with the bars that lie after the market's cursor."""
    frame, length = frame_of(clock)
    found = {}
    for row, series in enumerate(market.series):
        first = market.cursor[row] + 1
        found[series.symbol] = Feed(
            dataname=series.symbol,
            name=series.symbol,
            series=series,
            first=first,
            stamps=clock.stamps(series.timestamp[first:]),
            timeframe=frame,
            compression=length,
            sessionstart=clock.opens,
            sessionend=clock.closes,
        )
    return found


def set_up(cerebro: Stage, hosted: Hosted, feeds: dict[str, Any]) -> None:
    """Let the user's set-up add what it has to add, else all feeds by symbol; then the strategy.

    Raises:
        ConfigError: The set-up adds no data, replaces the broker or the strategy, or asks for a run of another kind.
    """
    broker = cerebro.broker
    if hosted.build is None:
        for feed in feeds.values():
            cerebro.adddata(feed)
    else:
        hosted.build(cerebro, feeds)
        _check(cerebro, broker)
    if cerebro.signals and not is_signals(hosted.kind):
        raise ConfigError(f"add_signal drives a bt.SignalStrategy; [strategy] class = {hosted.kind.__name__} is none")
    if cerebro.signals:
        cerebro.signal_strategy(hosted.kind, **hosted.values)
    else:
        cerebro.addstrategy(hosted.kind, **hosted.values)
    for data in cerebro.datas:
        guard(data)


def symbols_of(cerebro: Any) -> dict[int, str]:
    """The symbol of every feed that has one, by identity; resampled and replayed ones have that of their source."""
    found = {}
    for data in cerebro.datas:
        source = data
        while not isinstance(source, Feed | LiveFeed) and hasattr(source, "data"):
            source = source.data
        if isinstance(source, Feed | LiveFeed):
            found[id(data)] = source.symbol
    return found


def _check(cerebro: Stage, broker: object) -> None:
    problems = (
        (not cerebro.datas, "adds no data: write cerebro.adddata(feeds[symbol]), or resampledata or replaydata"),
        (cerebro.broker is not broker, "sets a broker: cash is [account] cash, costs and fills are [fills]; remove the line"),
        (cerebro.strats, "adds a strategy: it is [strategy] class, with [strategy] params; remove the line"),
        (cerebro.p.cheat_on_open, "sets cheat_on_open: a decision that needs the open cannot trade at it; use next()"),
        (cerebro.p.oldsync, "sets oldsync, which is not supported"),
    )
    for is_so, what in problems:
        if is_so:
            raise ConfigError(f"[strategy] cerebro {what}")
