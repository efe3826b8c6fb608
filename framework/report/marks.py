"""What the interactive chart draws on the candles of one symbol: fills, positions held, stops and limits."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.values import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from framework.domain.fill import Fill, Trade
    from framework.domain.market import BarSeries
    from framework.report.grid import Grid
    from framework.report.levels import WorkingLevel
    from framework.report.trades import OpenPosition

#: Marks of one symbol; more than these hide the candles and make the page heavy.
MOST_MARKS = 1_500
#: In place of the number of a trade.
STILL_OPEN, NOT_LISTED = -1, -2
#: Stops (or limits) that are drawn beside one another at one time.
MOST_TRACKS = 4


class Mark(NamedTuple):
    """Fills of one side at one point of the axis.

    ``side`` is +1 for a buy. ``quantity`` and ``paid`` (dollars a share, the average) are those of that day, ``price`` is in shares of the
    last bar, as the candles are. ``trade`` is the number of the round trip it belongs to (or ``STILL_OPEN``, ``NOT_LISTED``), ``entry``
    whether it opened or added to it. ``reason`` is the tags of its orders.
    """

    point: int
    side: int
    quantity: float
    price: float
    paid: float
    reason: str
    entry: bool
    trade: int


class Rescaled:
    """Prices of any day in shares of the last bar, as the candles are drawn."""

    def __init__(self, bars: BarSeries) -> None:
        split = np.flatnonzero(bars.split != 1.0)
        self._times: list[int] = bars.timestamp[split].tolist()
        self._later: list[float] = [*np.cumprod(bars.split[split][::-1])[::-1].tolist(), 1.0]

    def price(self, price: float, instant: int) -> float:
        """``price`` of ``instant`` in shares of the last bar."""
        return price / self._later[bisect_right(self._times, instant)]


class Trips(NamedTuple):
    """The round trips of one symbol in the order of their entries, the page's numbers for them by their place, and what stays open."""

    trades: Sequence[Trade]
    numbers: Mapping[int, int]
    held: OpenPosition | None


def marks(fills: Iterable[Fill], trips: Trips, rescaled: Rescaled, grid: Grid) -> tuple[list[Mark], int]:
    """Fills of one symbol put together by point and side, the oldest first, and how many small ones are left out."""
    entries = [trade.entry_at for trade in trips.trades]
    together: dict[tuple[int, int, int, bool], list[Fill]] = defaultdict(list)
    for fill in fills:
        place, entry = _trade_of(fill, trips, entries)
        number = STILL_OPEN if place < 0 else trips.numbers.get(place, NOT_LISTED)
        together[grid.place(fill.timestamp), fill.side.sign, number, entry].append(fill)
    found = [_mark(key, group, rescaled) for key, group in together.items()]
    largest = sorted(found, key=lambda mark: -mark.quantity * mark.paid)[:MOST_MARKS]
    return sorted(largest), len(found) - len(largest)


def _mark(key: tuple[int, int, int, bool], group: Sequence[Fill], rescaled: Rescaled) -> Mark:
    point, side, trade, entry = key
    quantity = sum(fill.quantity_micros for fill in group)
    paid = sum(fill.quantity_micros * fill.price_micros for fill in group) / quantity / MICRO
    reasons = ", ".join(dict.fromkeys(fill.tag for fill in group if fill.tag))
    return Mark(point, side, quantity / MICRO, rescaled.price(paid, group[0].timestamp), paid, reasons, entry, trade)


def _trade_of(fill: Fill, trips: Trips, entries: Sequence[int]) -> tuple[int, bool]:
    """Place of the round trip a fill belongs to (-1: what is still open), and whether it opened or added to it."""
    trades, at, around = trips.trades, fill.timestamp, []
    place = bisect_right(entries, at) - 1
    while place >= 0 and trades[place].exit_at >= at:
        around.append(place)
        place -= 1
    closing = [place for place in around if (trades[place].side == "long") is (fill.side.sign < 0)]
    if closing:
        return closing[-1], False
    opened = [place for place in around if trades[place].entry_at == at or trades[place].exit_at > at]
    if opened:
        return opened[0], True
    return -1, trips.held is None or trips.held.quantity * fill.side.sign > 0.0


def held_spans(trips: Trips, grid: Grid) -> list[tuple[int, int, int]]:
    """First and last point of every position, and +1 for a long one, -1 for a short one; those that look alike once."""
    spans = [(grid.place(trade.entry_at), grid.place(trade.exit_at), 1 if trade.side == "long" else -1) for trade in trips.trades]
    if trips.held is not None:
        spans.append((grid.place(trips.held.since), grid.size - 1, 1 if trips.held.quantity > 0 else -1))
    return list(dict.fromkeys(spans))


def tracks(levels: Iterable[WorkingLevel], rescaled: Rescaled, grid: Grid) -> list[list[tuple[int, int, float]]]:
    """Levels as lines of (first point, last point, price): one line where one follows the other, more where they work side by side."""
    lines: list[list[tuple[int, int, float]]] = []
    ends: list[int] = []
    for level in sorted(levels, key=lambda level: (level.since, level.until)):
        if level.until <= level.since:
            continue
        drawn = grid.place(level.since), grid.place(level.until), round(rescaled.price(level.price, level.since), 4)
        free = next((line for line, end in enumerate(ends) if end <= level.since), len(lines))
        if free == len(lines) < MOST_TRACKS:
            lines.append([])
            ends.append(0)
        if free < len(lines):
            ends[free] = level.until
            _extend(lines[free], drawn)
    return lines


def _extend(line: list[tuple[int, int, float]], drawn: tuple[int, int, float]) -> None:
    """Add a stretch; make the last one longer if it goes on at the same price; of two that begin at one point keep the later."""
    if line and line[-1][2] == drawn[2] and line[-1][1] >= drawn[0]:
        line[-1] = (line[-1][0], max(line[-1][1], drawn[1]), drawn[2])
    elif line and line[-1][0] == drawn[0]:
        line[-1] = drawn
    else:
        line.append(drawn)
