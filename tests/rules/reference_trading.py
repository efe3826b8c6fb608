"""For each reference value on performance, indicators, stops and sizes: how the rules answer the question it asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import talib

from data import DataRequest, load
from framework.domain.values import MICRO, to_micros
from framework.engine.market import Market
from framework.rules import performance
from framework.rules.fills import NO_FILL, PESSIMISTIC, STOP, match, path_order
from framework.rules.risk import benchmark
from framework.rules.risk.quantiles import historical
from framework.rules.sizing import kelly
from framework.rules.sizing.lots import shares_for
from framework.rules.sizing.policy import SizingPolicy
from framework.rules.sizing.sizers import Candidates, allocate
from framework.rules.stops.atr import average_true_range, chandelier_level
from framework.rules.stops.policy import ExitPolicy
from framework.rules.stops.state import Seen, advanced, opened
from tests.rules.risk import market

if TYPE_CHECKING:
    from collections.abc import Callable

    Answers = dict[str, Callable[[], object]]

CENT = 10_000


# Performance


def wealth(returns: np.ndarray) -> np.ndarray:
    """What one dollar became."""
    return np.cumprod(1.0 + returns)


def performance_answers(name: str, returns: Callable[[], np.ndarray]) -> Answers:
    def moved() -> np.ndarray:
        return returns()[returns() != 0.0]

    answers: Answers = {
        "total_return": lambda: performance.total_return(wealth(returns()), 1.0),
        "cagr": lambda: performance.cagr(returns()),
        "sharpe.rf0": lambda: performance.sharpe(returns()),
        "sharpe.rf2pct": lambda: performance.sharpe(returns(), performance.daily_rate(0.02)),
        "sharpe.rf2pct_geometric": lambda: performance.sharpe(returns(), performance.compound_daily_rate(0.02)),
        "sortino.rf0": lambda: performance.sortino(returns()),
        "downside_risk": lambda: performance.downside_risk(returns()),
        "max_drawdown": lambda: performance.max_drawdown(wealth(returns()), 1.0),
        "longest_underwater_bars": lambda: performance.longest_underwater_bars(wealth(returns()), 1.0),
        "max_consecutive_losses": lambda: performance.max_consecutive_losses(returns()),
        "win_rate": lambda: performance.win_rate(moved()),
        "profit_factor": lambda: performance.profit_factor(returns()),
    }
    return {f"perf.{name}.{figure}": answer for figure, answer in answers.items()}


def published_sortino() -> float:
    """Rollinger and Hoffman's eight years, as they print it: not annualised, since the returns are annual."""
    years = np.array([17.0, 15.0, 23.0, -5.0, 12.0, 9.0, 13.0, -4.0]) / 100.0
    return performance.sortino(years) / math.sqrt(performance.DAYS_PER_YEAR)


# Indicators


def atr(bars: market.Bars, period: int, rows: slice = slice(None)) -> float:
    """Average true range over the bars of ``rows``."""
    return average_true_range(bars.high[rows], bars.low[rows], bars.close[rows], period)


def chandelier(bars: market.Bars, direction: int, row: int) -> float:
    """Chandelier of 22 bars and three ranges after bar ``row``, from the whole history up to it."""
    rows = slice(row + 1)
    return chandelier_level(direction, bars.high[rows], bars.low[rows], atr(bars, 22, rows), 22, 3.0)


def fund_beta(row: int) -> float:
    """Beta of the other stock to the fund over the twenty returns up to ``row``."""
    days = slice(row - 20, row + 1)
    return benchmark.regress(market.simple(market.other_closes()[days]), market.simple(market.fund().close[days])).beta


def indicator_answers() -> Answers:
    ibm, last = market.raw_bars("IBM"), 3269
    fund = market.fund()
    answers: Answers = {
        "atr14.ibm.idx14": lambda: atr(ibm, 14, slice(15)),
        "atr14.ibm.idx15": lambda: atr(ibm, 14, slice(16)),
        "atr14.ibm.last": lambda: atr(ibm, 14),
        "atr14.ibm.window60": lambda: atr(ibm, 14, slice(-60, None)),
        # Of as many bars as the seed takes, the smoothing has nothing to do.
        "atr14.ibm.sma": lambda: atr(ibm, 14, slice(-15, None)),
        "tr.ibm.last": lambda: atr(ibm, 1, slice(-2, None)),
        "rsi14.ibm.last": lambda: talib.RSI(ibm.close, 14)[-1],
        "chandelier.ibm.long.last": lambda: chandelier(ibm, 1, last),
        "chandelier.ibm.short.last": lambda: chandelier(ibm, -1, last),
        "si.tr.idx501": lambda: atr(fund, 1, slice(500, 502)),
    }
    for row in (14, 249, 501):
        answers[f"si.atr14.idx{row}"] = lambda row=row: atr(fund, 14, slice(row + 1))
        answers[f"si.rsi14.idx{row}"] = lambda row=row: talib.RSI(fund.close, 14)[row]
    for row in (492, 501):
        answers[f"si.chandelier.long.idx{row}"] = lambda row=row: chandelier(fund, 1, row)
    for row in (20, 501):
        answers[f"si.beta20.idx{row}"] = lambda row=row: fund_beta(row)
    return answers


