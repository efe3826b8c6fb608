"""Splits and dividends that take effect while a session goes on: the first bar of a symbol's ex date carries them, as in a backtest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from data.actions import DIVIDEND, SPLIT, read_actions
from data.days import EPOCH
from framework.domain.market import FeedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from framework.domain.market import ClosedBar
    from framework.runtime.config import DataSection
    from framework.runtime.sessions.arrivals import Arrival

SECOND = 1_000_000_000


class Ahead(NamedTuple):
    """What happens to a share before the open of the day that begins ``since`` (ns UTC).

    ``split`` is new shares for an old one; ``dividend`` dollars a share of that day, paid on ``pay_day`` (days since 1970; ``None``: then).
    """

    symbol: str
    since: int
    split: float = 1.0
    dividend: float = 0.0
    pay_day: int | None = None


def actions_ahead(section: DataSection, symbols: Sequence[str]) -> tuple[Ahead, ...]:
    """The splits and dividends of ``symbols`` in the actions file, past ones too.

    Raises:
        DataError: The file is missing or broken.
    """
    zone, found = ZoneInfo(section.timezone), []
    for one in read_actions(section.actions):
        since = int(datetime(one.day.year, one.day.month, one.day.day, tzinfo=zone).timestamp()) * SECOND
        if one.symbol in symbols and one.kind == SPLIT:
            found.append(Ahead(one.symbol, since, split=one.value))
        elif one.symbol in symbols and one.kind == DIVIDEND:
            pay_day = None if one.pay_day is None else (one.pay_day - EPOCH).days
            found.append(Ahead(one.symbol, since, dividend=one.value, pay_day=pay_day))
    return tuple(found)


def carried(arriving: Iterable[Arrival | FeedStatus], actions: Sequence[Ahead], seen: Mapping[str, int]) -> Iterator[Arrival | FeedStatus]:
    """``arriving``, with ``actions`` on the first bars they take effect with.

    ``seen`` is the close of the last bar that is known of each symbol, ns UTC: what took effect by then is in the bars already.
    """
    due = [one for one in actions if one.since >= seen.get(one.symbol, 0)]
    for arrival in arriving:
        if isinstance(arrival, FeedStatus):
            yield arrival
            continue
        bars = {symbol: _carrying(bar, [one for one in due if _is_on(one, bar)]) for symbol, bar in arrival.bars.items()}
        due = [one for one in due if one.symbol not in bars or not _is_on(one, bars[one.symbol])]
        yield arrival._replace(bars=bars)


def _is_on(action: Ahead, bar: ClosedBar) -> bool:
    return action.symbol == bar.bar.symbol and bar.bar.timestamp > action.since


def _carrying(bar: ClosedBar, actions: Sequence[Ahead]) -> ClosedBar:
    for one in actions:
        pay_day = bar.pay_day if one.pay_day is None else one.pay_day
        bar = replace(bar, split=bar.split * one.split, dividend=bar.dividend + one.dividend, pay_day=pay_day)
    return bar
