"""Prices that open a session as if the shares had split, and nobody declared it: entries stop, and somebody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.market import FeedStatus
from framework.engine.market import session_number
from framework.rules.account.splits import looks_like_a_split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from framework.domain.corporate_action import CorporateAction
    from framework.engine.market import Market
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.sessions.turns import Turns

WHO = "onetape"


class JumpWatch:
    """Passes ``coming`` on; before a slice with such an open the session is told to reduce, as by an operator. ``actions`` are declared."""

    def __init__(self, coming: Iterable[Arrival | FeedStatus], actions: Sequence[CorporateAction]) -> None:
        self._coming = coming
        self._declared = [(one.symbol, one.since) for one in actions if one.split != 1.0]
        self._turns: Turns | None = None
        self._market: Market | None = None

    def begin(self, turns: Turns, market: Market) -> None:
        """Commands reach the engine through ``turns``; last closes are in ``market``."""
        self._turns, self._market = turns, market

    def __iter__(self) -> Iterator[Arrival | FeedStatus]:
        for arrival in self._coming:
            if isinstance(arrival, FeedStatus):
                yield arrival
                continue
            jumps = sorted(filter(None, (self._jump(symbol, arrival) for symbol in arrival.bars)))
            if jumps and self._turns is not None:
                self._turns.command(arrival.timestamp, OperatorCommand(CommandKind.REDUCE, WHO, "; ".join(jumps)))
            yield arrival

    def _jump(self, symbol: str, arrival: Arrival) -> str:
        """What looks like a split of ``symbol`` that was not declared, in words; empty otherwise."""
        if self._market is None:
            return ""
        row = self._market.row[symbol]
        series, index = self._market.series[row], self._market.cursor[row]
        if index < 0 or session_number(int(series.timestamp[index])) == session_number(arrival.timestamp):
            return ""
        last, opened = float(series.close[index]), arrival.bars[symbol].bar.open
        ratio = looks_like_a_split(last, opened)
        seen = int(series.timestamp[index])
        if ratio is None or any(name == symbol and seen <= since < arrival.timestamp for name, since in self._declared):
            return ""
        return f"{symbol} opens at {opened:g} after {last:g}, as if {ratio:g} shares had come for one: declare it in [data] actions"
