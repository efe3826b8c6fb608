"""The tables of the tear sheet, as text ready to print."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.values import MICRO
from framework.report.dates import local_times, session_days
from framework.report.summary import curve_figures
from framework.report.wording import NOT_AVAILABLE, count, headline_percent, money, number, percent, price, refusal_name, share
from framework.rules import performance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from framework.domain.fill import Trade
    from framework.domain.market import Floats
    from framework.report.tear_sheet_data import TearSheetData

LARGEST = 10
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Card(NamedTuple):
    """A headline figure, and the name and value of what to compare it with."""

    name: str
    value: str
    other: str
    other_value: str


class Metric(NamedTuple):
    """A row of the table of figures; ``benchmark`` is empty where buy and hold has none."""

    name: str
    value: str
    benchmark: str
    definition: str


class Cell(NamedTuple):
    """A month of the heat map: its text, gain or loss, and the strength of its colour in [0, 1]."""

    text: str
    tone: str
    heat: float


class Year(NamedTuple):
    """A row of the heat map."""

    year: int
    months: tuple[Cell, ...]
    total: str
    benchmark: str


class Cost(NamedTuple):
    """A row of the costs: dollars, share of the initial cash, and hundredths of a percent of the value traded."""

    name: str
    dollars: str
    of_cash: str
    of_traded: str


class Row(NamedTuple):
    """A trade in the lists of the largest; ``number`` is its place on the interactive chart, ``None`` where it is not there."""

    symbol: str
    side: str
    entry: str
    leave: str
    quantity: str
    prices: str
    pnl: str
    fraction: str
    multiple: str
    bars: str
    tone: str
    number: int | None


class Refused(NamedTuple):
    """A bar of the refusals: width in percent of the most frequent one."""

    name: str
    code: str
    times: str
    width: float


class Holding(NamedTuple):
    """A position still open at the end; ``gain`` is unrealized, at the last close."""

    symbol: str
    quantity: str
    since: str
    entry_price: str
    last_price: str
    gain: str


def _signed_percent(value: float | None) -> str:
    return percent(value, signed=True)


def _whole(value: float | None) -> str:
    return number(value, digits=0)


def _signed_money(value: float | None) -> str:
    return money(value, signed=True, digits=2)


def _loss(value: float | None) -> str:
    return percent(value, digits=2)


#: Field of the summary, its name, how it is written, what it is.
DEFINITIONS: tuple[tuple[str, str, Callable[[float | None], str], str], ...] = (
    ("final_equity", "Final equity", money, "Cash and positions at the last close, dollars"),
    ("total_return", "Total return", _signed_percent, "Final equity over initial cash, less 1"),
    ("cagr", "CAGR", _signed_percent, "Compound annual growth rate: the product of (1 + daily return) to the power 252/n, less 1"),
    ("volatility", "Volatility", percent, "Standard deviation of daily returns times the square root of 252"),
    ("sharpe", "Sharpe ratio", number, "Mean over standard deviation of daily returns, annualized; risk-free rate 0"),
    ("sortino", "Sortino ratio", number, "Mean over downside deviation of daily returns (below 0), annualized"),
    ("max_drawdown", "Max drawdown", percent, "Deepest fall below the highest equity so far"),
    ("max_drawdown_days", "Longest drawdown", _whole, "Calendar days from a high until it was reached again, or until the end"),
    ("calmar", "Calmar ratio", number, "CAGR over the size of the max drawdown"),
    ("var_95_1d", "VaR 95%, 1 day", _loss, "Loss that 95% of the run's own days stayed below (historical, linear quantile), of equity"),
    ("cvar_95_1d", "CVaR 95%, 1 day", _loss, "Mean loss of the worst 5% of days, of equity"),
    ("trades", "Trades", _whole, "Round trips, from flat to flat in one symbol"),
    ("win_rate", "Win rate", percent, "Share of trades that made money after fees"),
    ("profit_factor", "Profit factor", number, "Sum of gains over sum of losses"),
    ("expectancy", "Expectancy", _signed_money, "Mean result of a trade, dollars"),
    ("average_r", "Average R", number, "Mean result in multiples of the money at risk between the entry and its first protective stop"),
    ("exposure", "Exposure", percent, "Mean value of all positions over equity"),
    ("turnover", "Turnover", number, "Value traded (both sides) over mean equity, a year"),
)


def benchmark_figures(data: TearSheetData) -> dict[str, float | None]:
    """The curve figures of buy and hold, by the field names of the summary."""
    return curve_figures(session_days(data.timestamps), data.benchmark, data.initial_cash)


def _together(data: TearSheetData) -> tuple[Floats, Floats]:
    """Daily returns of strategy and buy and hold over the same days, up to a wipe-out of either."""
    days = session_days(data.timestamps)
    curves = np.array([performance.period_closes(days, curve) for curve in (data.equity, data.benchmark)])
    alive = np.logical_and.accumulate(np.all(curves > 0.0, axis=0))
    curves = curves[:, alive]
    strategy, benchmark = curves[:, 1:] / curves[:, :-1] - 1.0
    return strategy, benchmark


def metrics(data: TearSheetData, benchmark: Mapping[str, float | None]) -> list[Metric]:
    """Every figure of the summary with buy and hold's beside it and its definition."""
    rows = [
        Metric(name, show(data.figure(field)), show(benchmark[field]) if field in benchmark else "", definition)
        for field, name, show, definition in DEFINITIONS
    ]
    returns = _together(data)
    rows.append(Metric("Beta", number(performance.beta(*returns)), "", "Slope of the daily returns on buy and hold's"))
    rows.append(Metric("Correlation", number(performance.correlation(*returns)), "", "Of the daily returns with buy and hold's"))
    return rows


