"""The tables on where the risk is, as text ready to print."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.report import canvas
from framework.report.correlation_chart import MOST_IN_PICTURE, MOST_SYMBOLS, WINDOW, correlation_figure, correlation_matrix
from framework.report.dates import iso_dates, session_days
from framework.report.holdings import Positions
from framework.report.pictures import Picture
from framework.report.risk_figures import History, risk_figures
from framework.report.wording import NOT_AVAILABLE, count, level, money, number, percent
from framework.rules.risk.correlation import LONGEST_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framework.report.risk_figures import DayRisk, RiskFigures
    from framework.report.tear_sheet_data import TearSheetData
    from framework.report.timeline import Timeline

#: Symbols that are listed, and what stands in the cells of one that was held on other days only.
MOST_POSITIONS = 30
NOT_HELD = "\N{EN DASH}"


class PositionRow(NamedTuple):
    """A position: value and figures of VaR as parts of equity, marginal VaR a dollar, and the loss at its stop."""

    symbol: str
    weight: str
    alone: str
    component: str
    share: str
    marginal: str
    incremental: str
    at_stop: str
    beta: str
    average: str


class SectorRow(NamedTuple):
    """A sector's positions over equity, and the width of its bar in percent of the largest."""

    name: str
    net: str
    gross: str
    width: float


class FigureRow(NamedTuple):
    """A figure of the whole book and what it is."""

    name: str
    value: str
    definition: str


class RiskPage(NamedTuple):
    """Everything of the section but its figures; empty lists where nothing was held."""

    sentence: str
    figures: list[FigureRow]
    positions: list[PositionRow]
    sectors: list[SectorRow]
    beside: list[FigureRow]


def risk_section(data: TearSheetData, line: Timeline) -> dict[str, object]:
    """What the template needs of the section: tables, the last correlation matrix and the picture of pairs."""
    positions = Positions(data)
    history = History(data, positions.symbols) if positions.symbols else None
    found = None if history is None else risk_figures(data, positions, history)
    symbols = _most_traded(data, positions.symbols)
    return {
        "book": risk_page(found, data.confidence),
        "book_days": 0 if found is None else found.days,
        "correlations": [] if history is None else correlation_matrix(history, symbols[:MOST_SYMBOLS], data.lookback),
        "correlation_days": min(data.lookback, LONGEST_WINDOW),
        "pairs": _pairs(history, symbols[:MOST_IN_PICTURE], line),
    }


def _most_traded(data: TearSheetData, symbols: Sequence[str]) -> list[str]:
    fills = Counter(fill.symbol for fill in data.fills)
    return sorted(symbols, key=lambda symbol: (-fills[symbol], symbol))


def _pairs(history: History | None, symbols: Sequence[str], line: Timeline) -> Picture:
    title = "Correlation of pairs through time"
    figure = None if history is None or len(symbols) < 2 else correlation_figure(history, symbols, line)
    if figure is None:
        return Picture(title, "No pair of symbols has a common history.")
    return Picture(title, f"Each row is a pair, its color the correlation of daily returns over {WINDOW} sessions.", canvas.to_svg(figure))


def risk_page(found: RiskFigures | None, confidence: float) -> RiskPage:
    """The section's tables."""
    if found is None:
        return RiskPage("Nothing was held of which prices are at hand.", [], [], [], [])
    date = iso_dates(session_days(np.array([found.last.holdings.at])))[0]
    left_out = f" No prices at hand for {', '.join(found.unpriced)}." if found.unpriced else ""
    sentence = (
        f"The book of {date}, the last day with positions: {count(len(found.last.holdings.symbols), 'position')}, one-day figures at"
        f" {level(confidence)} by the covariance of the symbols' returns (normal model), as parts of equity.{left_out}"
    )
    return RiskPage(sentence, _figures(found.last), _positions(found), _sectors(found.last), _beside(found))


def _known(value: float, show: Callable[[float], str]) -> str:
    return show(value) if math.isfinite(value) else NOT_AVAILABLE


def _part(value: float) -> str:
    return _known(value, lambda known: percent(known, digits=2))


def _signed(value: float) -> str:
    return _known(value, lambda known: percent(known, signed=True))


def _ratio(value: float) -> str:
    return _known(value, number)


