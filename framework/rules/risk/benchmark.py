"""One asset beside a benchmark: beta, alpha, tracking error, information ratio and three correlations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import ROUNDING, Figure, deviation, fault_of

if TYPE_CHECKING:
    from framework.domain.market import Floats

DAYS_PER_YEAR = 252


@dataclass(frozen=True, slots=True)
class Regression:
    """Least squares of returns on a benchmark: r = alpha + beta m + e. NaN and a note where there is no line.

    ``alpha`` is a fraction a day; ``beta_error`` is the standard error of beta under independent errors of one variance.
    """

    alpha: float
    beta: float
    beta_error: float
    observations: int
    note: str = ""

    @property
    def annual_alpha(self) -> float:
        """(1 + alpha)^252 - 1; NaN where it is not finite."""
        if not -1.0 < self.alpha < 1.0:
            return math.nan
        return math.expm1(DAYS_PER_YEAR * math.log1p(self.alpha))


def _fault_of_pair(first: Floats, second: Floats, minimum: int) -> str:
    if fault := fault_of(first, minimum) or fault_of(second, minimum):
        return fault
    if len(first) != len(second):
        return f"{len(first)} and {len(second)} observations do not pair"
    return ""


def _fault_of_variation(first: Floats, second: Floats, minimum: int) -> str:
    if fault := _fault_of_pair(first, second, minimum):
        return fault
    return "" if deviation(first) > 0.0 and deviation(second) > 0.0 else "one of the two series does not vary"


def regress(returns: Floats, benchmark: Floats) -> Regression:
    """Alpha and beta of ``returns`` [n] on ``benchmark`` [n], n >= 3, same days, oldest first.

    Formula: beta = cov(r, m) / var(m); alpha = mean r - beta mean m; its error sqrt(SSE / (n - 2) / sum (m - mean m)^2). Source: Sharpe
    (1964); any econometrics text. Assumes one beta over the window; too low for assets that trade at other hours or rarely.
    """
    if fault := _fault_of_pair(returns, benchmark, 3):
        return Regression(math.nan, math.nan, math.nan, returns.size, fault)
    if deviation(benchmark) == 0.0:
        return Regression(math.nan, math.nan, math.nan, len(returns), "the benchmark does not vary")
    across, along = benchmark - benchmark.mean(), returns - returns.mean()
    square = float(across @ across)
    beta = float(across @ along) / square
    rest = along - beta * across
    error = math.sqrt(float(rest @ rest) / (len(returns) - 2) / square)
    return Regression(float(returns.mean()) - beta * float(benchmark.mean()), beta, error, len(returns))


def downside_beta(returns: Floats, benchmark: Floats) -> Regression:
    """:func:`regress` on the days on which the benchmark fell (m < 0)."""
    if fault := _fault_of_pair(returns, benchmark, 3):
        return Regression(math.nan, math.nan, math.nan, returns.size, fault)
    fell = benchmark < 0.0
    return regress(returns[fell], benchmark[fell])


def tracking_error(returns: Floats, benchmark: Floats) -> Figure:
    """Standard deviation (n - 1) of r - m, annualised by sqrt(252); a fraction a year."""
    if fault := _fault_of_pair(returns, benchmark, 2):
        return Figure(math.nan, fault)
    return Figure(float(np.std(returns - benchmark, ddof=1)) * math.sqrt(DAYS_PER_YEAR))


def information_ratio(returns: Floats, benchmark: Floats) -> Figure:
    """Mean over standard deviation (n - 1) of r - m, annualised by sqrt(252); no unit."""
    if fault := _fault_of_pair(returns, benchmark, 2):
        return Figure(math.nan, fault)
    difference = returns - benchmark
    spread = float(np.std(difference, ddof=1))
    if spread <= ROUNDING * max(float(np.abs(returns).max()), float(np.abs(benchmark).max())):
        return Figure(math.nan, "the difference to the benchmark does not vary")
    return Figure(float(difference.mean()) / spread * math.sqrt(DAYS_PER_YEAR))


def pearson(first: Floats, second: Floats) -> Figure:
    """Linear correlation in [-1, 1] of two series [n], n >= 2; none where one does not vary."""
    if fault := _fault_of_variation(first, second, 2):
        return Figure(math.nan, fault)
    across, along = _unit(first), _unit(second)
    return Figure(min(max(float(across @ along), -1.0), 1.0))


def _unit(values: Floats) -> Floats:
    centred = values - values.mean()
    scaled = centred / np.abs(centred).max()
    return np.asarray(scaled / math.sqrt(float(scaled @ scaled)))


def spearman(first: Floats, second: Floats) -> Figure:
    """Rank correlation: :func:`pearson` of the ranks, ties sharing their mean rank (Spearman 1904)."""
    if fault := _fault_of_pair(first, second, 2):
        return Figure(math.nan, fault)
    return pearson(mean_ranks(first), mean_ranks(second))


def mean_ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[group])


def kendall(first: Floats, second: Floats) -> Figure:
    """Kendall's tau-b: concordant minus discordant pairs, corrected for ties (Kendall 1945); in n^2 steps."""
    if fault := _fault_of_pair(first, second, 2):
        return Figure(math.nan, fault)
    agreement = untied_first = untied_second = 0
    for row in range(1, len(first)):
        one, other = np.sign(first[row] - first[:row]), np.sign(second[row] - second[:row])
        agreement += int(one @ other)
        untied_first += int(np.count_nonzero(one))
        untied_second += int(np.count_nonzero(other))
    if untied_first == 0 or untied_second == 0:
        return Figure(math.nan, "one of the two series does not vary")
    return Figure(agreement / math.sqrt(untied_first * untied_second))
