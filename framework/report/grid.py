"""A run on as many points as a screen can show: the common time axis of the interactive chart, and candles on it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from framework.report.dates import DAY, SECOND, new_york

if TYPE_CHECKING:
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.report.timeline import Timeline

Number = TypeVar("Number", int, float)

#: Points of the axis; ten years of days fit without any being put together.
MOST_POINTS = 3_000

OHLCV = tuple[list[float | None], list[float | None], list[float | None], list[float | None], list[int | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The axis: point n covers the instants after ``ends[n - 1]`` up to ``ends[n]`` (ns UTC), the first one from ``start`` on.

    ``step`` decision times are one point; ``times`` are its ends in New York as seconds since 1970 there, midnight for daily runs,
    each later than the one before. ``bounds`` are the ends again, for looking single instants up.
    """

    start: int
    ends: Integers
    times: Integers
    step: int
    bounds: tuple[int, ...]

    @classmethod
    def of(cls, line: Timeline) -> Grid:
        """The grid of a run that has a decision time."""
        step = -(-line.timestamps.size // MOST_POINTS)
        last = np.append(np.arange(step - 1, line.timestamps.size - 1, step), line.timestamps.size - 1)
        ends = line.timestamps[last]
        local = new_york(ends)
        seconds = (local if line.intraday else local // DAY * DAY) // SECOND
        order = np.arange(seconds.size)
        # An hour that the clock repeats must not go backwards.
        return cls(int(line.timestamps[0]), ends, np.maximum.accumulate(seconds - order) + order, step, tuple(ends.tolist()))

    @property
    def size(self) -> int:
        """Number of points."""
        return self.ends.size

    def place(self, instant: int) -> int:
        """The point an instant lies in; one before the run is in the first, one after it in the last."""
        return min(bisect_left(self.bounds, instant), self.size - 1)

    def last_of(self, column: Floats) -> Floats:
        """Of a column with one entry a decision time, the last in each point."""
        last: Floats = column[np.append(np.arange(self.step - 1, column.size - 1, self.step), column.size - 1)]
        return last

    def lowest_of(self, column: Floats) -> Floats:
        """Of such a column, the lowest in each point."""
        lowest: Floats = np.minimum.reduceat(column, np.arange(0, column.size, self.step))
        return lowest


def candles(bars: BarSeries, grid: Grid, decimals: int) -> OHLCV:
    """Open, high, low, close and volume of each point of the grid; ``None`` where the symbol has no bar that can be drawn."""
    inside = (bars.timestamp >= grid.start) & (bars.timestamp <= grid.ends[-1])
    prices = [column[inside] for column in (bars.open, bars.high, bars.low, bars.close)]
    whole = np.logical_and.reduce([np.isfinite(column) for column in prices])
    points, first = np.unique(np.searchsorted(grid.ends, bars.timestamp[inside][whole]), return_index=True)
    if points.size == 0:
        return [None] * grid.size, [None] * grid.size, [None] * grid.size, [None] * grid.size, [None] * grid.size
    opening, high, low, close = (column[whole] for column in prices)
    volume = np.add.reduceat(np.nan_to_num(bars.volume[inside][whole]), first)
    columns = (
        opening[first],
        np.maximum.reduceat(high, first),
        np.minimum.reduceat(low, first),
        close[np.append(first[1:], close.size) - 1],
    )
    spread = [_spread(np.round(column, decimals).tolist(), points, grid.size) for column in columns]
    return spread[0], spread[1], spread[2], spread[3], _spread(np.rint(volume).astype(np.int64).tolist(), points, grid.size)


def _spread(values: list[Number], points: Integers, size: int) -> list[Number | None]:
    column: list[Number | None] = [None] * size
    for point, value in zip(points.tolist(), values, strict=True):
        column[point] = value
    return column
