"""What a run is worth, in words: a sentence beside buy and hold, and the reasons not to believe it yet."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from framework.report.dates import session_days
from framework.report.wording import count, headline_percent, money, number
from framework.rules import performance
from framework.rules.inference.sharpe import sharpe_error, sharpe_estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import Floats
    from framework.report.tear_sheet_data import TearSheetData

#: Half the width of a 95 % interval of a normal estimate, in standard errors.
TWO_SIDED_95 = 1.96
#: Below these a caution says so.
FEW_TRADES = 30
FEW_YEARS = 3.0
#: More than this part of the gains from one symbol or one trade is told.
MUCH = 0.5


def verdict(data: TearSheetData, benchmark: Mapping[str, float | None]) -> str:
    """Return, deepest fall and Sharpe ratio beside those of buy and hold, in a sentence; empty where there are none.

    Of less than a year nothing is said a year.
    """
    has_years = _years(data) >= 1.0
    field, a_year = ("cagr", " a year") if has_years else ("total_return", "")
    growth, held_growth = data.figure(field), benchmark[field]
    fall, held_fall = data.figure("max_drawdown"), benchmark["max_drawdown"]
    if growth is None or held_growth is None or fall is None or held_fall is None:
        return ""
    more, deeper = growth > held_growth, fall < held_fall
    compared = f"{'more' if more else 'less'} than the {headline_percent(held_growth)} of buy and hold"
    # Two advantages, or two faults, are joined by "and", one of each by "but".
    joint = "but" if more is deeper else "and"
    fell = f"its deepest fall was {'larger' if deeper else 'smaller'}, {headline_percent(fall)} against {headline_percent(held_fall)}"
    ratio = _risk_adjusted(data, benchmark) if has_years else ""
    return f"It made {headline_percent(growth)}{a_year}, {compared}, {joint} {fell}.{ratio}"


def _years(data: TearSheetData) -> float:
    days = session_days(data.timestamps[[0, -1]]) if data.timestamps.size else np.zeros(2)
    return float(days[1] - days[0]) / 365.25


def _risk_adjusted(data: TearSheetData, benchmark: Mapping[str, float | None]) -> str:
    own, held = data.figure("sharpe"), benchmark["sharpe"]
    if own is None or held is None:
        return ""
    return f" For each unit of risk it did {'better' if own > held else 'worse'}: a Sharpe ratio of {number(own)} against {number(held)}."


def sharpe_interval(returns: Floats) -> tuple[float, float] | None:
    """The 95 % interval of the annual Sharpe ratio of daily ``returns``; ``None`` where there is none.

    Mertens' standard error: right for returns that are independent in time, too narrow for others.
    """
    estimate = sharpe_estimate(returns)
    error = sharpe_error(estimate).value
    if not math.isfinite(error):
        return None
    year = math.sqrt(performance.DAYS_PER_YEAR)
    return (estimate.ratio - TWO_SIDED_95 * error) * year, (estimate.ratio + TWO_SIDED_95 * error) * year


def cautions(data: TearSheetData) -> list[str]:
    """What speaks against taking the figures at their word, the gravest first; empty for a run that earned nothing."""
    if data.timestamps.size < 2 or not data.fills:
        return []
    found = [_chance(data), _trials(data), _concentration(data), _few_trades(data), _short(data), _free(data)]
    return [text for text in found if text]


def _chance(data: TearSheetData) -> str:
    returns = performance.daily_returns(session_days(data.timestamps), data.equity, data.initial_cash)
    interval = sharpe_interval(returns)
    if interval is None:
        return ""
    low, high = (number(bound) for bound in interval)
    between = f"The Sharpe ratio of the strategy lies between {low} and {high} with 95% confidence"
    if interval[0] > 0.0:
        return f"{between}: {count(returns.size, 'day')} say no more than that."
    return f"{between}: these {count(returns.size, 'day')} do not tell it from chance."


def _trials(data: TearSheetData) -> str:
    trials = data.summary["trials"]
    if not isinstance(trials, int) or trials < 2:
        return ""
    return f"It is one of {trials:,} that were tried, and the best of many looks good by chance alone: ask `onetape audit overfit`."


def _concentration(data: TearSheetData) -> str:
    total = sum(trade.pnl for trade in data.trades)
    if total <= 0.0 or len(data.trades) < 2:
        return ""
    by_symbol: dict[str, float] = defaultdict(float)
    for trade in data.trades:
        by_symbol[trade.symbol] += trade.pnl
    symbol = max(by_symbol, key=lambda name: by_symbol[name])
    largest = max(data.trades, key=lambda trade: trade.pnl)
    if len(by_symbol) > 1 and by_symbol[symbol] > MUCH * total:
        rest = total - by_symbol[symbol]
        return f"{symbol} brought {money(by_symbol[symbol])}; all other symbols together {money(rest, signed=True)}."
    if largest.pnl > MUCH * total:
        return f"One trade, in {largest.symbol}, brought {money(largest.pnl)} of the {money(total)} that closed trades earned."
    return ""


def _few_trades(data: TearSheetData) -> str:
    trades = len(data.trades)
    return (
        f"{count(trades, 'closed trade').capitalize()}: too few for win rate and profit factor to mean much." if trades < FEW_TRADES else ""
    )


def _short(data: TearSheetData) -> str:
    years = _years(data)
    if years >= FEW_YEARS:
        return ""
    if years < 1.0:
        length = count(round(years * 365.25) + 1, "calendar day")
        return f"The run covers {length}: CAGR, volatility and Sharpe ratio are that time made a year, and no year was seen."
    return f"The run covers {number(years, digits=1)} years: one kind of market, perhaps."


def _free(data: TearSheetData) -> str:
    fees, slippage = data.figure("fees") or 0.0, data.figure("slippage_cost") or 0.0
    return "" if fees or slippage else "Neither fees nor slippage were charged: trading for money costs both."
