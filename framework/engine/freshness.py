"""Are data still coming? Bars that were due and did not come, symbol by symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from framework.engine.market import Market


class Lateness(NamedTuple):
    """The symbol that is worst off, and the bars in a row it has missed; ``None`` where it never had one."""

    symbol: str
    missed: int | None


class Freshness:
    """Counts missed bars. ``due(timestamp)`` is the number of bars that should have closed from some start up to then (ns UTC)."""

    def __init__(self, market: Market, due: Callable[[int], int]) -> None:
        self._market = market
        self._due = due
        #: A time, and the bars due by then.
        self._counted = (0, 0)
        #: Two closes with no bar due between them.
        self._neighbours = (0, 0)

    def all_came(self, rows: Iterable[int], now: int) -> bool:
        """Whether the symbols of ``rows`` have the bar of ``now`` and missed none before it: what is nearly always so, seen quickly."""
        cursor, series = self._market.cursor, self._market.series
        for row in rows:
            index, times = cursor[row], series[row].timestamp
            if index < 1 or times.item(index) != now:
                return False
            before = times.item(index - 1)
            if self._neighbours != (before, now):
                time, count = self._counted
                self._counted = (now, self._due(now))
                if self._counted[1] - (count if time == before else self._due(before)) > 1:
                    return False
                self._neighbours = (before, now)
        return True

    def missing(self, symbol: str, now: int) -> int | None:
        """Bars due by ``now`` since the symbol's last one; below 0 where that lies after ``now``, ``None`` where there is none."""
        last, _ = self._last_two(symbol)
        return None if last is None else self._between(last, now)

    def worst(self, symbols: Iterable[str], now: int) -> Lateness | None:
        """The longest outage among ``symbols``, the first of equals; ``None`` where there are no symbols.

        Where a bar has come, the bars missed just before it are its outage: nobody could see what happened meanwhile.
        """
        # Most symbols have the same two last bars: each pair is counted once.
        first_with: dict[tuple[int | None, int | None], str] = {}
        for symbol in symbols:
            first_with.setdefault(self._last_two(symbol), symbol)
        late = [Lateness(symbol, self._outage(*bars, now)) for bars, symbol in first_with.items()]
        return max(late, key=lambda one: (one.missed is None or one.missed < 0, one.missed or 0), default=None)

    def _last_two(self, symbol: str) -> tuple[int | None, int | None]:
        """Closes of the last bar and of the one before it, ns UTC; ``None`` where there is none."""
        row = self._market.row[symbol]
        index = self._market.cursor[row]
        times = self._market.series[row].timestamp
        return times.item(index) if index >= 0 else None, times.item(index - 1) if index > 0 else None

    def _outage(self, last: int | None, before: int | None, now: int) -> int | None:
        if last is None:
            return None
        missing = self._between(last, now)
        return missing if missing or before is None else max(self._between(before, now) - 1, 0)

    def _between(self, last: int, now: int) -> int:
        if last == now:
            return 0
        return self._due(now) - self._due(last) if last < now else -1
