"""How the symbols moved together: the last correlation matrix, and how each pair's correlation changed."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from framework.report import canvas
from framework.report.tables import Cell
from framework.report.wording import MINUS, number
from framework.rules.risk.correlation import LONGEST_WINDOW, RollingCorrelation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from framework.domain.market import Floats, Integers
    from framework.report.risk_figures import History
    from framework.report.timeline import Timeline

#: Symbols in the matrix, and in the picture of pairs; the most traded ones.
MOST_SYMBOLS, MOST_IN_PICTURE = 12, 6
#: Sessions of the moving window (a quarter of a year), how many of them a pair must share, and how far apart the pictures' columns are.
WINDOW, MINIMUM, STEP = 63, 42, 21
#: Sessions a pair of the matrix must share.
LEAST = 20


class MatrixRow(NamedTuple):
    """A symbol's correlations with the symbols of the columns."""

    symbol: str
    cells: tuple[Cell, ...]


def correlation_matrix(history: History, symbols: Sequence[str], lookback: int) -> list[MatrixRow]:
    """Correlations over the last ``lookback`` sessions; empty for fewer than two symbols."""
    if len(symbols) < 2:
        return []
    window = min(lookback, LONGEST_WINDOW)
    rolling = RollingCorrelation(window, len(symbols), min(LEAST, window))
    for row in history.of(symbols)[-window:]:
        rolling.push(row)
    matrix = rolling.matrix()
    return [MatrixRow(symbol, tuple(_cell(figure) for figure in row)) for symbol, row in zip(symbols, matrix.tolist(), strict=True)]


def _cell(figure: float) -> Cell:
    if math.isnan(figure):
        return Cell("", "", 0.0)
    return Cell(number(figure), "loss" if figure > 0.0 else "gain", round(abs(figure), 2))


def pair_correlations(history: History, symbols: Sequence[str]) -> tuple[Integers, Floats]:
    """Rows of the history, and for each the correlation of every pair over the ``WINDOW`` sessions to it: int64 [C] and float64 [C, P]."""
    rolling = RollingCorrelation(WINDOW, len(symbols), MINIMUM)
    pairs, returns = np.triu_indices(len(symbols), 1), history.of(symbols)
    rows = np.arange(WINDOW - 1, len(returns), STEP)
    found = np.full((len(rows), len(pairs[0])), math.nan)
    for place, row in enumerate(rows.tolist()):
        rolling.fill(returns[row - WINDOW + 1 : row + 1])
        found[place] = rolling.matrix()[pairs]
    return rows, found


def correlation_figure(history: History, symbols: Sequence[str], line: Timeline) -> Figure | None:
    """A band for each pair, coloured by its moving correlation; ``None`` where no pair has one during the run."""
    rows, figures = pair_correlations(history, symbols)
    times = history.times[rows]
    during = (times >= line.timestamps[0]) & (times <= line.timestamps[-1])
    times, figures = times[during], figures[during]
    if len(times) < 2 or np.isnan(figures).all():
        return None
    names = [f"{first} {second}" for first, second in combinations(symbols, 2)]
    figure, axes = canvas.new_axes(0.75 + 0.2 * len(names))
    axes.grid(visible=False)
    places = line.place(times)
    edges = np.concatenate((places[:1] - (places[1] - places[0]), places))
    # Shades of two colors on whatever lies below, so that they are right on a dark page, too.
    shades = (
        (0.0, to_rgba(canvas.GAIN, 1.0)),
        (0.5, to_rgba(canvas.GAIN, 0.0)),
        (0.5, to_rgba(canvas.LOSS, 0.0)),
        (1.0, to_rgba(canvas.LOSS, 1.0)),
    )
    colours = LinearSegmentedColormap.from_list("", shades)
    axes.pcolormesh(edges, np.arange(len(names) + 1.0), figures.T, cmap=colours, vmin=-1.0, vmax=1.0, linewidth=0)
    axes.set_yticks(np.arange(len(names)) + 0.5, names)
    axes.set_ylim(len(names), 0)
    line.draw(axes)
    for value in (-1.0, -0.5, 0.0, 0.5, 1.0):
        label = f"{MINUS if value < 0 else ''}{abs(value):g}"
        axes.plot([], [], "s", color=colours((value + 1.0) / 2.0), markeredgecolor=canvas.MUTED, markeredgewidth=0.4, label=label)
    canvas.legend(axes)
    return figure
