"""A metric over two parameters as a picture of coloured cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.report import canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from framework.domain.market import Floats

_MOST_LABELS = 14


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """What is drawn.

    Attributes:
        cells: float64 [Y, X], the first row at the bottom; NaN cells stay empty.
        x, y: Names of the parameters; ``y`` is empty when there is one only.
        x_labels, y_labels: The values of the columns and rows.
        metric: What the colours say.
        reverse: Whether less of it is better; the better end is the bright one.
        notes: What the picture does not show, in words.
    """

    cells: Floats
    x: str
    y: str
    x_labels: Sequence[str]
    y_labels: Sequence[str]
    metric: str
    reverse: bool
    notes: Sequence[str]


def heat_map_png(data: HeatMap) -> bytes:
    """The picture as PNG; viridis, which is read the same by people with any common colour blindness and in print."""
    with canvas.styled():
        height = 1.9 + 4.6 * min(len(data.y_labels) / 20, 1.0)
        figure, axes = canvas.new_axes(height, top=0.75)
        axes.set_position((0.11, 0.62 / height, 0.77, 1 - 1.32 / height))
        axes.grid(visible=False)
        image = axes.imshow(
            data.cells, origin="lower", aspect="auto", cmap="viridis_r" if data.reverse else "viridis", interpolation="nearest"
        )
        axes.set_facecolor(canvas.GRID)
        _label(axes, data)
        best = _best(data)
        if best is not None:
            axes.plot(best[1], best[0], "o", markersize=9, markerfacecolor="none", markeredgecolor=canvas.LOSS, markeredgewidth=2.0)
        figure.colorbar(image, cax=figure.add_axes((0.9, 0.62 / height, 0.02, 1 - 1.32 / height)))
        figure.text(0.11, 1 - 0.28 / height, _title(data), fontsize=11, color=canvas.INK)
        figure.text(0.11, 1 - 0.52 / height, " ".join(data.notes), color=canvas.MUTED)
        return canvas.to_png(figure)


def _title(data: HeatMap) -> str:
    return f"{data.metric} over {data.x} and {data.y}" if data.y else f"{data.metric} over {data.x}"


def _best(data: HeatMap) -> tuple[int, int] | None:
    """Row and column of the best cell."""
    if np.isnan(data.cells).all():
        return None
    row, column = divmod(int(np.nanargmin(data.cells) if data.reverse else np.nanargmax(data.cells)), data.cells.shape[1])
    return row, column


def _label(axes: Axes, data: HeatMap) -> None:
    for axis, labels, name in ((axes.xaxis, data.x_labels, data.x), (axes.yaxis, data.y_labels, data.y)):
        step = -(-len(labels) // _MOST_LABELS)
        axis.set_ticks(range(0, len(labels), step), labels[::step])
        axis.set_label_text(name)
