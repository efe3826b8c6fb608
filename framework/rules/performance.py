"""Performance figures: definitions in numpy, one function each.

Returns are simple daily returns as fractions, a year has 252 of them and the risk-free rate is 0 unless given. Losses of VaR and CVaR are
positive fractions, drawdowns negative ones. A figure that does not exist for its input is ``None``, never 0, NaN or an infinity.
``days`` are session dates as whole days since 1970, one for each point of a curve, never decreasing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.domain.market import Floats, Integers

DAYS_PER_YEAR = 252
TAIL = 0.05

#: A standard deviation of daily returns below this is the books' own rounding (a micro-dollar on ten thousand dollars), not risk.
NO_RISK = 1e-10

#: Below this many returns not one whole observation lies in a 5 % tail.
FEWEST_FOR_TAIL = 20


def _figure(value: float) -> float | None:
    """The value as a float; ``None`` when it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def period_closes(labels: Integers, values: Floats) -> Floats:
    """Last value of each run of equal labels: float64 [P] from two arrays [T] (labels never decreasing)."""
    if labels.size == 0:
        return values
    return values.compress(np.append(labels[1:] != labels[:-1], True))


def months(days: Integers) -> Integers:
    """Calendar month of each day, as whole months since January 1970."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def years(days: Integers) -> Integers:
    """Calendar year of each day."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def wealth(days: Integers, equity: Floats, initial_cash: float) -> Floats:
    """Initial cash followed by each session's last equity, dollars: float64 [D + 1].

    A daily curve opens with a decision made before anything could be traded: that first point repeats the initial cash and is not a
    session of its own, so that a curve of D daily points gives D - 1 returns, as ``pct_change`` does.
    """
    closes = period_closes(days, equity)
    opening_alone = days.size > 0 and (days.size == 1 or days[0] != days[1])
    if opening_alone and equity[0] == initial_cash:
        return closes
    return np.append(initial_cash, closes)


def daily_returns(days: Integers, equity: Floats, initial_cash: float) -> Floats:
    """Simple returns from session to session, fractions: float64 [D].

    Intraday curves are taken at each session's last point. The series ends with the session that wiped the account out (wealth of 0
    or below): nothing can be earned on it.
    """
    curve = wealth(days, equity, initial_cash)
    ruined = np.flatnonzero(curve <= 0.0)
    if ruined.size:
        curve = curve[: ruined[0] + 1]
    return curve[1:] / curve[:-1] - 1.0


def total_return(equity: Floats, initial_cash: float) -> float | None:
    """Final equity over initial cash, less 1; a fraction."""
    return _figure(equity[-1] / initial_cash - 1.0) if equity.size else None


def cagr(returns: Floats) -> float | None:
    """Compound annual growth rate: prod(1 + r)^(252 / n) - 1; a fraction. Source: empyrical ``cagr``."""
    if returns.size == 0:
        return None
    with np.errstate(over="ignore"):
        growth = np.prod(1.0 + returns)
        return _figure(np.power(growth, DAYS_PER_YEAR / returns.size) - 1.0) if growth >= 0.0 else None


def volatility(returns: Floats) -> float | None:
    """Annual standard deviation: std(r, ddof=1) * sqrt(252); a fraction."""
    return _figure(float(np.std(returns, ddof=1)) * math.sqrt(DAYS_PER_YEAR)) if returns.size > 1 else None


def _annual_ratio(mean: float, risk: float) -> float | None:
    """Annualized mean / risk, both daily; ``None`` when there is no risk to divide by."""
    return _figure(mean / risk * math.sqrt(DAYS_PER_YEAR)) if risk > NO_RISK else None


def daily_rate(annual: float) -> float:
    """A riskless rate a day from one a year, both fractions: annual / 252. Source: empyrical."""
    return annual / DAYS_PER_YEAR


