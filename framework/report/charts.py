"""The figures of the account: equity, drawdown, exposure, VaR and the results of trades."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.report import canvas
from framework.report.circuit_breakers import restricted
from framework.report.wording import level, money, number, percent
from framework.rules.guards.state import TradingState
from framework.rules.performance import drawdowns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from framework.domain.market import Floats
    from framework.report.tear_sheet_data import TearSheetData
    from framework.report.timeline import Timeline
    from framework.report.var_check import VarChecks

#: How a time of restricted trading is shaded, and named in the legend.
_RESTRICTIONS = (
    (TradingState.REDUCING, "Reducing only", canvas.LOSS),
    (TradingState.HALTED, "Halted", canvas.INK),
)


def _whole_percent(value: float) -> str:
    return percent(value, digits=0) if math.isclose(value * 100, round(value * 100), abs_tol=1e-6) else percent(value)


def _shade_restrictions(axes: Axes, data: TearSheetData, line: Timeline) -> None:
    """Shade the times in which circuit breakers restricted trading; an edge keeps a single session visible among years."""
    end = int(data.timestamps[-1]) if data.timestamps.size else 0
    spans = restricted(data.transitions, end)
    for state, label, color in _RESTRICTIONS:
        own = np.array([(span.start, span.stop) for span in spans if span.state is state], dtype=np.int64).reshape(-1, 2)
        if own.size:
            starts, ends = line.place(own[:, 0]), line.place(own[:, 1])
            ranges = list(zip(starts.tolist(), (ends - starts).tolist(), strict=True))
            bars = axes.broken_barh(ranges, (0.0, 1.0), transform=axes.get_xaxis_transform(), color=color, alpha=0.22, zorder=0)
            bars.set(linewidth=1.2, label=label)


def equity_figure(data: TearSheetData, line: Timeline) -> tuple[Figure, bool]:
    """Equity and buy and hold, dollars, on the times of restricted trading; the flag says whether the scale is logarithmic."""
    figure, axes = canvas.new_axes(3.7)
    x = line.place(data.timestamps)
    marker = "o" if x.size == 1 else None
    for label, curve, color, width in (
        ("Buy and hold", data.benchmark, canvas.BENCHMARK, 1.2),
        ("Strategy", data.equity, canvas.STRATEGY, 1.8),
    ):
        final = f" {money(float(curve[-1]))}" if curve.size else ""
        axes.plot(*canvas.thin(x, curve), color=color, linewidth=width, marker=marker, label=f"{label}{final}")
    axes.axhline(data.initial_cash, color=canvas.MUTED, linewidth=0.8, linestyle=(0, (2, 3)), label=f"Start {money(data.initial_cash)}")
    _shade_restrictions(axes, data, line)
    line.draw(axes)
    logarithmic = canvas.price_axis(axes, np.concatenate((data.equity, data.benchmark)), money)
    canvas.legend(axes)
    return figure, logarithmic


def drawdown_figure(data: TearSheetData, line: Timeline) -> Figure:
    """Distance below the highest equity so far, of the strategy (filled) and of buy and hold."""
    figure, axes = canvas.new_axes(2.3)
    x = line.place(data.timestamps)
    depth = canvas.thin(x, drawdowns(data.equity, data.initial_cash))
    axes.plot(*canvas.thin(x, drawdowns(data.benchmark, data.initial_cash)), color=canvas.BENCHMARK, linewidth=1.0, label="Buy and hold")
    axes.fill_between(*depth, color=canvas.LOSS, alpha=0.25, linewidth=0)
    axes.plot(*depth, color=canvas.LOSS, linewidth=1.2, label="Strategy")
    line.draw(axes)
    canvas.value_axis(axes, _whole_percent, ticks=5)
    axes.set_ylim(top=0.0)
    canvas.legend(axes)
    return figure


def exposure_figure(data: TearSheetData, line: Timeline) -> Figure:
    """Value of all positions over equity, and its mean."""
    figure, axes = canvas.new_axes(2.1)
    x, exposure = canvas.thin(line.place(data.timestamps), data.exposure)
    axes.fill_between(x, exposure, step="post", color=canvas.STRATEGY, alpha=0.22, linewidth=0)
    axes.plot(x, exposure, drawstyle="steps-post", color=canvas.STRATEGY, linewidth=1.0, label="Exposure")
    mean = float(np.nanmean(data.exposure))
    axes.axhline(mean, color=canvas.INK, linewidth=0.9, linestyle=(0, (4, 3)), label=f"Mean {percent(mean)}")
    line.draw(axes)
    canvas.value_axis(axes, _whole_percent, ticks=5)
    axes.set_ylim(bottom=0.0)
    canvas.legend(axes)
    return figure


def var_figure(checks: VarChecks, line: Timeline) -> Figure:
    """Each session's return, the limits both VaR forecasts drew for it the day before, and the sessions that fell through the first."""
    check = checks.total
    figure, axes = canvas.new_axes(2.8)
    x = line.place(check.timestamps)
    hits = check.violated
    axes.plot(*canvas.thin(x, -check.realized), color=canvas.BENCHMARK, linewidth=0.7, label="Return of the session")
    axes.plot(*canvas.thin(x, -check.forecast), color=canvas.STRATEGY, label=f"{level(check.confidence)} VaR, sum of positions")
    if checks.joint.made:
        axes.plot(*canvas.thin(x, -checks.joint.forecast), color=canvas.INK, linewidth=0.8, linestyle=(0, (4, 2)), label="Joint VaR")
    exceeded = f"Loss larger than the sum ({hits.size:,})"
    axes.plot(x[hits], -check.realized[hits], "x", color=canvas.LOSS, markersize=5, markeredgewidth=1.3, label=exceeded)
    line.draw(axes)
    canvas.value_axis(axes, percent)
    canvas.legend(axes)
    return figure


def bin_edges(values: Floats) -> Floats:
    """Edges of about 30 bins of one round width, 0 among them, so that no bar holds gains and losses."""
    span = max(float(values.max()), 0.0) - min(float(values.min()), 0.0)
    rough = max(span, 1e-9) / 30
    scale = 10.0 ** math.floor(math.log10(rough))
    width = scale * min(step for step in (1.0, 2.0, 5.0, 10.0) if step * scale >= rough * 0.999)
    first, last = (math.floor(float(value) / width) for value in (values.min(), values.max()))
    return np.arange(min(first, 0), max(last, 0) + 2, dtype=np.float64) * width


def results_figure(values: Floats, *, multiples: bool) -> Figure:
    """Histogram of trade results, R multiples or dollars; losses are hatched."""
    figure, axes = canvas.new_axes(2.5)
    edges = bin_edges(values)
    heights, _ = np.histogram(values, edges)
    middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    lost = middle < 0.0
    axes.bar(middle[lost], heights[lost], width[lost] * 0.9, color=canvas.LOSS, alpha=0.75, hatch="////", edgecolor="white", label="Lost")
    axes.bar(middle[~lost], heights[~lost], width[~lost] * 0.9, color=canvas.GAIN, alpha=0.85, label="Gained")
    mean = float(values.mean())
    shown = f"{number(mean, signed=True)} R" if multiples else money(mean, signed=True)
    axes.axvline(mean, color=canvas.INK, linewidth=1.0, linestyle=(0, (4, 3)), label=f"Mean {shown}")
    axes.axvline(0.0, color=canvas.MUTED, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{number(value, signed=True, digits=1)} R" if multiples else money(value, signed=True))
    canvas.value_axis(axes, lambda value: f"{value:,.0f}", ticks=5, integer=True)
    canvas.legend(axes)
    return figure
