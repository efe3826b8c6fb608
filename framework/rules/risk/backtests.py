"""Did the forecasts hold? Tests of VaR by its violations: how many, and whether they cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.domain.market import Floats

    Hits = NDArray[np.bool_]

MOST_FORECASTS = 10_000_000
NOT_COMPUTABLE = "not computable"


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio test.

    Attributes:
        statistic: -2 log of the likelihood ratio, >= 0; NaN when it is not computable (which is not the same as passed).
        p_value: Chance of a larger statistic when the model is right; NaN likewise.
        degrees: Degrees of freedom of the chi-square.
        observations: Forecasts used (for independence: pairs, one less).
        violations: Forecasts that were broken.
        note: Why it is not computable.
    """

    statistic: float
    p_value: float
    degrees: int
    observations: int
    violations: int
    note: str = ""

    @property
    def computable(self) -> bool:
        """Whether there is a verdict at all."""
        return not math.isnan(self.statistic)

    def rejected(self, significance: float = 0.05) -> bool:
        """Whether the model is rejected at ``significance``; False also where nothing can be said: ask ``computable`` first."""
        return self.p_value < significance


@dataclass(frozen=True, slots=True)
class Transitions:
    """Counts of neighbours, ``n01`` a violation right after none; T - 1 pairs in all."""

    n00: int
    n01: int
    n10: int
    n11: int


def violations(returns: Floats, forecasts: Floats) -> Hits:
    """Which returns broke the VaR forecast made the row before: ``returns[t] < -forecasts[t - 1]``; bool, at most [T - 1].

    Row t of ``forecasts`` [T] was made with returns up to t (as the columns of ``features`` are), hence the shift: a forecast that has seen
    its own day is broken too rarely. Pairs without a forecast or a return are left out.
    """
    if returns.shape != forecasts.shape or returns.ndim != 1:
        return np.zeros(0, dtype=np.bool_)
    made, came = forecasts[:-1], returns[1:]
    usable = np.isfinite(made) & np.isfinite(came)
    return np.asarray(came[usable] < -made[usable])


def chi_square_survival(statistic: float, degrees: int) -> float:
    """P(chi-square > statistic) for 1 or 2 degrees of freedom, in closed form."""
    half = 0.5 * max(statistic, 0.0)
    return math.erfc(math.sqrt(half)) if degrees == 1 else math.exp(-half)


def _log_term(count: int, probability: float) -> float:
    """``count * log(probability)`` with 0 log 0 = 0."""
    return count * math.log(probability) if count else 0.0


def _no_test(degrees: int, observations: int, count: int, note: str) -> LikelihoodRatio:
    return LikelihoodRatio(math.nan, math.nan, degrees, observations, count, f"{NOT_COMPUTABLE}: {note}")


def fault_of_counts(count: int, observations: int, probability: float) -> str:
    """Why ``count`` violations in ``observations`` forecasts at ``probability`` cannot be tested; empty when they can."""
    if not 0.0 < probability < 1.0:
        return f"the expected share of violations is {probability}; it must lie between 0 and 1"
    if not 1 <= observations <= MOST_FORECASTS:
        return f"{observations} forecasts; 1 to {MOST_FORECASTS} are needed"
    return "" if 0 <= count <= observations else f"{count} violations of {observations} forecasts"


def kupiec(count: int, observations: int, probability: float) -> LikelihoodRatio:
    """Proportion-of-failures test: are there as many violations as ``probability`` (1 - confidence) promises?

    Formula: -2 log[(1 - p)^(T - x) p^x] + 2 log[(1 - x / T)^(T - x) (x / T)^x], chi-square(1), 0 log 0 = 0. Source: Kupiec (1995). All T
    forecasts count. Weak: at 99 % and 250 forecasts, up to 6 violations pass where 2.5 are due; blind to clustering.
    """
    if fault := fault_of_counts(count, observations, probability):
        return _no_test(1, observations, count, fault)
    share, calm = count / observations, observations - count
    null = _log_term(count, probability) + _log_term(calm, 1.0 - probability)
    free = _log_term(count, share) + _log_term(calm, 1.0 - share)
    statistic = max(2.0 * (free - null), 0.0)
    return LikelihoodRatio(statistic, chi_square_survival(statistic, 1), 1, observations, count)


