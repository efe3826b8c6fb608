"""The growth of several runs on one axis: a still picture, and the document of the interactive one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.report import canvas
from framework.report.comparison import growth
from framework.report.dates import DAY, SECOND
from framework.report.palette import CURVES, LIGHT
from framework.report.timeline import Timeline
from framework.report.wording import number
from framework.rules.performance import drawdowns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from framework.domain.market import Floats, Integers
    from framework.report.comparison import ComparedRun, Span

#: Points of a curve; between them the lowest of each stretch of the drawdown is kept.
MOST_POINTS = 3_000

#: 16:00 UTC of a day is the same day in New York.
_AFTERNOON = 16 * 3600 * SECOND


def _multiple(value: float) -> str:
    return f"{number(value)} x"


def growth_figure(runs: Sequence[ComparedRun], span: Span) -> Figure:
    """Equity of every run as a multiple of what it began with."""
    figure, axes = canvas.new_axes(3.7)
    line = Timeline(_all_days(runs, span) * DAY + _AFTERNOON, intraday=False)
    seen: list[Floats] = []
    for run, color in zip(runs, CURVES, strict=False):
        days, curve = growth(run, span)
        places = line.place(days * DAY + _AFTERNOON)
        axes.plot(*canvas.thin(places, curve), color=LIGHT[color], linewidth=1.6, label=f"{run.name} {_multiple(float(curve[-1]))}")
        seen.append(curve)
    axes.axhline(1.0, color=canvas.MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
    line.draw(axes)
    canvas.price_axis(axes, np.concatenate(seen), _multiple)
    canvas.legend(axes)
    return figure


def _all_days(runs: Sequence[ComparedRun], span: Span) -> Integers:
    return np.unique(np.concatenate([run.within(span)[0] for run in runs]))


def curves_document(runs: Sequence[ComparedRun], span: Span) -> dict[str, object]:
    """Sessions as seconds since 1970, and growth and drawdown of each run on them (``None`` where it has no session)."""
    days = _all_days(runs, span)
    step = -(-days.size // MOST_POINTS)
    last = np.append(np.arange(step - 1, days.size - 1, step), days.size - 1)
    return {
        "times": (days[last] * (DAY // SECOND)).tolist(),
        "runs": [
            {"name": run.name, "color": color, **_curve(run, span, days, last, step)} for run, color in zip(runs, CURVES, strict=False)
        ],
    }


def _curve(run: ComparedRun, span: Span, days: Integers, last: Integers, step: int) -> dict[str, object]:
    own, curve = growth(run, span)
    whole, depth = np.full((2, days.size), np.nan)
    at = np.searchsorted(days, own)
    whole[at], depth[at] = curve, drawdowns(curve, 1.0)
    lowest = np.fmin.reduceat(depth, np.arange(0, days.size, step))
    return {"growth": _listed(whole[last]), "drawdown": _listed(lowest)}


def _listed(column: Floats) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in np.round(column, 5).tolist()]
