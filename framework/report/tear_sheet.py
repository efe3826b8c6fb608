"""The tear sheet: one HTML file that opens offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.report import beside_model, canvas, charts, circuit_breakers, pages, tables, var_table
from framework.report.chart_data import chart_document, charted_trades
from framework.report.dates import local_times
from framework.report.pictures import pictures, price_panels
from framework.report.risk_page import risk_section
from framework.report.timeline import Timeline
from framework.report.trades import open_positions
from framework.report.var_check import check_both
from framework.report.verdict import cautions, verdict
from framework.report.wording import NOT_AVAILABLE, money, number, price

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from framework.report.chart_data import Document
    from framework.report.tear_sheet_data import TearSheetData
    from framework.report.trades import OpenPosition

TEMPLATE = "tear_sheet.html.j2"
SCRIPTS = (pages.CHARTS, "chart.js")

#: Symbols written out at the top of the page.
MOST_SYMBOLS = 12


def write_tear_sheet(data: TearSheetData, folder: Path) -> None:
    """Write ``report.html`` and ``equity.png`` into ``folder``, over older ones."""
    with canvas.styled():
        (folder / "equity.png").write_bytes(canvas.to_png(charts.equity_figure(data, Timeline.of(data.timestamps))[0]))
    (folder / "report.html").write_text(render(data), encoding="utf-8")


def render(data: TearSheetData) -> str:
    """The page as HTML. Every text of the run is escaped; nothing is loaded from outside."""
    held = open_positions(data.fills, data.account_events)
    line = Timeline.of(data.timestamps)
    checks = check_both(data)
    document = chart_document(data, line, held)
    with canvas.styled():
        figures = pictures(data, line, checks)
        panels, panels_sentence = price_panels(data, line, held)
        book = risk_section(data, line)
    return pages.render(
        TEMPLATE,
        *(SCRIPTS if document else ()),
        document=document,
        **_tables(data, held, document, intraday=line.intraday),
        **_opening(data),
        risk=var_table.risk_rows(checks),
        risk_sentence=var_table.comparison_sentence(checks),
        **figures,
        **book,
        panels=panels,
        panels_sentence=panels_sentence,
        data=data,
        months=tables.MONTHS,
    )


def _tables(data: TearSheetData, held: Sequence[OpenPosition], document: Document | None, *, intraday: bool) -> dict[str, object]:
    benchmark = tables.benchmark_figures(data)
    numbers = charted_trades(data, document)
    return {
        "cards": tables.headline(data, benchmark, len(held)),
        "verdict": verdict(data, benchmark),
        "cautions": cautions(data),
        "metrics": tables.metrics(data, benchmark),
        "years": tables.heat_map(data),
        "costs": tables.costs(data),
        "turnover": number(data.figure("turnover"), digits=1),
        "value_traded": money(tables.value_traded(data)),
        "wins": tables.largest(data.trades, +1, numbers, intraday=intraday),
        "losses": tables.largest(data.trades, -1, numbers, intraday=intraday),
        "refusals": tables.refusals(data),
        "orders": tables.order_sentence(data),
        "guards": circuit_breakers.changes(data.transitions, intraday=intraday),
        "guards_sentence": circuit_breakers.changes_sentence(data.transitions),
        **beside_model.section(data.beside_model),
        "holdings": [_holding(data, position, intraday=intraday) for position in held],
    }


def _holding(data: TearSheetData, position: OpenPosition, *, intraday: bool) -> tables.Holding:
    bars = data.series.get(position.symbol)
    closes = bars.close[np.isfinite(bars.close) & (bars.timestamp <= data.timestamps[-1])] if bars is not None else np.empty(0)
    last = float(closes[-1]) if closes.size else None
    return tables.Holding(
        position.symbol,
        f"{number(position.quantity, digits=6).rstrip('0').rstrip('.')}",
        local_times([position.since], intraday=intraday)[0],
        price(position.entry_price),
        NOT_AVAILABLE if last is None else price(last),
        money(None if last is None else (last - position.entry_price) * position.quantity, signed=True),
    )


def _opening(data: TearSheetData) -> dict[str, object]:
    """Title, lead sentence and the facts under it."""
    symbols = data.summary["symbols"]
    names = [str(name) for name in symbols] if isinstance(symbols, list) else []
    shown = ", ".join(names[:MOST_SYMBOLS]) + (f" and {len(names) - MOST_SYMBOLS} more" if len(names) > MOST_SYMBOLS else "")
    params, warnings = data.summary["params"], data.summary["warnings"]
    lead = "The run has no decision times." if data.timestamps.size == 0 else _lead(data, len(names))
    return {
        "lead": lead,
        "symbols": shown,
        "params": params if isinstance(params, dict) else {},
        "warnings": warnings if isinstance(warnings, list) else [],
    }


def _lead(data: TearSheetData, symbols: int) -> str:
    start, end = data.text("start"), data.text("end")
    same = "the same symbol" if symbols == 1 else f"the same {symbols} symbols"
    return (
        f"From {start} to {end}, {money(data.initial_cash)} became {money(float(data.equity[-1]))}; "
        f"equal-weight buy and hold of {same} became {money(float(data.benchmark[-1]))}."
    )