def kupiec_region(observations: int, probability: float, significance: float = 0.05) -> tuple[int, int]:
    """The counts that are not rejected lie strictly between these two; (-1, -1) where there is no test.

    The lower one is -1 where even no violation passes, the upper one T + 1 where even T violations do.
    """
    if fault_of_counts(0, observations, probability):
        return -1, -1
    expected = round(probability * observations)
    low = high = min(expected, observations)
    while low >= 0 and not kupiec(low, observations, probability).rejected(significance):
        low -= 1
    while high <= observations and not kupiec(high, observations, probability).rejected(significance):
        high += 1
    return low, high


def transitions(hits: Hits) -> Transitions:
    """Counts of the four pairs of neighbours in ``hits`` [T]."""
    before, after = hits[:-1], hits[1:]
    n11 = int(np.count_nonzero(before & after))
    n10, n01 = int(np.count_nonzero(before)) - n11, int(np.count_nonzero(after)) - n11
    return Transitions(max(len(hits) - 1, 0) - n01 - n10 - n11, n01, n10, n11)


def independence_of(table: Transitions) -> LikelihoodRatio:
    """Independence test from the counts; see :func:`christoffersen_independence`."""
    calm, broken, after = table.n00 + table.n01, table.n10 + table.n11, table.n01 + table.n11
    pairs = calm + broken
    if broken == 0 or calm == 0:
        what = "no violation has a next day" if broken == 0 else "every forecast was broken"
        return _no_test(1, pairs, after, what)
    pooled, first, second = after / pairs, table.n01 / calm, table.n11 / broken
    null = _log_term(table.n00 + table.n10, 1.0 - pooled) + _log_term(after, pooled)
    after_calm = _log_term(table.n00, 1.0 - first) + _log_term(table.n01, first)
    after_broken = _log_term(table.n10, 1.0 - second) + _log_term(table.n11, second)
    statistic = max(2.0 * (after_calm + after_broken - null), 0.0)
    return LikelihoodRatio(statistic, chi_square_survival(statistic, 1), 1, pairs, after)


def christoffersen_independence(hits: Hits) -> LikelihoodRatio:
    """Do violations come alone? Likelihood ratio of a first-order Markov chain against independence, chi-square(1).

    Formula: on the T - 1 pairs of neighbours, pi01 = n01 / (n00 + n01), pi11 = n11 / (n10 + n11) against one pi = (n01 + n11) / (T - 1), 0
    log 0 = 0. Source: Christoffersen (1998). Without a violation that has a next day it is not computable, which is said and is no pass.
    Sees only clusters of neighbouring days.
    """
    if hits.ndim != 1 or len(hits) < 2:
        return _no_test(1, 0, 0, "it takes two forecasts to make a pair")
    return independence_of(transitions(hits))


def combined(coverage: LikelihoodRatio, independence: LikelihoodRatio) -> LikelihoodRatio:
    """Conditional coverage: the sum of the two statistics, chi-square(2); not computable where one of them is not.

    Coverage counts all T forecasts, independence T - 1 pairs, as in Christoffersen (1998).
    """
    if not (coverage.computable and independence.computable):
        return LikelihoodRatio(math.nan, math.nan, 2, coverage.observations, coverage.violations, coverage.note or independence.note)
    statistic = coverage.statistic + independence.statistic
    return LikelihoodRatio(statistic, chi_square_survival(statistic, 2), 2, coverage.observations, coverage.violations)


def christoffersen(hits: Hits, probability: float) -> LikelihoodRatio:
    """Conditional coverage of ``hits`` [T]: right in number and independent, at ``probability`` (1 - confidence); see :func:`combined`."""
    independence = christoffersen_independence(hits)
    return combined(kupiec(int(np.count_nonzero(hits)), hits.size, probability), independence)
