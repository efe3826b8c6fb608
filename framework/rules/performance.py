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


def figure(value: float) -> float | None:
    """The value as a float; ``None`` when it is NaN or infinite: no such figure."""
    return float(value) if math.isfinite(value) else None


def period_closes(labels: Integers, values: Floats) -> Floats:
    """Last value of each run of equal labels: float64 [P] from two arrays [T] (labels never decreasing)."""
    if labels.size == 0:
        return values
    ends = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=ends[:-1])
    return values if ends.all() else values.compress(ends)


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
    ruined = curve <= 0.0
    if ruined.any():
        curve = curve[: int(ruined.argmax()) + 1]
    return curve[1:] / curve[:-1] - 1.0


def total_return(equity: Floats, initial_cash: float) -> float | None:
    """Final equity over initial cash, less 1; a fraction."""
    return figure(equity[-1] / initial_cash - 1.0) if equity.size else None


def cagr(returns: Floats) -> float | None:
    """Compound annual growth rate: prod(1 + r)^(252 / n) - 1; a fraction. Source: empyrical ``cagr``."""
    with np.errstate(over="ignore"):
        return annual_growth(float(np.multiply.reduce(1.0 + returns)), returns.size)


def annual_growth(growth: float, count: int) -> float | None:
    """``growth`` over ``count`` days as a growth a year: growth^(252 / count) - 1; a fraction."""
    if count == 0 or growth < 0.0:
        return None
    with np.errstate(over="ignore"):
        return figure(np.power(growth, DAYS_PER_YEAR / count) - 1.0)


def _mean(values: Floats) -> float:
    """What ``np.mean`` gives of at least one value, to the last bit; sooner."""
    return float(np.add.reduce(values)) / values.size


def _deviation(returns: Floats, mean: float) -> float:
    """What ``np.std(ddof=1)`` gives of at least two, whose ``mean`` is known, likewise."""
    away = returns - mean
    return math.sqrt(float(np.add.reduce(away * away)) / (returns.size - 1))


def volatility(returns: Floats) -> float | None:
    """Annual standard deviation: std(r, ddof=1) * sqrt(252); a fraction."""
    return volatility_and_sharpe(returns)[0]


def volatility_and_sharpe(returns: Floats) -> tuple[float | None, float | None]:
    """Both, which share most of their work; without a riskless rate."""
    if returns.size < 2:
        return None, None
    mean = _mean(returns)
    deviation = _deviation(returns, mean)
    return annual_risk(deviation), annual_ratio(mean, deviation)


def annual_risk(deviation: float) -> float | None:
    """A deviation a day as one a year."""
    return figure(deviation * math.sqrt(DAYS_PER_YEAR))


def annual_ratio(mean: float, risk: float) -> float | None:
    """Annualized mean / risk, both daily; ``None`` when there is no risk to divide by."""
    return figure(mean / risk * math.sqrt(DAYS_PER_YEAR)) if risk > NO_RISK else None


def daily_rate(annual: float) -> float:
    """A riskless rate a day from one a year, both fractions: annual / 252. Source: empyrical."""
    return annual / DAYS_PER_YEAR


def compound_daily_rate(annual: float) -> float | None:
    """A riskless rate a day that compounds to the rate a year, fractions: (1 + annual)^(1 / 252) - 1. Source: quantstats."""
    return figure(math.expm1(math.log1p(annual) / DAYS_PER_YEAR)) if annual > -1.0 else None


def sharpe(returns: Floats, risk_free: float = 0.0) -> float | None:
    """Sharpe ratio, annual: (mean(r) - risk_free) / std(r, ddof=1) * sqrt(252), ``risk_free`` a day. Source: Sharpe (1994).

    ``daily_rate`` and ``compound_daily_rate`` make ``risk_free`` of a rate a year; at 2 % they differ in the fourth digit of the ratio.
    """
    if returns.size < 2:
        return None
    mean = _mean(returns)
    return annual_ratio(mean - risk_free, _deviation(returns, mean))


def _downside(returns: Floats) -> float:
    """Root of the mean, over ALL returns, of the squared losses; a fraction a day."""
    lost = np.minimum(returns, 0.0)
    return math.sqrt(_mean(lost * lost))


def downside_risk(returns: Floats) -> float | None:
    """Annual downside deviation below 0: sqrt(mean(min(r, 0)^2)) * sqrt(252), the mean over ALL returns; a fraction. Source: empyrical."""
    return annual_risk(_downside(returns)) if returns.size else None


def sortino(returns: Floats) -> float | None:
    """Sortino ratio, annual: mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(252), both means over ALL returns. Source: empyrical."""
    return annual_ratio(_mean(returns), _downside(returns)) if returns.size > 1 else None


def drawdowns(equity: Floats, initial_cash: float) -> Floats:
    """Equity over its highest value so far, less 1: float64 [T], at most 0. The initial cash counts as the first high."""
    return equity / _highs(equity, initial_cash) - 1.0


def _highs(equity: Floats, initial_cash: float) -> Floats:
    """The highest value so far, dollars: float64 [T]."""
    return np.maximum.accumulate(np.maximum(equity, initial_cash))


