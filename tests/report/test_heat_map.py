"""The picture of a search: colours follow the figures, the better end is the bright one, and nothing is drawn that is not there."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from framework.report.canvas import GRID, LOSS
from framework.report.heat_map import HeatMap, heat_map_png

CELLS = np.array([[0.0, 1.0, np.nan], [2.0, 3.0, 4.0]])


def picture(cells=CELLS, *, reverse=False, y="slow"):
    labels = [str(place) for place in range(cells.shape[1])], [str(place) for place in range(cells.shape[0])]
    made = HeatMap(cells, "fast", y, *labels, metric="sharpe", reverse=reverse, notes=["6 trials.", "Each cell: the best over hold."])
    return imread(BytesIO(heat_map_png(made)), format="png")[..., :3]


def color(name):
    return np.array([int(name[place : place + 2], 16) / 255 for place in (1, 3, 5)])


def axes_box(image):
    """Rows and columns of the cells: the largest rectangle of the picture that is not white."""
    dark = (image < 0.999).any(axis=2)
    rows, columns = (np.flatnonzero(dark.mean(axis=axis) > 0.4) for axis in (1, 0))
    # The colour bar stands to the right, behind white columns.
    gap = np.flatnonzero(np.diff(columns) > 5)
    return rows, columns[: gap[0] + 1] if gap.size else columns


def cell(image, row, column, shape):
    """The colour near a corner of a cell, away from the mark of the best; row 0 is at the bottom."""
    rows, columns = axes_box(image)
    high, wide = (rows[-1] - rows[0]) / shape[0], (columns[-1] - columns[0]) / shape[1]
    return image[int(rows[-1] - (row + 0.2) * high), int(columns[0] + (column + 0.2) * wide)]


def brightness(image, row, column, shape):
    return float(cell(image, row, column, shape) @ (0.299, 0.587, 0.114))


@pytest.mark.parametrize("reverse", [False, True])
def test_better_cells_are_brighter(reverse):
    image = picture(reverse=reverse)
    seen = [brightness(image, row, column, (2, 3)) for row, column in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2))]
    assert seen == sorted(seen, reverse=reverse)
    assert len({round(one, 3) for one in seen}) == 5


def test_a_cell_without_a_figure_is_grey():
    np.testing.assert_allclose(cell(picture(), 0, 2, (2, 3)), color(GRID), atol=0.01)


@pytest.mark.parametrize(("reverse", "row", "column"), [(False, 1, 2), (True, 0, 0)])
def test_the_best_cell_is_circled(reverse, row, column):
    image = picture(reverse=reverse)
    rows, columns = axes_box(image)
    circle = np.argwhere(np.abs(image - color(LOSS)).max(axis=2) < 0.02)
    assert len(circle) > 20
    middle = circle.mean(axis=0)
    assert (rows[-1] - middle[0]) // ((rows[-1] - rows[0]) / 2) == row
    assert (middle[1] - columns[0]) // ((columns[-1] - columns[0]) / 3) == column


@pytest.mark.parametrize("cells", [np.full((2, 2), np.nan), np.zeros((1, 1)), np.zeros((60, 60)), np.arange(5.0)[None, :]])
def test_any_shape_gives_a_picture(cells):
    assert min(picture(cells, y="" if len(cells) == 1 else "slow").shape[:2]) > 300


def test_the_same_figures_give_the_same_bytes():
    made = HeatMap(CELLS, "fast", "slow", "abc", "de", metric="sharpe", reverse=False, notes=[])
    assert heat_map_png(made) == heat_map_png(made)