# Stops


class Exit(NamedTuple):
    """Where a position was left."""

    date: str
    price: float


def seen_after(policy: ExitPolicy, bars: market.Bars, row: int) -> Seen:
    """What a long position's rules know after bar ``row``, ranges from the whole history up to it."""
    prices = (to_micros(float(column[row])) for column in (bars.high, bars.low, bars.close))
    ranges = to_micros(atr(bars, policy.atr_period, slice(row + 1))) if policy.atr_multiple else 0
    return Seen(*prices, ranges, to_micros(chandelier(bars, 1, row)) if policy.chandelier_multiple else 0)


def left(policy: ExitPolicy, name: str, entered: str) -> Exit:
    """Long at the close of ``entered``: the stop after each bar works as a stop order of the simulated venue on the next one."""
    bars = market.raw_bars(name)
    row = bars.dates.index(entered)
    state, _ = opened(policy, seen_after(policy, bars, row), to_micros(float(bars.close[row])), 1, CENT)
    for after in range(row + 1, len(bars.dates)):
        prices = tuple(to_micros(float(column[after])) for column in (bars.open, bars.high, bars.low, bars.close))
        points = path_order(PESSIMISTIC, 1, prices)
        price, *_ = match(STOP, -1, 0, state.level, False, 0, False, False, 0, prices[0], points)
        if price != NO_FILL:
            return Exit(bars.dates[after], price / MICRO)
        state = advanced(state, policy, seen_after(policy, bars, after))
    raise AssertionError("never stopped")


def special_dividend(total: bool) -> float:
    """Microsoft's return of 2004-11-15, with the dividend of that day or of the price alone."""
    series = load(DataRequest(("MSFT",))).series["MSFT"]
    row = int(np.searchsorted(series.timestamp, np.datetime64("2004-11-15", "ns").astype(np.int64)))
    if not total:
        return float(series.close[row] / series.close[row - 1] - 1.0)
    seen = Market({"MSFT": series}, daily=True)
    seen.begin(int(series.timestamp[row]) + 1)
    return float(seen.daily_returns(0, 1)[0])


def stop_answers() -> Answers:
    answers: Answers = {
        "stop.gap.AAPL.2000-09-29.fill": lambda: left(ExitPolicy(percent=5.0), "AAPL", "2000-09-28").price,
        "stop.msft.special_dividend.raw_return": lambda: special_dividend(total=False),
        "stop.msft.special_dividend.adj_return": lambda: special_dividend(total=True),
    }
    cases = [
        ("fixed5", ExitPolicy(percent=5.0), "2012-09-14"),
        ("atr2", ExitPolicy(atr_multiple=2.0), "2012-09-14"),
        ("trail5", ExitPolicy(trail_percent=5.0), "2012-09-14"),
        ("chandelier22_3", ExitPolicy(chandelier_multiple=3.0), "2012-09-14"),
        ("chandelier22_3", ExitPolicy(chandelier_multiple=3.0), "2012-07-25"),
    ]
    for rule, policy, day in cases:
        answers[f"stop.ibm.{rule}.{day}.exit_date"] = lambda policy=policy, day=day: left(policy, "IBM", day).date
        answers[f"stop.ibm.{rule}.{day}.exit_price"] = lambda policy=policy, day=day: left(policy, "IBM", day).price
    return answers


# Sizes


def apple_position(max_position_pct: float) -> float:
    """Dollars in AAPL at 100,000 of equity and a VaR of half a percent a position."""
    policy = SizingPolicy(max_position_pct=max_position_pct)
    var = np.array([historical(market.stock("AAPL")[-252:], 0.95).var])
    one = np.ones(1)
    return float(allocate(Candidates(one, var, var, 430.47 * one, 0.0 * one), 0.0, 0.0, 100_000.0, 1, policy).target[0])


def published_kelly() -> float:
    """Chan's index fund, as two returns with its mean and its deviation."""
    half = 0.1691 / math.sqrt(2.0)
    return kelly.mean_variance(np.array([0.07231 - half, 0.07231 + half]))


def size_answers() -> Answers:
    return {
        "size.var.AAPL.uncapped_value": lambda: apple_position(1.0),
        "size.var.AAPL.shares": lambda: shares_for(apple_position(0.10), to_micros(430.47), MICRO) / MICRO,
        "kelly.multi.AAPL": lambda: kelly.portfolio(market.four_stocks())[0],
        "pub.kelly.chan": published_kelly,
    }


def answers() -> Answers:
    """Every id the rules answer."""
    apple, index = performance_answers("AAPL", lambda: market.stock("AAPL")), performance_answers("sp500", market.index_returns)
    return apple | index | {"pub.sortino.rollinger_hoffman": published_sortino} | indicator_answers() | stop_answers() | size_answers()