def _figures(day: DayRisk) -> list[FigureRow]:
    equity, total, spread = day.holdings.equity, day.parts.total.var, day.concentration
    alone = float(day.alone.sum())
    saved = 1.0 - total / alone if alone > 0.0 else math.nan
    return [
        FigureRow("VaR, positions summed", _part(day.summed / equity), "What sizes are made by: each position's own, not diversified"),
        FigureRow("VaR, joint history", _part(day.joint / equity), "Today's positions through the days all of them have"),
        FigureRow("VaR, covariance", _part(total / equity), "Normal model; the parts below add up to it"),
        FigureRow("CVaR, covariance", _part(day.parts.total.cvar / equity), "Mean loss beyond it, same model"),
        FigureRow("Diversification", _part(saved), "How much smaller covariance VaR is than the sum of the positions' alone"),
        FigureRow("Portfolio heat", _heat(day), "Loss if every stop were hit at its price now; without a stop all of the value"),
        FigureRow("Largest position", _part(spread.largest), "Of the sum of all positions' sizes"),
        FigureRow("Effective positions", _ratio(spread.effective), "Positions of one size that are spread as thinly: 1 / Herfindahl index"),
        FigureRow("Beta of the book", _ratio(day.portfolio_beta), "To buy and hold of the run's symbols; cash has none"),
    ]


def _heat(day: DayRisk) -> str:
    return _part(day.heat.fraction) if not day.heat.note else f"{NOT_AVAILABLE}: {day.heat.note}"


def _positions(found: RiskFigures) -> list[PositionRow]:
    """Positions of the last day, the largest part of the risk first; then those of other days by their average part."""
    day = found.last
    held = day.holdings.symbols
    parts = dict(zip(held, day.parts.component.tolist(), strict=True))
    ordered = sorted(held, key=lambda symbol: (-_sortable(parts[symbol]), symbol))
    others = sorted((symbol for symbol in found.average if symbol not in parts), key=lambda symbol: (-found.average[symbol], symbol))
    rows = [_held(found, held.index(symbol)) for symbol in ordered]
    nothing = PositionRow._make([NOT_HELD] * len(PositionRow._fields))
    rows += [nothing._replace(symbol=symbol, average=_part(found.average[symbol])) for symbol in others if found.average[symbol]]
    return rows[:MOST_POSITIONS]


def _held(found: RiskFigures, at: int) -> PositionRow:
    day = found.last
    equity, total, symbol = day.holdings.equity, day.parts.total.var, day.holdings.symbols[at]
    component = float(day.parts.component[at])
    return PositionRow(
        symbol=symbol,
        weight=_part(float(day.holdings.values[at]) / equity),
        alone=_part(float(day.alone[at]) / equity),
        component=_part(component / equity),
        share=_part(component / total) if total > 0.0 else NOT_AVAILABLE,
        marginal=_part(float(day.parts.marginal[at])),
        incremental=_part(float(day.parts.incremental[at]) / equity),
        at_stop=_known(float(day.heat.dollars[at]), lambda dollars: money(-dollars)),
        beta=_ratio(float(day.beta[at])),
        average=_part(found.average.get(symbol, math.nan)),
    )


def _sortable(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _sectors(day: DayRisk) -> list[SectorRow]:
    rows = sorted(day.sectors.items(), key=lambda row: (-_sortable(row[1].gross), row[0]))
    largest = max((one.gross for _, one in rows if math.isfinite(one.gross)), default=0.0)
    return [
        SectorRow(
            name.replace("_", " ").capitalize(),
            _signed(one.net),
            _known(one.gross, percent),
            round(100.0 * one.gross / largest, 1) if largest > 0.0 and math.isfinite(one.gross) else 0.0,
        )
        for name, one in rows
    ]


def _beside(found: RiskFigures) -> list[FigureRow]:
    beside = found.beside
    return [
        FigureRow("Beta", _ratio(beside.line.beta), "Of the run's daily returns to those of buy and hold"),
        FigureRow("Beta on falling days", _ratio(beside.falling.beta), "The same on days on which buy and hold fell"),
        FigureRow(
            "Alpha, a year", _known(beside.line.annual_alpha, lambda value: percent(value, signed=True)), "What beta does not explain"
        ),
        FigureRow("Tracking error", _part(beside.tracking_error.value), "Volatility of the difference to buy and hold, a year"),
        FigureRow("Information ratio", _ratio(beside.information_ratio.value), "Mean of that difference over its volatility"),
    ]
