"""All bars as [T, N] columns, for vectorised strategies, and what their signals ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import BarSeries, Floats, Integers


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Bars of N symbols on one time line of T closes; read-only.

    ``timestamp`` int64 [T] ns UTC; the other columns float64 [T, N], NaN where a symbol had no bar. Columns follow ``symbols`` (sorted).
    """

    symbols: tuple[str, ...]
    timestamp: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def panel_of(series: Sequence[BarSeries]) -> Panel:
    """Align ``series`` on the union of their timestamps."""
    timeline = np.unique(np.concatenate([one.timestamp for one in series]))
    rows = [np.searchsorted(timeline, one.timestamp) for one in series]
    columns = {name: _column(series, rows, name, len(timeline)) for name in ("open", "high", "low", "close", "volume")}
    timeline.flags.writeable = False
    return Panel(tuple(one.symbol for one in series), timeline, **columns)


def _column(series: Sequence[BarSeries], rows: Sequence[Integers], name: str, length: int) -> Floats:
    # Column-major: a symbol's history is one stretch of memory, as rolling functions read it.
    column = np.full((length, len(series)), np.nan, order="F")
    for number, (one, where) in enumerate(zip(series, rows, strict=True)):
        column[where, number] = getattr(one, name)
    column.flags.writeable = False
    return column


def targets_from_signals(signals: object, panel: Panel, first: int, name: str) -> dict[int, list[tuple[int, float]]]:
    """Targets to issue at each timestamp >= ``first``: {timestamp: [(row, strength), ...]}.

    A target is issued where a symbol's signal differs from the last one issued (flat before the first).

    Raises:
        StrategyError: Not an array [T, N] of numbers in [-1, 1] or NaN.
    """
    array = _checked(signals, panel, name)
    array[np.isnan(panel.close)] = np.nan
    start = int(np.searchsorted(panel.timestamp, first))
    targets: dict[int, list[tuple[int, float]]] = {}
    for number in range(array.shape[1]):
        column = array[start:, number]
        known = np.flatnonzero(~np.isnan(column))
        values = column[known]
        changed = values != np.concatenate(([0.0], values[:-1]))
        for index, value in zip(known[changed].tolist(), values[changed].tolist(), strict=True):
            targets.setdefault(int(panel.timestamp[start + index]), []).append((number, value))
    return targets


def _checked(signals: object, panel: Panel, name: str) -> Floats:
    try:
        array = np.array(signals, dtype=np.float64)
    except (TypeError, ValueError):
        raise StrategyError(f"{name}.signals returned {type(signals).__name__}, not an array of numbers") from None
    if array.shape != panel.close.shape:
        raise StrategyError(
            f"{name}.signals returned shape {array.shape}; it must be [T, N] = {panel.close.shape}: a row a bar, a column a symbol"
        )
    outside = np.argwhere(np.abs(array) > 1.0)
    if len(outside):
        row, number = (int(index) for index in outside[0])
        raise StrategyError(
            f"{name}.signals: {array[row, number]} for {panel.symbols[number]} in row {row}; a strength lies in [-1, 1], NaN for no opinion"
        )
    return array
