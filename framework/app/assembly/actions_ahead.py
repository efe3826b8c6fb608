"""Splits and dividends that take effect while a session goes on: the first bar of a symbol's ex date carries them, as in a backtest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from data.actions import DIVIDEND, SPLIT, read_actions
from data.days import EPOCH
from framework.app.assembly.hosting import guest_of
from framework.domain.corporate_action import CorporateAction
from framework.domain.market import FeedStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from framework.domain.market import ClosedBar
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config, DataSection
    from framework.runtime.sessions.arrivals import Arrival

SECOND = 1_000_000_000


def actions_ahead(section: DataSection, symbols: Sequence[str]) -> tuple[CorporateAction, ...]:
    """The splits and dividends of ``symbols`` in the actions file, past ones too.

    Raises:
        DataError: The file is missing or broken.
    """
    zone, found = ZoneInfo(section.timezone), []
    for one in read_actions(section.actions):
        since = int(datetime(one.day.year, one.day.month, one.day.day, tzinfo=zone).timestamp()) * SECOND
        if one.symbol in symbols and one.kind == SPLIT:
            found.append(CorporateAction(one.symbol, since, split=one.value))
        elif one.symbol in symbols and one.kind == DIVIDEND:
            pay_day = None if one.pay_day is None else (one.pay_day - EPOCH).days
            found.append(CorporateAction(one.symbol, since, dividend=one.value, pay_day=pay_day))
    return tuple(found)


def actions_in_live(config: Config, strategy: Strategy) -> tuple[CorporateAction, ...]:
    """Those of a session at a real venue; none for a backtrader strategy, whose indicators could not follow them.

    Raises:
        DataError: The file is missing or broken.
    """
    return actions_ahead(config.data, config.universe.symbols) if guest_of(strategy) is None else ()


def carried(
    arriving: Iterable[Arrival | FeedStatus],
    actions: Sequence[CorporateAction],
    seen: Mapping[str, int],
    awaited: Callable[[str], bool] = lambda _: False,
) -> Iterator[Arrival | FeedStatus]:
    """``arriving``, with ``actions`` on the first bars they take effect with.

    ``seen`` is the close of the last bar that is known of each symbol, ns UTC: what took effect by then is in the bars already. A bar that
    would carry a split is not passed on while the split is ``awaited(symbol)``: nobody knows in which shares it is.
    """
    due = [one for one in actions if one.since >= seen.get(one.symbol, 0)]
    for arrival in arriving:
        if isinstance(arrival, FeedStatus):
            yield arrival
            continue
        splitting = {one.symbol for one in due if one.split != 1.0 and one.symbol in arrival.bars and _is_on(one, arrival.bars[one.symbol])}
        known = {symbol: bar for symbol, bar in arrival.bars.items() if symbol not in splitting or not awaited(symbol)}
        bars = {symbol: _carrying(bar, [one for one in due if _is_on(one, bar)]) for symbol, bar in known.items()}
        due = [one for one in due if one.symbol not in bars or not _is_on(one, bars[one.symbol])]
        yield arrival._replace(bars=bars)


def _is_on(action: CorporateAction, bar: ClosedBar) -> bool:
    return action.symbol == bar.bar.symbol and bar.bar.timestamp > action.since


def _carrying(bar: ClosedBar, actions: Sequence[CorporateAction]) -> ClosedBar:
    for one in actions:
        pay_day = bar.pay_day if one.pay_day is None else one.pay_day
        bar = replace(bar, split=bar.split * one.split, dividend=bar.dividend + one.dividend, pay_day=pay_day)
    return bar