def compound_daily_rate(annual: float) -> float | None:
    """A riskless rate a day that compounds to the rate a year, fractions: (1 + annual)^(1 / 252) - 1. Source: quantstats."""
    return _figure(math.expm1(math.log1p(annual) / DAYS_PER_YEAR)) if annual > -1.0 else None


def sharpe(returns: Floats, risk_free: float = 0.0) -> float | None:
    """Sharpe ratio, annual: (mean(r) - risk_free) / std(r, ddof=1) * sqrt(252), ``risk_free`` a day. Source: Sharpe (1994).

    ``daily_rate`` and ``compound_daily_rate`` make ``risk_free`` of a rate a year; at 2 % they differ in the fourth digit of the ratio.
    """
    return _annual_ratio(float(np.mean(returns)) - risk_free, float(np.std(returns, ddof=1))) if returns.size > 1 else None


def _downside(returns: Floats) -> float:
    """Root of the mean, over ALL returns, of the squared losses; a fraction a day."""
    return math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))


def downside_risk(returns: Floats) -> float | None:
    """Annual downside deviation below 0: sqrt(mean(min(r, 0)^2)) * sqrt(252), the mean over ALL returns; a fraction. Source: empyrical."""
    return _figure(_downside(returns) * math.sqrt(DAYS_PER_YEAR)) if returns.size else None


def sortino(returns: Floats) -> float | None:
    """Sortino ratio, annual: mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(252), both means over ALL returns. Source: empyrical."""
    return _annual_ratio(float(np.mean(returns)), _downside(returns)) if returns.size > 1 else None


def drawdowns(equity: Floats, initial_cash: float) -> Floats:
    """Equity over its highest value so far, less 1: float64 [T], at most 0. The initial cash counts as the first high."""
    return equity / np.maximum.accumulate(np.maximum(equity, initial_cash)) - 1.0


def max_drawdown(equity: Floats, initial_cash: float) -> float | None:
    """Deepest drawdown over every point of the curve; a fraction, at most 0. ``None`` before a second point."""
    return _figure(np.min(drawdowns(equity, initial_cash))) if equity.size > 1 else None


def max_drawdown_days(days: Integers, equity: Floats, initial_cash: float) -> int | None:
    """Longest time under water: calendar days from a high to its recovery, or to the end if it never recovered."""
    if equity.size < 2:
        return None
    below = drawdowns(equity, initial_cash) < 0.0
    high_day = np.maximum.accumulate(np.where(below, days[0], days))
    since_high = days[1:] - high_day[:-1]
    return int(np.max(np.where(below[1:] | below[:-1], since_high, 0)))


def _longest_run(flags: NDArray[np.bool_]) -> int:
    """Most neighbours that are all true."""
    ends = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return int(np.max(ends[1::2] - ends[::2], initial=0))


def longest_underwater_bars(equity: Floats, initial_cash: float) -> int | None:
    """Most points of the curve in a row that lie below its highest value so far; the initial cash counts as the first high."""
    return _longest_run(drawdowns(equity, initial_cash) < 0.0) if equity.size else None


def max_consecutive_losses(pnl: Floats) -> int | None:
    """Most losses (below 0) in a row, of trades or of daily returns; one that ended at 0 breaks the row."""
    return _longest_run(pnl < 0.0) if pnl.size else None


def calmar(growth: float | None, drawdown: float | None) -> float | None:
    """Compound annual growth rate over |max drawdown|. Source: Young (1991), over the whole run instead of 36 months."""
    return _figure(growth / abs(drawdown)) if growth is not None and drawdown else None


def period_returns(labels: Integers, equity: Floats, initial_cash: float) -> Floats:
    """Return of each period (equal labels), fractions: float64 [P]; NaN after a wipe-out."""
    closes = period_closes(labels, equity)
    opening = np.append(initial_cash, closes)[:-1]
    known = np.full(closes.shape, np.nan)
    np.divide(closes, opening, out=known, where=opening > 0.0)
    return known - 1.0


