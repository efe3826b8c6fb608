"""VaR and CVaR under Student's t: fat tails with a known or fitted number of degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import RiskEstimate, deviation, estimate, fault_of, fault_of_question, no_estimate, tail_probability
from framework.rules.risk.parametric import Mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.market import Floats

#: At 2 there is no variance, at 1 no CVaR; from 200 on the t is the normal.
FEWEST_FREEDOM = 2.1
MOST_FREEDOM = 200.0
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_SEARCH_STEPS = 48
_EM_STEPS = 400
_FIT_MINIMUM = 20
_THINNEST_SCALE = 1e-9


def fault_of_freedom(freedom: float) -> str:
    """Why ``freedom`` is refused; empty inside (2.1, 200]."""
    if FEWEST_FREEDOM < freedom <= MOST_FREEDOM:
        return ""
    return f"{freedom} degrees of freedom; above {FEWEST_FREEDOM} and up to {MOST_FREEDOM:g} are allowed"


def student_tail(location: float, scale: float, freedom: float, confidence: float) -> tuple[float, float]:
    """VaR and CVaR of ``location + scale * t(freedom)``; freedom > 1, confidence in (0, 1).

    With q the t quantile of a = 1 - confidence and f the density: VaR = -(location + scale q), CVaR = scale f(q) / a (freedom + q^2) /
    (freedom - 1) - location (McNeil, Frey and Embrechts 2015, section 2.3).
    """
    from scipy.special import stdtrit

    tail = tail_probability(confidence)
    quantile = float(stdtrit(freedom, tail))
    density = math.exp(_log_norm(freedom) - 0.5 * (freedom + 1.0) * math.log1p(quantile * quantile / freedom))
    mean_beyond = density / tail * (freedom + quantile * quantile) / (freedom - 1.0)
    return -(location + scale * quantile), scale * mean_beyond - location


def _log_norm(freedom: float) -> float:
    return math.lgamma(0.5 * (freedom + 1.0)) - math.lgamma(0.5 * freedom) - 0.5 * math.log(freedom * math.pi)


def student(returns: Floats, confidence: float, freedom: float, *, mean: Mean = Mean.SAMPLE) -> RiskEstimate:
    """Student's t with ``freedom`` degrees, the sample's mean and variance.

    Formula: :func:`student_tail` with scale = s sqrt((freedom - 2) / freedom), for s is the standard deviation (n - 1) and a t of scale 1
    has variance freedom / (freedom - 2); leaving that out inflates VaR by 29 % at 5 degrees. Source: Dowd, Measuring Market Risk (2005);
    RiskMetrics 2006. Fractions of value, losses positive, one day: a sum of t's is no t, so a longer horizon scales the variance and not
    the quantile. Assumes independent returns of one volatility. Wrong when volatility has changed, or tails differ left and right.

    Args:
        returns: float64 [n], n >= 2, simple, oldest first.
        confidence: In (0, 1).
        freedom: In (2.1, 200]; 4 to 6 suit daily equity returns.
        mean: Centre of the distribution.
    """
    method = f"student {freedom:g} {mean} mean"
    if fault := fault_of_question(returns, confidence, 2) or fault_of_freedom(freedom):
        return no_estimate(method, returns.size, fault)
    spread = deviation(returns)
    if spread == 0.0:
        return no_estimate(method, len(returns), "the returns do not vary")
    centre = float(returns.mean()) if mean is Mean.SAMPLE else 0.0
    var, cvar = student_tail(centre, spread * math.sqrt((freedom - 2.0) / freedom), freedom, confidence)
    return estimate(var, cvar, method, len(returns))


@dataclass(frozen=True, slots=True)
class StudentFit:
    """Maximum-likelihood t: location and scale in the unit of the returns; NaN and a note where there is none."""

    location: float
    scale: float
    freedom: float
    log_likelihood: float
    note: str = ""


def fit_student(returns: Floats) -> StudentFit:
    """Location, scale and degrees of freedom in [2.1, 200] that make ``returns`` [n], n >= 20, most likely.

    Location and scale by the EM steps of Liu and Rubin (1995) for given degrees; the degrees by golden-section search on their logarithm.
    No random start: the same returns give the same fit. No fit where so many returns are equal that the likelihood has no maximum.
    """
    fault = fault_of(returns, _FIT_MINIMUM)
    spread = 0.0 if fault else deviation(returns)
    if fault or spread == 0.0:
        return _no_fit(fault or "the returns do not vary")
    _, most = np.unique(returns, return_counts=True)
    # n log(scale) against (freedom + 1) log(scale) for each coinciding return: beyond this share the likelihood grows without end.
    if int(most.max()) * (FEWEST_FREEDOM + 1.0) >= len(returns) * FEWEST_FREEDOM:
        return _no_fit(f"{int(most.max())} of {len(returns)} returns are equal: the likelihood has no maximum")
    centre = float(np.median(returns))
    scaled = (returns - centre) / spread
    freedom = math.exp(_maximum(lambda log: _profile(scaled, math.exp(log))[2], math.log(FEWEST_FREEDOM), math.log(MOST_FREEDOM)))
    location, scale, likelihood = _profile(scaled, freedom)
    log_likelihood = likelihood - len(returns) * math.log(spread)
    if not (math.isfinite(log_likelihood) and scale > _THINNEST_SCALE):
        return _no_fit("most returns are equal to within rounding: the likelihood has no maximum")
    return StudentFit(centre + spread * location, spread * scale, freedom, log_likelihood)


def _no_fit(note: str) -> StudentFit:
    return StudentFit(math.nan, math.nan, math.nan, math.nan, note)


def _profile(values: Floats, freedom: float) -> tuple[float, float, float]:
    """Best location and scale for given degrees, and their log-likelihood."""
    location, square = 0.0, max((freedom - 2.0) / freedom, 0.1)
    for _ in range(_EM_STEPS):
        centred = values - location
        weights = (freedom + 1.0) / (freedom + centred * centred / square)
        moved = float(weights @ values / weights.sum())
        centred = values - moved
        # Dividing by the weights' sum, not n, is the parameter-expanded step: the same fixed point, reached much sooner.
        tighter = float(weights @ (centred * centred) / weights.sum())
        still = abs(moved - location) <= 1e-11 and abs(tighter - square) <= 1e-11 * square
        location, square = moved, max(tighter, 1e-300)
        if still:
            break
    centred = values - location
    kernel = float(np.log1p(centred * centred / (freedom * square)).sum())
    likelihood = len(values) * (_log_norm(freedom) - 0.5 * math.log(square)) - 0.5 * (freedom + 1.0) * kernel
    return location, math.sqrt(square), likelihood


def _maximum(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one peak in [low, high] is largest (golden section; Kiefer 1953)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(_SEARCH_STEPS):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return 0.5 * (low + high)


def student_fitted(returns: Floats, confidence: float) -> RiskEstimate:
    """Student's t by maximum likelihood: :func:`student_tail` at :func:`fit_student`.

    Fractions of value, losses positive. Takes milliseconds: for a nightly calibration, not for each bar. Assumes independent returns; the
    fit's variance need not be the sample's. Wrong as :func:`student` is, and noisy below some 250 returns.
    """
    if fault := fault_of_question(returns, confidence, _FIT_MINIMUM):
        return no_estimate("student fitted", returns.size, fault)
    fit = fit_student(returns)
    if fit.note:
        return no_estimate("student fitted", len(returns), fit.note)
    var, cvar = student_tail(fit.location, fit.scale, fit.freedom, confidence)
    return estimate(var, cvar, f"student fitted {fit.freedom:.3g}", len(returns))
