"""What is a Sharpe ratio worth? Its standard error, the probability that it is real, and how long a record says so.

All ratios are those of ONE period, the period of the returns; an annual ratio in these formulas makes every verdict wrong. The four numbers
that count travel together as a :class:`SharpeEstimate`, measured by :func:`sharpe_estimate` or written down from a paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from framework.rules.risk.estimate import LARGEST, Figure, tail_probability
from framework.rules.risk.moments import moments

if TYPE_CHECKING:
    from framework.domain.market import Floats


@dataclass(frozen=True, slots=True)
class SharpeEstimate:
    """A Sharpe ratio and what its error depends on; NaN and a note where there is none.

    Attributes:
        ratio: Mean over standard deviation (n - 1) of the excess returns of one period; no unit, not annual.
        observations: Number of returns, n.
        skewness: m3 / m2^1.5, population moments; 0 for normal returns.
        kurtosis: m4 / m2^2, population moments, raw: 3 for normal returns.
        note: Why there is no ratio.
    """

    ratio: float
    observations: int
    skewness: float = 0.0
    kurtosis: float = 3.0
    note: str = ""


def sharpe_estimate(returns: Floats, risk_free: float = 0.0) -> SharpeEstimate:
    """The Sharpe ratio of ``returns`` with its moments (Sharpe 1994).

    Args:
        returns: float64 [n], n >= 4, simple, oldest first, fractions, not all equal.
        risk_free: What a riskless asset earns in one period, a fraction.
    """
    shape = moments(returns)
    fault = shape.note or ("" if abs(risk_free) <= LARGEST else f"the riskless rate is {risk_free}; a finite fraction is needed")
    if fault:
        return SharpeEstimate(math.nan, returns.size, math.nan, math.nan, fault)
    return SharpeEstimate((shape.mean - risk_free) / shape.deviation, len(returns), shape.skewness, shape.excess_kurtosis + 3.0)


def lo_error(ratio: float, observations: int) -> Figure:
    """Standard error of a Sharpe ratio under independent normal returns: sqrt((1 + SR^2 / 2) / n).

    Source: Lo, The Statistics of Sharpe Ratios (2002), equation 9; no unit, of one period. Assumes returns that are independent, of one
    distribution and normal, and many of them. Too small for skewed or fat-tailed returns (:func:`sharpe_error`) and, with it, for returns
    that are correlated in time: a strategy that smooths its gains looks surer than it is.

    Args:
        ratio: Sharpe ratio of one period.
        observations: Number of returns, n >= 1.
    """
    if fault := _fault_of_ratio(ratio, observations, 1):
        return Figure(math.nan, fault)
    return Figure(math.sqrt((1.0 + 0.5 * ratio * ratio) / observations))


def sharpe_error(estimate: SharpeEstimate) -> Figure:
    """Standard error of a Sharpe ratio whatever the distribution: sqrt((1 - g3 SR + (g4 - 1) / 4 SR^2) / (n - 1)).

    g3 is the skewness, g4 the raw kurtosis. Source: Mertens (2002); Bailey and Lopez de Prado, The Sharpe Ratio Efficient Frontier (2012),
    with n - 1. No unit, of one period. Assumes independent returns of one distribution with four moments. Wrong for returns that are
    correlated in time, and with few of them: skewness and kurtosis are then the work of a few observations.
    """
    if fault := estimate.note or _fault_of_ratio(estimate.ratio, estimate.observations, 2) or _fault_of_shape(estimate):
        return Figure(math.nan, fault)
    return Figure(math.sqrt(_variance(estimate) / (estimate.observations - 1)))


def probabilistic_sharpe(estimate: SharpeEstimate, threshold: float = 0.0) -> Figure:
    """PSR: the probability that the true Sharpe ratio exceeds ``threshold``, given what was measured.

    Formula: Phi((SR - SR*) / s) with s by :func:`sharpe_error`. Source: Bailey and Lopez de Prado (2012). Assumptions as there. It knows of
    one trial only: the best of many needs :func:`framework.rules.inference.deflated.deflated_sharpe`.

    Args:
        estimate: Measured ratio with its moments.
        threshold: SR*, a ratio of one period.

    Returns:
        A probability in [0, 1].
    """
    error = sharpe_error(estimate)
    if fault := error.note or _fault_of_threshold(threshold):
        return Figure(math.nan, fault)
    return Figure(0.5 * math.erfc((threshold - estimate.ratio) / error.value / math.sqrt(2.0)))


def minimum_track_record(estimate: SharpeEstimate, threshold: float = 0.0, confidence: float = 0.95) -> Figure:
    """MinTRL: how many returns it takes until the PSR reaches ``confidence``, should ratio and moments stay what they are.

    Formula: 1 + (1 - g3 SR + (g4 - 1) / 4 SR^2) (z / (SR - SR*))^2, z the normal quantile of the confidence. Source: Bailey and Lopez de
    Prado (2012). A number of periods, not rounded: divide by the periods of a year for years. Assumptions as in :func:`sharpe_error`; the
    number of returns in ``estimate`` is not used. No figure for a ratio that is not above the threshold: no record is long enough.

    Args:
        estimate: Measured ratio with its moments.
        threshold: SR*, a ratio of one period.
        confidence: In [0.5, 1).
    """
    tail = tail_probability(confidence)
    fault = estimate.note or _fault_of_ratio(estimate.ratio, estimate.observations, 1) or _fault_of_shape(estimate)
    if fault := fault or _fault_of_threshold(threshold):
        return Figure(math.nan, fault)
    if not tail <= 0.5:
        return Figure(math.nan, f"confidence is {confidence}; it must lie in [0.5, 1), for example 0.95")
    needed = NormalDist().inv_cdf(tail) / excess if (excess := estimate.ratio - threshold) > 0.0 else math.inf
    length = 1.0 + _variance(estimate) * needed * needed
    if not length <= LARGEST:
        return Figure(math.nan, f"a ratio of {estimate.ratio:.3g} is not clearly above {threshold:.3g}: no record is long enough")
    return Figure(length)


def _variance(estimate: SharpeEstimate) -> float:
    """Variance of the ratio times the number of returns."""
    ratio = estimate.ratio
    return 1.0 - estimate.skewness * ratio + 0.25 * (estimate.kurtosis - 1.0) * ratio * ratio


def _fault_of_ratio(ratio: float, observations: int, minimum: int) -> str:
    if not abs(ratio) <= LARGEST:
        return f"the ratio is {ratio}; finite values up to {LARGEST:g} are needed"
    return "" if minimum <= observations <= LARGEST else f"{observations} observations; at least {minimum} are needed"


def _fault_of_shape(estimate: SharpeEstimate) -> str:
    if not (abs(estimate.skewness) <= LARGEST and abs(estimate.kurtosis) <= LARGEST):
        return f"skewness {estimate.skewness} and kurtosis {estimate.kurtosis} are no moments"
    if not _variance(estimate) > 0.0:
        return f"with skewness {estimate.skewness:.3g} and kurtosis {estimate.kurtosis:.3g} the ratio has no variance"
    return ""


def _fault_of_threshold(threshold: float) -> str:
    return "" if abs(threshold) <= LARGEST else f"the threshold is {threshold}; finite values up to {LARGEST:g} are needed"