def monthly_returns(days: Integers, equity: Floats, initial_cash: float) -> tuple[Integers, Floats]:
    """Calendar years [Y] and their months' returns [Y, 12], fractions; NaN where the curve has no point."""
    labels = months(days)
    month = np.unique(labels)
    if month.size == 0:
        return month, np.empty((0, 12))
    first_year = month[0] // 12
    table = np.full(((month[-1] // 12 - first_year + 1), 12), np.nan)
    table[month // 12 - first_year, month % 12] = period_returns(labels, equity, initial_cash)
    return np.arange(table.shape[0]) + first_year + 1970, table


def yearly_returns(days: Integers, equity: Floats, initial_cash: float) -> tuple[Integers, Floats]:
    """Calendar years that have a point [Y] and their returns [Y], fractions."""
    labels = years(days)
    return np.unique(labels), period_returns(labels, equity, initial_cash)


def historical_var(returns: Floats) -> float | None:
    """One-day 95 % VaR of the returns themselves: -quantile(r, 5 %), linear (Hyndman-Fan 7); negative when even that day gained.

    ``None`` below 20 returns.
    """
    return _figure(-np.quantile(returns, TAIL)) if returns.size >= FEWEST_FOR_TAIL else None


def historical_cvar(returns: Floats) -> float | None:
    """One-day 95 % expected shortfall: mean loss of the worst 5 %, the last observation weighted by the fraction of it that belongs.

    Source: Rockafellar and Uryasev (2002). Never below ``historical_var``; ``None`` below 20 returns.
    """
    if returns.size < FEWEST_FOR_TAIL:
        return None
    size = TAIL * returns.size
    whole = math.floor(size)
    worst = np.sort(returns)[: whole + 1]
    mean = (np.sum(worst[:whole]) + (size - whole) * worst[whole]) / size
    return _figure(max(-mean, -np.quantile(returns, TAIL)))  # max: equal returns may differ in the last bit


def beta(returns: Floats, benchmark: Floats) -> float | None:
    """Slope of the returns on the benchmark's: cov / var, over the same days [D]; ``None`` when the benchmark does not move."""
    if returns.size < 2 or float(np.std(benchmark)) <= NO_RISK:
        return None
    return _figure(np.cov(returns, benchmark)[0, 1] / np.var(benchmark, ddof=1))


def correlation(returns: Floats, benchmark: Floats) -> float | None:
    """Pearson correlation of the returns with the benchmark's over the same days [D]; ``None`` when either does not move."""
    if returns.size < 2 or min(float(np.std(returns)), float(np.std(benchmark))) <= NO_RISK:
        return None
    return _figure(np.corrcoef(returns, benchmark)[0, 1])


def win_rate(pnl: Floats) -> float | None:
    """Share of trades that made money (pnl above 0) among all trades; a fraction."""
    return _figure(float(np.mean(pnl > 0.0))) if pnl.size else None


def profit_factor(pnl: Floats) -> float | None:
    """Sum of gains over sum of losses; ``None`` without a loss."""
    lost = -float(np.sum(np.minimum(pnl, 0.0)))
    return _figure(np.sum(np.maximum(pnl, 0.0)) / lost) if lost > 0.0 else None


def average(values: Floats) -> float | None:
    """Arithmetic mean, in the unit of the values: expectancy of pnl (dollars a trade), average R, average exposure."""
    return _figure(float(np.mean(values))) if values.size else None


def annual_turnover(traded_value: float, equity: Floats, days: Integers) -> float | None:
    """Value traded (both sides, dollars) over mean equity, a year; a year has 365.25 calendar days here.

    ``None`` for a run within one day or without positive mean equity.
    """
    span = int(days[-1] - days[0]) if days.size else 0
    mean = float(np.mean(equity)) if equity.size else 0.0
    return _figure(traded_value / mean / (span / 365.25)) if span > 0 and mean > 0.0 else None
