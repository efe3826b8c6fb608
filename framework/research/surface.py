"""An objective over one or two parameters as a grid of cells, the best trial of each standing for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.research.space import Choices, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats, Integers
    from framework.research.space import Axis
    from framework.research.trial import Value

#: Cells along a parameter; of more values neighbours share one.
MOST_CELLS = 60
_INTERVAL_CELLS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Cells [Y, X] with their labels, rows from the lowest value of y on; NaN where no trial has the figure.

    ``shares`` says that a cell stands for neighbouring values too.
    """

    cells: Floats
    x_labels: tuple[str, ...]
    y_labels: tuple[str, ...]
    shares: bool


def surface(axes: Sequence[Axis], columns: Sequence[Sequence[Value]], values: Floats) -> Surface:
    """The largest of ``values`` (float64 [trials], NaN: none) in each cell.

    ``axes`` are x, and y if there is one; ``columns`` has each trial's values of them. Without y there is one row.
    """
    labels = [_cells(axis) for axis in axes]
    places = [_places(axis, column) for axis, column in zip(axes, columns, strict=True)]
    across, down = (*labels, ("",))[:2]
    best = np.full((len(down), len(across)), -np.inf)
    known = ~np.isnan(values)
    rows, seats = (*places, np.zeros_like(places[0]))[1], places[0]
    np.maximum.at(best, (rows[known], seats[known]), values[known])
    return Surface(np.where(np.isfinite(best), best, np.nan), across, down, any(_width(axis) > 1 for axis in axes))


def _width(axis: Axis) -> int:
    """Values that share a cell."""
    return -(-len(axis.values) // MOST_CELLS) if isinstance(axis, Choices) else 2


def _cells(axis: Axis) -> tuple[str, ...]:
    """Labels: the value of a cell, of several the first, of an interval its middle."""
    if isinstance(axis, Choices):
        return tuple(_label(value) for value in axis.values[:: _width(axis)])
    return tuple(_label(axis.at((cell + 0.5) / _INTERVAL_CELLS)) for cell in range(_INTERVAL_CELLS))


def _label(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _places(axis: Axis, values: Sequence[Value]) -> Integers:
    """The cell of each value."""
    if isinstance(axis, Interval):
        shares = (np.asarray(values, dtype=np.float64) - axis.low) / (axis.high - axis.low)
        return np.clip((shares * _INTERVAL_CELLS).astype(np.int64), 0, _INTERVAL_CELLS - 1)
    places, width = {value: place for place, value in enumerate(axis.values)}, _width(axis)
    return np.fromiter((places[value] // width for value in values), dtype=np.int64, count=len(values))
