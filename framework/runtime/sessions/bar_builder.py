"""From quotes to bars: what was seen between two closes of the session's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.market import Bar, ClosedBar
from framework.domain.values import is_price
from framework.errors import BadDataError
from framework.runtime.sessions.arrivals import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable


class Tick(NamedTuple):
    """A last trade that was seen: dollars; ``day_volume`` is shares since the session's open, ``None`` where the source does not say."""

    symbol: str
    timestamp: int
    price: float
    day_volume: float | None = None


@dataclass(slots=True)
class _Forming:
    """The bar of one symbol between two closes; ``total`` is the session's volume as far as it was known then."""

    open: float
    high: float
    low: float
    close: float
    total: float = 0.0


class BarBuilder:
    """Makes bars of ticks, for every bar of a session its own.

    ``bounds(timestamp)`` is the open and close, ns UTC, of the session a time lies in, of the next one between sessions. ``step`` is the
    length of a bar, ns; 0 makes one bar of each session. ``since`` is when ticks began to be looked at, ns UTC: a bar that had begun before
    is not made, because nobody saw all of it. A tick belongs to the bar of its own time. A symbol without one between two closes has no
    bar there. Ticks outside of sessions, of the past and with impossible prices are counted and left out.

    Attributes:
        left_out: Ticks that were left out, by reason.
        closed: The last close for which bars were made, ns UTC; 0 before the first.
    """

    def __init__(self, bounds: Callable[[int], tuple[int, int]], step: int, since: int = 0) -> None:
        self._bounds = bounds
        self._since = since
        self._step = step
        self._forming: dict[int, dict[str, _Forming]] = {}
        self._volumes: dict[str, tuple[int, float]] = {}
        self._base: dict[str, float] = {}
        self.closed = 0
        self.left_out: dict[str, int] = {}

    def next_close(self, now: int) -> int:
        """When the bar closes that ``now`` (ns UTC) lies in, or the first one of the next session."""
        opened, closed = self._bounds(now)
        if self._step == 0:
            return closed
        passed = max(now - opened, 1)
        return min(opened + -(-passed // self._step) * self._step, closed)

    def opened(self, timestamp: int) -> int:
        """When the bar began that ``timestamp`` lies in."""
        opened, _ = self._bounds(timestamp)
        return opened if self._step == 0 else opened + (timestamp - opened - 1) // self._step * self._step

    def take(self, tick: Tick) -> None:
        """Let ``tick`` into the bar that is forming; once a bar has closed it does not change."""
        opened, closed = self._bounds(tick.timestamp)
        if not is_price(tick.price):
            self._leave_out("no price")
        elif not opened < tick.timestamp <= closed:
            self._leave_out("outside of the session")
        elif tick.timestamp <= self.closed:
            self._leave_out("after its bar had closed")
        elif self.opened(tick.timestamp) < self._since:
            self._leave_out("in a bar that had begun before")
            self._base[tick.symbol] = self._count(tick, opened)
        else:
            self._add(tick).total = self._count(tick, opened)

    def _add(self, tick: Tick) -> _Forming:
        """Into the bar of its own time: one that is seen late, or by a clock that is behind, may belong to the next."""
        forming = self._forming.setdefault(self.next_close(tick.timestamp), {})
        bar = forming.setdefault(tick.symbol, _Forming(tick.price, tick.price, tick.price, tick.price))
        bar.high, bar.low, bar.close = max(bar.high, tick.price), min(bar.low, tick.price), tick.price
        return bar

    def _count(self, tick: Tick, opened: int) -> float:
        """Shares traded since the open, as far as is known."""
        session, total = self._volumes.get(tick.symbol, (opened, 0.0))
        if session != opened:  # it counts from nothing again
            self._base.pop(tick.symbol, None)
            total = 0.0
        total = max(total, tick.day_volume or 0.0)
        self._volumes[tick.symbol] = (opened, total)
        return total

    def close(self, timestamp: int) -> Arrival:
        """The bars that close at ``timestamp`` (ns UTC); ticks up to then come too late afterwards.

        Raises:
            BadDataError: They have been closed before.
        """
        if timestamp <= self.closed:
            raise BadDataError(f"the bars of {timestamp} were closed before, at {self.closed}")
        self.closed = timestamp
        formed = self._forming.pop(timestamp, {})
        self._forming = {close: bars for close, bars in self._forming.items() if close > timestamp}
        return Arrival(timestamp, {symbol: ClosedBar(self._bar(symbol, timestamp, one)) for symbol, one in sorted(formed.items())})

    def _bar(self, symbol: str, timestamp: int, one: _Forming) -> Bar:
        volume = max(one.total - self._base.get(symbol, 0.0), 0.0)
        self._base[symbol] = one.total
        return Bar(symbol, timestamp, one.open, one.high, one.low, one.close, volume)

    def _leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1
