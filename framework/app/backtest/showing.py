"""A run as a notebook shows it: pictures, and the headline figures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from framework.errors import MissingDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from framework.domain.record import RunRecord


def equity_picture(record: RunRecord) -> Figure:
    """Equity beside buy and hold, dollars; shaded where circuit breakers restricted trading."""
    from framework.report import canvas, charts
    from framework.report.tear_sheet_data import from_record
    from framework.report.timeline import Timeline

    with canvas.styled():
        return charts.equity_figure(from_record(record), Timeline.of(record.timestamps))[0]


def trades_picture(record: RunRecord, symbol: str) -> Figure:
    """Closes of ``symbol`` with its trades, in the shares of the last day.

    Raises:
        MissingDataError: The run had no such symbol, or it has no bar to draw.
    """
    from framework.report import canvas
    from framework.report.price_chart import price_figure
    from framework.report.timeline import Timeline
    from framework.report.trades import open_positions

    if symbol not in record.series:
        raise MissingDataError(f"{symbol!r} is no symbol of this run; it has {', '.join(sorted(record.series))}")
    trades = [trade for trade in record.trades if trade.symbol == symbol]
    held = next((one for one in open_positions(record.fills, record.account_events) if one.symbol == symbol), None)
    with canvas.styled():
        figure = price_figure(record.series[symbol], Timeline.of(record.timestamps), trades, held)
    if figure is None:
        raise MissingDataError(f"{symbol} has no bar between the run's first and last decision")
    return figure


def headline_table(summary: Mapping[str, object]) -> str:
    """The figures the terminal shows, as HTML."""
    from framework.app.backtest.printing import headline, title

    rows = "".join(f"<tr><th style='text-align:left'>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in headline(summary))
    first, _, second = escape(title(summary)).partition("\n")
    return f"<p><b>{first}</b><br>{second}</p><table>{rows}</table>"
