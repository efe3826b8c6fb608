"""The tear sheet's figures, each with the sentence that says what it shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from framework.report import canvas, charts
from framework.report.dates import iso_dates, session_days
from framework.report.price_chart import MOST_PANELS, price_figure
from framework.report.var_check import verdict
from framework.report.wording import count, money, percent, share
from framework.rules.performance import drawdowns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.fill import Trade
    from framework.report.tear_sheet_data import TearSheetData
    from framework.report.timeline import Timeline
    from framework.report.trades import OpenPosition
    from framework.report.var_check import VarChecks


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as the page shows it: its title, one sentence, and the drawing as an SVG element (empty when there is nothing to draw)."""

    title: str
    sentence: str
    drawing: Markup = field(default_factory=Markup)


#: The figures that need a curve, by the names the template uses, and their titles.
CURVES = MappingProxyType(
    {
        "equity": "Equity against buy and hold",
        "drawdown": "Drawdown",
        "exposure": "Exposure",
        "var": "Value at risk against what happened",
    }
)


def pictures(data: TearSheetData, line: Timeline, checks: VarChecks) -> dict[str, Picture]:
    """The figures of the account, by the names the template uses."""
    if data.timestamps.size < 2:
        nothing = "The run has fewer than two decision times: there is no curve to draw."
        return {name: Picture(title, nothing) for name, title in CURVES.items()} | {"results": _results(data)}
    return {
        "equity": _equity(data, line),
        "drawdown": _drawdown(data, line),
        "exposure": _exposure(data, line),
        "var": _var(checks, line),
        "results": _results(data),
    }


def _equity(data: TearSheetData, line: Timeline) -> Picture:
    figure, logarithmic = charts.equity_figure(data, line)
    scale = ", on a logarithmic scale" if logarithmic else ""
    shaded = " Shaded: circuit breakers restricted trading." if any(one.after for one in data.transitions) else ""
    sentence = f"Account equity beside equal-weight buy and hold of the same symbols with dividends paid as cash{scale}.{shaded}"
    return Picture(CURVES["equity"], sentence, canvas.to_svg(figure))


def _drawdown(data: TearSheetData, line: Timeline) -> Picture:
    depth = drawdowns(data.equity, data.initial_cash)
    worst = int(np.argmin(depth))
    if depth[worst] >= 0.0:
        sentence = "Equity was never below an earlier high."
    else:
        date = iso_dates(session_days(data.timestamps[[worst]]))[0]
        longest = count(int(data.figure("max_drawdown_days") or 0), "calendar day")
        fall = percent(float(depth[worst]))
        sentence = f"Fall below the highest equity so far: {fall} at worst, on {date}; the longest time under water was {longest}."
    return Picture(CURVES["drawdown"], sentence, canvas.to_svg(charts.drawdown_figure(data, line)))


def _exposure(data: TearSheetData, line: Timeline) -> Picture:
    known = data.exposure[np.isfinite(data.exposure)]
    if known.size == 0:
        return Picture(CURVES["exposure"], "The run recorded no exposure.")
    sentence = f"Value of all positions over equity: {percent(float(known.mean()))} on average, {percent(float(known.max()))} at most."
    return Picture(CURVES["exposure"], sentence, canvas.to_svg(charts.exposure_figure(data, line)))


def _var(checks: VarChecks, line: Timeline) -> Picture:
    """The forecast sizes are made with, the sum of the positions' VaR, is the one that is judged in words."""
    drawing = canvas.to_svg(charts.var_figure(checks, line)) if checks.total.made else Markup()
    return Picture(CURVES["var"], verdict(checks.total), drawing)


def _results(data: TearSheetData) -> Picture:
    """R multiples where at least half of the trades have one, dollars elsewhere."""
    title = "Results of trades"
    if not data.trades:
        return Picture(title, "No trade was closed.")
    multiples = [trade.r_multiple for trade in data.trades if trade.r_multiple is not None]
    if 2 * len(multiples) >= len(data.trades):
        without = len(data.trades) - len(multiples)
        left_out = f"; {count(without, 'trade')} without a stop left out" if without else ""
        sentence = f"Closed trades by result in R: multiples of the money at risk from entry to first stop{left_out}. Losses are hatched."
        return Picture(title, sentence, canvas.to_svg(charts.results_figure(np.array(multiples), multiples=True)))
    sentence = "Closed trades by result in dollars, after fees and with dividends. Losses are hatched."
    pnl = np.array([trade.pnl for trade in data.trades])
    return Picture(title, sentence, canvas.to_svg(charts.results_figure(pnl, multiples=False)))


def price_panels(data: TearSheetData, line: Timeline, held: Sequence[OpenPosition]) -> tuple[list[Picture], str]:
    """A picture of each symbol that was traded and has prices, the most traded first, and a sentence on what is left out."""
    fills = Counter(fill.symbol for fill in data.fills)
    if not fills:
        return [], "Nothing was traded."
    traded = sorted(fills, key=lambda symbol: (-fills[symbol], symbol))
    priced = [symbol for symbol in traded if symbol in data.series]
    open_at_end = {position.symbol: position for position in held}
    panels = [_panel(data, line, symbol, open_at_end.get(symbol)) for symbol in priced[:MOST_PANELS]]
    return panels, _left_out(traded, priced)


def _left_out(traded: Sequence[str], priced: Sequence[str]) -> str:
    if not priced:
        return "Prices were not at hand when this page was made, so trades are not drawn on them."
    sentences = []
    if len(priced) > MOST_PANELS:
        sentences.append(f"The {MOST_PANELS} most traded of {len(priced)} symbols are shown.")
    if len(priced) < len(traded):
        sentences.append(f"No prices at hand for {', '.join(sorted(set(traded) - set(priced)))}.")
    return " ".join(sentences)


def _panel(data: TearSheetData, line: Timeline, symbol: str, held: OpenPosition | None) -> Picture:
    trades = [trade for trade in data.trades if trade.symbol == symbol]
    figure = price_figure(data.series[symbol], line, trades, held)
    sentence = f"{_record(trades)}{' One position is still open.' if held else ''}"
    return Picture(symbol, sentence, canvas.to_svg(figure) if figure is not None else Markup())


def _record(trades: Sequence[Trade]) -> str:
    if not trades:
        return "No trade closed."
    won = sum(trade.pnl > 0.0 for trade in trades)
    pnl = money(sum(trade.pnl for trade in trades), signed=True)
    return f"{count(len(trades), 'closed trade')}, {pnl} in all, {share(won, len(trades), 0)} made money."
