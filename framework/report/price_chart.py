"""Trades on price: one figure for each symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.report import canvas
from framework.report.wording import price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from framework.domain.fill import Trade
    from framework.domain.market import BarSeries, Floats
    from framework.report.timeline import Timeline
    from framework.report.trades import OpenPosition

#: Figures of this many symbols are shown, the most traded ones.
MOST_PANELS = 12

_SHADES = (("long", canvas.GAIN), ("short", canvas.LOSS))


def _places(line: Timeline, instants: Sequence[int]) -> Floats:
    return line.place(np.array(instants, dtype=np.int64))


def _shade_positions(axes: Axes, line: Timeline, trades: Sequence[Trade], held: OpenPosition | None) -> None:
    """Shade the time a position was held, longs and shorts in their own colour."""
    spans = [(trade.side, trade.entry_at, trade.exit_at) for trade in trades]
    if held is not None:
        spans.append(("long" if held.quantity > 0 else "short", held.since, int(line.timestamps[-1])))
    for side, color in _SHADES:
        starts = _places(line, [start for kind, start, _ in spans if kind == side])
        ends = _places(line, [stop for kind, _, stop in spans if kind == side])
        ranges = list(zip(starts.tolist(), (ends - starts).tolist(), strict=True))
        axes.broken_barh(ranges, (0.0, 1.0), transform=axes.get_xaxis_transform(), color=color, alpha=0.1, linewidth=0, zorder=0)


def _shares_since(bars: BarSeries, exit_at: int) -> float:
    """How many shares of the last bar one of ``exit_at`` became: a trade has the prices of its own day, the curve those of the last."""
    return float(np.prod(bars.split[bars.timestamp > exit_at]))


def _mark_trades(axes: Axes, line: Timeline, bars: BarSeries, trades: Sequence[Trade], held: OpenPosition | None) -> None:
    """Up-pointing triangles for entries, down-pointing for exits; filled for a gain, hollow for a loss."""
    size = 6.5 if len(trades) <= 40 else 4.5
    for won, color, face in ((True, canvas.GAIN, canvas.GAIN), (False, canvas.LOSS, "white")):
        own = [trade for trade in trades if (trade.pnl > 0.0) is won]
        for marker, instants, prices in (
            ("^", [trade.entry_at for trade in own], [trade.entry_price / _shares_since(bars, trade.exit_at) for trade in own]),
            ("v", [trade.exit_at for trade in own], [trade.exit_price / _shares_since(bars, trade.exit_at) for trade in own]),
        ):
            axes.plot(_places(line, instants), prices, marker, color=color, markerfacecolor=face, markersize=size, markeredgewidth=1.0)
    if held is not None:
        axes.plot(_places(line, [held.since]), [held.entry_price], "^", color=canvas.MUTED, markersize=size)


def price_figure(bars: BarSeries, line: Timeline, trades: Sequence[Trade], held: OpenPosition | None) -> Figure | None:
    """Closes of one symbol between the first and last decision time with its trades.

    ``held`` is the position still open at the end. ``None`` when the symbol has no bar between them.
    """
    inside = (bars.timestamp >= line.timestamps[0]) & (bars.timestamp <= line.timestamps[-1]) & np.isfinite(bars.close)
    if not np.any(inside):
        return None
    figure, axes = canvas.new_axes(2.1, top=0.1)
    _shade_positions(axes, line, trades, held)
    axes.plot(*canvas.thin(line.place(bars.timestamp[inside]), bars.close[inside]), color=canvas.INK, linewidth=0.9, alpha=0.75)
    _mark_trades(axes, line, bars, trades, held)
    line.draw(axes)
    canvas.price_axis(axes, bars.close[inside], price)
    return figure