def headline(data: TearSheetData, benchmark: Mapping[str, float | None], still_open: int) -> list[Card]:
    """The six figures a reader looks at first."""
    compared: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
        ("Total return", "total_return", partial(headline_percent, signed=True)),
        ("CAGR", "cagr", partial(headline_percent, signed=True)),
        ("Sharpe ratio", "sharpe", number),
        ("Max drawdown", "max_drawdown", headline_percent),
    )
    return [
        *(
            Card(_named(data, name, field), show(data.figure(field)), "Buy and hold", show(benchmark[field]))
            for name, field, show in compared
        ),
        Card("Trades", _whole(data.figure("trades")), "Still open", f"{still_open:,}"),
        Card("Win rate", percent(data.figure("win_rate")), "Profit factor", number(data.figure("profit_factor"))),
    ]


def _named(data: TearSheetData, name: str, field: str) -> str:
    """A Sharpe ratio is shown with the trials it was picked from."""
    trials = data.summary.get("trials")
    return f"{name}, one of {trials:,} trials" if field == "sharpe" and isinstance(trials, int) and trials > 1 else name


def _cell(value: float, largest: float) -> Cell:
    if not np.isfinite(value):
        return Cell("", "", 0.0)
    tone = "gain" if value > 0.0 else "loss" if value < 0.0 else ""
    return Cell(percent(value, signed=True).removesuffix("%"), tone, round(abs(value) / largest, 2) if largest else 0.0)


def heat_map(data: TearSheetData) -> list[Year]:
    """Monthly returns, one row a year, with the year's own and buy and hold's."""
    days = session_days(data.timestamps)
    years, table = performance.monthly_returns(days, data.equity, data.initial_cash)
    totals = dict(zip(*performance.yearly_returns(days, data.equity, data.initial_cash), strict=True))
    held = dict(zip(*performance.yearly_returns(days, data.benchmark, data.initial_cash), strict=True))
    largest = float(np.nanmax(np.abs(table))) if np.any(np.isfinite(table)) else 0.0
    return [
        Year(int(year), tuple(_cell(float(value), largest) for value in row), _year_total(totals, year), _year_total(held, year))
        for year, row in zip(years, table, strict=True)
    ]


def _year_total(totals: Mapping[int, float], year: int) -> str:
    value = totals.get(year)
    return NOT_AVAILABLE if value is None or not np.isfinite(value) else percent(float(value), signed=True)


def costs(data: TearSheetData) -> list[Cost]:
    """Fees, slippage, interest where something was borrowed or lent, and their sum."""
    fees, slippage, interest = (data.figure(name) or 0.0 for name in ("fees", "slippage_cost", "interest"))
    rows = [("Fees and commission", fees), ("Slippage", slippage)]
    rows += [("Interest and borrow fees", interest)] if interest else []
    traded = value_traded(data)
    return [
        Cost(
            name,
            money(dollars, digits=2),
            share(dollars, data.initial_cash, 2),
            number(dollars / traded * 10_000, digits=1) if traded else NOT_AVAILABLE,
        )
        for name, dollars in [*rows, ("Together", fees + slippage + interest)]
    ]


def value_traded(data: TearSheetData) -> float:
    """Dollars that changed hands, both sides."""
    return sum(fill.quantity_micros * fill.price_micros for fill in data.fills) / MICRO**2


def largest(trades: Sequence[Trade], sign: int, numbers: Mapping[int, int], *, intraday: bool) -> list[Row]:
    """Up to ten trades with the largest gain (``sign`` +1) or loss (-1), the largest first; ``numbers`` are on the chart, by ``id``."""
    chosen = sorted((trade for trade in trades if trade.pnl * sign > 0.0), key=lambda trade: -sign * trade.pnl)[:LARGEST]
    entries = local_times((trade.entry_at for trade in chosen), intraday=intraday)
    exits = local_times((trade.exit_at for trade in chosen), intraday=intraday)
    return [
        Row(
            trade.symbol,
            trade.side,
            entry,
            leave,
            f"{trade.quantity:,.6f}".rstrip("0").rstrip("."),
            f"{price(trade.entry_price)} → {price(trade.exit_price)}",
            money(trade.pnl, signed=True),
            percent(trade.return_fraction, signed=True),
            number(trade.r_multiple, signed=True),
            f"{trade.bars_held:,}",
            "up" if sign > 0 else "down",
            numbers.get(id(trade)),
        )
        for trade, entry, leave in zip(chosen, entries, exits, strict=True)
    ]


def refusals(data: TearSheetData) -> list[Refused]:
    """Refusals by code, the most frequent first."""
    counts = data.summary["refusals"]
    if not isinstance(counts, dict) or not counts:
        return []
    most = max(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Refused(refusal_name(code), code, f"{times:,}", round(100 * times / most, 1)) for code, times in ordered]


def order_sentence(data: TearSheetData) -> str:
    """How the orders ended, in a sentence."""
    if not data.order_states:
        return "The strategy placed no orders."
    states = sorted(data.order_states.items(), key=lambda item: -item[1])
    ends = ", ".join(f"{times:,} {state.replace('_', ' ')}" for state, times in states)
    return f"{count(sum(data.order_states.values()), 'order').capitalize()} by their last state: {ends}."
