"""One look for every figure, and figures to SVG and PNG. The only importer of matplotlib is this package's charts."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from framework.report.palette import follow_theme

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes

    from framework.domain.market import Floats

# Okabe and Ito's palette: told apart by people with any common colour blindness.
GAIN = "#0072B2"
LOSS = "#D55E00"
STRATEGY = "#0072B2"
BENCHMARK = "#8A8F98"
INK = "#24292F"
MUTED = "#6E7781"
GRID = "#E6E8EB"

#: Figures are drawn this wide, in inches, and shown about 960 CSS pixels wide: 9 points are 12.5 pixels.
WIDTH = 9.6

#: Points drawn of one line; more than a screen has pixels for only makes the page heavy.
MOST_POINTS = 1600

# Inches around the axes: fixed, so that nothing has to be measured before it is drawn.
_LEFT, _RIGHT, _BOTTOM = 0.85, 0.25, 0.3


def new_axes(height: float, top: float = 0.34) -> tuple[Figure, Axes]:
    """A figure of the common width and ``height`` inches with one pair of axes below ``top`` inches kept for a legend."""
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    span = (WIDTH - _LEFT - _RIGHT) / WIDTH, (height - top - _BOTTOM) / height
    axes = figure.add_axes((_LEFT / WIDTH, _BOTTOM / height, *span))
    axes.grid(visible=True, axis="y")
    return figure, axes


def value_axis(axes: Axes, show: Callable[[float], str], ticks: int = 6, *, integer: bool = False) -> None:
    """Label the vertical axis with ``show(value)`` at about ``ticks`` round values, whole numbers only if ``integer``."""
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10], integer=integer))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def price_axis(axes: Axes, values: Floats, show: Callable[[float], str]) -> bool:
    """Label the vertical axis; logarithmic when the largest of the values is over four times the smallest. Says whether it is."""
    seen = values[np.isfinite(values)]
    if seen.size == 0 or float(seen.min()) <= 0.0 or float(seen.max()) <= 4.0 * float(seen.min()):
        value_axis(axes, show)
        return False
    axes.set_yscale("log")
    decades = np.log10(float(seen.max()) / float(seen.min()))
    steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if decades < 1.0 else (1.0, 2.0, 5.0) if decades < 2.5 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    return True


def legend(axes: Axes) -> None:
    """Put the legend in one row above the axes, where no data can be under it."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, borderaxespad=0.2, handlelength=1.6, columnspacing=1.8)


def thin(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The line in about ``MOST_POINTS`` points, so that the page stays light.

    Kept are the ends, the lowest and the highest of each stretch (no spike is lost), and a NaN for each gap as long as a stretch.
    """
    if y.size <= MOST_POINTS:
        return x, y
    length = -(-2 * y.size // MOST_POINTS)
    rows = np.pad(y, (0, -y.size % length), constant_values=np.nan).reshape(-1, length)
    starts = np.arange(rows.shape[0]) * length
    highest = starts + np.argmax(np.nan_to_num(rows, nan=-np.inf), axis=1)
    lowest = starts + np.argmin(np.nan_to_num(rows, nan=np.inf), axis=1)
    edges = np.flatnonzero(np.diff(np.isnan(y), prepend=False, append=False)).reshape(-1, 2)
    gaps = edges[edges[:, 1] - edges[:, 0] >= length, 0]
    kept = np.unique(np.concatenate(([0, y.size - 1], highest, lowest, gaps)))
    return x[kept], y[kept]


def to_svg(figure: Figure) -> Markup:
    """The figure as an SVG element in the colors of the page it stands in: sharp at any size, the same text for the same figure."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    drawn = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", text.getvalue().partition("<svg")[2], flags=re.DOTALL)
    # A hundredth of a point is below what a screen or a printer can show; matplotlib writes a millionth. Scales stay exact.
    short = re.sub(r"(?<!scale\()\b(\d+\.\d\d)\d+", r"\1", drawn)
    inside = short.partition(">")[2].replace("\n", " ")
    width, height = (f"{72 * inches:g}" for inches in figure.get_size_inches())
    head = f'<svg class="drawing" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">'
    return Markup(head + follow_theme(_own_names(re.sub(r"\s{2,}", " ", inside))))  # noqa: S704 - matplotlib's, which escapes


def _own_names(svg: str) -> str:
    """The drawing with short names that no other one on the page has, and none that nothing refers to."""
    mark = hashlib.sha256(svg.encode()).hexdigest()[:6]
    used = dict.fromkeys(re.findall(r"(?:url\(|href=\")#([^\")]+)", svg))
    own = {name: f"d{mark}-{number}" for number, name in enumerate(used)}
    named = re.sub(r' id="([^"]+)"', lambda found: f' id="{own[found[1]]}"' if found[1] in own else "", svg)
    return re.sub(r"(url\(|href=\")#([^\")]+)", lambda found: f"{found[1]}#{own[found[2]]}", named)


def to_png(figure: Figure) -> bytes:
    """The figure as PNG at 200 dots an inch, twice the density of an ordinary screen."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=200, metadata={"Software": None})
    return image.getvalue()


def styled() -> AbstractContextManager[None]:
    """Within it figures are made and drawn in the common style; the caller's own matplotlib settings come back after it."""
    return mpl.rc_context(
        {
            "font.family": "DejaVu Sans",
            "font.size": 9.0,
            "axes.edgecolor": GRID,
            "axes.labelcolor": MUTED,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.axisbelow": True,
            "axes.unicode_minus": True,
            "grid.color": GRID,
            "grid.linewidth": 0.8,
            "hatch.linewidth": 0.6,
            "legend.frameon": False,
            "legend.fontsize": 9.0,
            "lines.linewidth": 1.4,
            "lines.solid_joinstyle": "round",
            "path.simplify_threshold": 0.5,
            "svg.fonttype": "path",
            "svg.hashsalt": "onetape",
            "text.color": INK,
            "xtick.color": MUTED,
            "xtick.major.size": 3.0,
            "ytick.color": MUTED,
            "ytick.major.size": 0.0,
        }
    )