def max_drawdown(equity: Floats, initial_cash: float) -> float | None:
    """Deepest drawdown over every point of the curve; a fraction, at most 0. ``None`` before a second point."""
    return _deepest(equity, _highs(equity, initial_cash)) if equity.size > 1 else None


def _deepest(equity: Floats, highs: Floats) -> float | None:
    return figure(np.minimum.reduce(equity / highs) - 1.0)


def max_drawdown_days(days: Integers, equity: Floats, initial_cash: float) -> int | None:
    """Longest time under water: calendar days from a high to its recovery, or to the end if it never recovered."""
    return _longest(days, equity < _highs(equity, initial_cash)) if equity.size > 1 else None


def _longest(days: Integers, below: NDArray[np.bool_]) -> int:
    """Most days from a high to the next, or to the end: what ends where the curve comes up, or with it."""
    starts, ends = below.copy(), below.copy()
    starts[1:] &= ~below[:-1]
    ends[:-1] &= ~below[1:]
    first = np.maximum(starts.nonzero()[0] - 1, 0)
    last = np.minimum(ends.nonzero()[0] + 1, len(days) - 1)
    return int(np.maximum.reduce(days[last] - days[first], initial=0))


def under_water(days: Integers, equity: Floats, initial_cash: float) -> tuple[float | None, int | None]:
    """``max_drawdown`` and ``max_drawdown_days``, which share most of their work."""
    if equity.size < 2:
        return None, None
    highs = _highs(equity, initial_cash)
    return _deepest(equity, highs), _longest(days, equity < highs)


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
    return figure(growth / abs(drawdown)) if growth is not None and drawdown else None


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
    return tail_losses(returns)[0]


def historical_cvar(returns: Floats) -> float | None:
    """One-day 95 % expected shortfall: mean loss of the worst 5 %, the last observation weighted by the fraction of it that belongs.

    Source: Rockafellar and Uryasev (2002). Never below ``historical_var``; ``None`` below 20 returns.
    """
    return tail_losses(returns)[1]


def _quantile(worst: Floats, count: int) -> float:
    """What ``np.quantile(returns, TAIL)`` gives of ``count`` returns, of which the ``worst`` are known, ascending; to the last bit."""
    place = (count - 1) * TAIL
    before = math.floor(place)
    part, low, high = place - before, float(worst[before]), float(worst[before + 1])
    return high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part


def tail_losses(returns: Floats) -> tuple[float | None, float | None]:
    """``historical_var`` and ``historical_cvar``: both look at the worst returns alone."""
    if returns.size < FEWEST_FOR_TAIL or math.isnan(returns.dot(returns)):
        return None, None
    size = TAIL * returns.size
    whole = math.floor(size)
    worst = np.sort(np.partition(returns, whole + 1)[: whole + 2])
    mean = (float(np.add.reduce(worst[:whole])) + (size - whole) * float(worst[whole])) / size
    var = -_quantile(worst, returns.size)
    return figure(var), figure(max(-mean, var))  # max: equal returns may differ in the last bit


def beta(returns: Floats, benchmark: Floats) -> float | None:
    """Slope of the returns on the benchmark's: cov / var, over the same days [D]; ``None`` when the benchmark does not move."""
    if returns.size < 2 or float(np.std(benchmark)) <= NO_RISK:
        return None
    return figure(np.cov(returns, benchmark)[0, 1] / np.var(benchmark, ddof=1))


def correlation(returns: Floats, benchmark: Floats) -> float | None:
    """Pearson correlation of the returns with the benchmark's over the same days [D]; ``None`` when either does not move."""
    if returns.size < 2 or min(float(np.std(returns)), float(np.std(benchmark))) <= NO_RISK:
        return None
    return figure(np.corrcoef(returns, benchmark)[0, 1])


def win_rate(pnl: Floats) -> float | None:
    """Share of trades that made money (pnl above 0) among all trades; a fraction."""
    return figure(np.count_nonzero(pnl > 0.0) / pnl.size) if pnl.size else None


def profit_factor(pnl: Floats) -> float | None:
    """Sum of gains over sum of losses; ``None`` without a loss."""
    lost = -float(np.sum(np.minimum(pnl, 0.0)))
    return figure(np.sum(np.maximum(pnl, 0.0)) / lost) if lost > 0.0 else None


def average(values: Floats) -> float | None:
    """Arithmetic mean, in the unit of the values: expectancy of pnl (dollars a trade), average R, average exposure."""
    return figure(_mean(values)) if values.size else None


def annual_turnover(traded_value: float, equity: Floats, days: Integers) -> float | None:
    """Value traded (both sides, dollars) over mean equity, a year; a year has 365.25 calendar days here.

    0 where nothing was traded, however short the run; else ``None`` for a run within one day or without positive mean equity.
    """
    span = int(days[-1] - days[0]) if days.size else 0
    return turnover_over(traded_value, _mean(equity) if equity.size else 0.0, span)


def turnover_over(traded_value: float, mean_equity: float, span: int) -> float | None:
    """The same of a run over ``span`` calendar days whose mean equity is known."""
    if traded_value == 0.0:
        return 0.0
    return figure(traded_value / mean_equity / (span / 365.25)) if span > 0 and mean_equity > 0.0 else None
