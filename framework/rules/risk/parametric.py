"""VaR and CVaR from a distribution with the sample's moments: normal, Cornish-Fisher; Student-t stands in ``student``."""

from __future__ import annotations

import math
from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING

from framework.rules.risk.estimate import (
    RiskEstimate,
    deviation,
    estimate,
    fault_of_horizon,
    fault_of_question,
    no_estimate,
    tail_probability,
)
from framework.rules.risk.moments import moments

if TYPE_CHECKING:
    from framework.domain.market import Floats

#: Beyond this the fourth sample moment is one observation's, and the expansion says nothing.
LARGEST_EXCESS_KURTOSIS = 8.0
_STANDARD = NormalDist()


class Mean(StrEnum):
    """The centre of the forecast: ``zero`` (default; the mean of a day is noise beside its deviation) or the ``sample`` mean."""

    ZERO = "zero"
    SAMPLE = "sample"


def normal_tail(mean: float, spread: float, confidence: float) -> tuple[float, float]:
    """VaR and CVaR of N(mean, spread^2): ``z spread - mean`` and ``spread phi(z) / a - mean``; confidence in (0, 1) has quantile z."""
    tail = tail_probability(confidence)
    z = -_STANDARD.inv_cdf(tail)
    return z * spread - mean, spread * _STANDARD.pdf(z) / tail - mean


def normal(returns: Floats, confidence: float, *, mean: Mean = Mean.ZERO, days: int = 1) -> RiskEstimate:
    """Variance-covariance VaR and CVaR of one asset under a normal distribution.

    Formula: VaR = z s sqrt(h) - h m; CVaR = s sqrt(h) phi(z) / a - h m; s the standard deviation with n - 1, m the mean (0 by default), h
    ``days``, phi the normal density, a = 1 - confidence. Source: RiskMetrics Technical Document (1996); Jorion, Value at Risk (2007),
    chapter 5. Units: fractions of value, losses positive. Assumes independent normal returns of one constant volatility, which alone makes
    the square root of time right. Wrong for fat tails (too low at 99 %) and after volatility changed. Returns that do not vary have no
    estimate: a halted symbol is not riskless.

    Args:
        returns: float64 [n], n >= 2, simple daily returns, oldest first.
        confidence: In (0, 1).
        mean: Centre of the distribution.
        days: Horizon h in days.
    """
    method = f"normal {mean} mean {days}d"
    if fault := fault_of_question(returns, confidence, 2) or fault_of_horizon(days):
        return no_estimate(method, returns.size, fault)
    spread = deviation(returns)
    if spread == 0.0:
        return no_estimate(method, len(returns), "the returns do not vary")
    centre = float(returns.mean()) if mean is Mean.SAMPLE else 0.0
    var, cvar = normal_tail(days * centre, spread * math.sqrt(days), confidence)
    return estimate(var, cvar, method, len(returns))


def cornish_fisher_quantile(z: float, skewness: float, excess_kurtosis: float) -> float:
    """Fourth-order expansion of a quantile (Cornish and Fisher 1937) around the normal quantile ``z``.

    ``z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36``.
    """
    cubed = z * z * z
    third = third_order_quantile(z, skewness)
    return third + (cubed - 3.0 * z) * excess_kurtosis / 24.0 - (2.0 * cubed - 5.0 * z) * skewness * skewness / 36.0


def third_order_quantile(z: float, skewness: float) -> float:
    """The expansion up to skewness only, ``z + (z^2 - 1) S / 6`` (Hull, Options, Futures and Other Derivatives)."""
    return z + (z * z - 1.0) * skewness / 6.0


def cornish_fisher_discriminant(skewness: float, excess_kurtosis: float) -> float:
    """Discriminant of the expansion's derivative in z; above 0 the "quantile" falls somewhere and is none (Maillard 2012)."""
    square = excess_kurtosis / 8.0 - skewness * skewness / 6.0
    constant = 1.0 - excess_kurtosis / 8.0 + 5.0 * skewness * skewness / 36.0
    return skewness * skewness / 9.0 - 4.0 * square * constant


def _fault_of_expansion(skewness: float, excess_kurtosis: float) -> str:
    if abs(excess_kurtosis) > LARGEST_EXCESS_KURTOSIS:
        return f"excess kurtosis {excess_kurtosis:.2f} is outside +-{LARGEST_EXCESS_KURTOSIS:g}: the expansion says nothing there"
    discriminant = cornish_fisher_discriminant(skewness, excess_kurtosis)
    if discriminant > 0.0:
        return (
            f"skewness {skewness:.2f} and excess kurtosis {excess_kurtosis:.2f} are outside the domain of the expansion"
            f" (discriminant {discriminant:.3g} > 0)"
        )
    return ""


def _expansion_mean(z: float, skewness: float, excess_kurtosis: float, tail: float) -> float:
    """Mean of the expansion over the tail below ``z``: moments of the normal density, in closed form."""
    density = _STANDARD.pdf(z)
    first, second, third = -density, tail - z * density, -(z * z + 2.0) * density
    total = (
        first
        + (second - tail) * skewness / 6.0
        + (third - 3.0 * first) * excess_kurtosis / 24.0
        - (2.0 * third - 5.0 * first) * skewness * skewness / 36.0
    )
    return total / tail


def cornish_fisher(returns: Floats, confidence: float, *, mean: Mean = Mean.SAMPLE) -> RiskEstimate:
    """Modified VaR: the normal quantile bent by the sample's skewness and excess kurtosis (population moments).

    Formula: VaR = -(m + s z_cf), z_cf by :func:`cornish_fisher_quantile` at a = 1 - confidence, s with n - 1; CVaR = -(m + s times the mean
    of z_cf(u) for u in (0, a)), in closed form. Source: Zangari (RiskMetrics Monitor 1996); Maillard, A User's Guide to the Cornish Fisher
    Expansion (2012). Fractions of value, losses positive. Assumes mild departures from normality. No estimate outside the expansion's
    domain (discriminant above 0) or with |K| > 8. Wrong well inside it too: S and K are the work of a few observations (real AAPL 2012:
    twice the historical VaR at 99 %), and they are not the moments of the distribution that results.
    """
    method = f"cornish-fisher {mean} mean"
    if fault := fault_of_question(returns, confidence, 4):
        return no_estimate(method, returns.size, fault)
    shape = moments(returns)
    if fault := shape.note or _fault_of_expansion(shape.skewness, shape.excess_kurtosis):
        return no_estimate(method, len(returns), fault)
    tail = tail_probability(confidence)
    z = _STANDARD.inv_cdf(tail)
    centre = shape.mean if mean is Mean.SAMPLE else 0.0
    var = -(centre + shape.deviation * cornish_fisher_quantile(z, shape.skewness, shape.excess_kurtosis))
    cvar = -(centre + shape.deviation * _expansion_mean(z, shape.skewness, shape.excess_kurtosis, tail))
    return estimate(var, cvar, method, len(returns))
