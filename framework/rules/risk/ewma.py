"""Exponentially weighted volatility (RiskMetrics) and the VaR and CVaR on it."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, Figure, RiskEstimate, estimate, fault_of, fault_of_question, no_estimate
from framework.rules.risk.parametric import normal_tail

if TYPE_CHECKING:
    from framework.domain.market import Floats

#: RiskMetrics' decay for daily returns; 0.97 is theirs for monthly ones.
DAILY_DECAY = 0.94


class Seed(StrEnum):
    """What the recursion starts from; after 60 returns the choice still moves the third digit.

    ``first_square``: the square of the first return, which is then not counted again. ``sample_variance``: the variance (n - 1) of the
    whole window, then every return (Hull's exercises). ``mean_square``: the same with the mean square. ``zero``: nothing. ``normalised`` is
    the weighted mean of the squares, weights ``decay ** age`` over their sum: no seed at all.
    """

    FIRST_SQUARE = "first_square"
    SAMPLE_VARIANCE = "sample_variance"
    MEAN_SQUARE = "mean_square"
    ZERO = "zero"
    NORMALISED = "normalised"


def next_variance(variance: float, last_return: float, decay: float) -> float:
    """One step: ``decay * variance + (1 - decay) * r^2`` (RiskMetrics Technical Document 1996)."""
    return decay * variance + (1.0 - decay) * last_return * last_return


def fault_of_decay(decay: float) -> str:
    """Why ``decay`` is refused; empty in (0, 1)."""
    return "" if 0.0 < decay < 1.0 else f"the decay is {decay}; it must lie between 0 and 1, for example {DAILY_DECAY}"


def _seed(returns: Floats, seed: Seed) -> float:
    if seed is Seed.SAMPLE_VARIANCE:
        return float(np.var(returns, ddof=1))
    if seed is Seed.MEAN_SQUARE:
        return float(np.mean(returns * returns))
    # Starting from the first square, the first step leaves it where it is.
    return float(returns[0] * returns[0]) if seed is Seed.FIRST_SQUARE else 0.0


def ewma_volatility(returns: Floats, decay: float = DAILY_DECAY, seed: Seed = Seed.FIRST_SQUARE) -> Figure:
    """Volatility forecast for the period after the last of ``returns`` [n], n >= 2: the root of the zero-mean EWMA variance; a fraction."""
    if fault := fault_of(returns, 2) or fault_of_decay(decay):
        return Figure(math.nan, fault)
    if seed is Seed.NORMALISED:
        weights = decay ** np.arange(len(returns) - 1, -1, -1.0)
        return Figure(math.sqrt(float(weights @ (returns * returns)) / float(weights.sum())))
    return Figure(float(_forecasts(returns, decay, _seed(returns, seed))[-1]))


def ewma_forecasts(returns: Floats, decay: float = DAILY_DECAY) -> Floats:
    """Volatility forecasts [T]: row t uses ``returns`` up to t and is meant for t + 1; seeded by the first square.

    All NaN where the input cannot be used (:func:`ewma_volatility` says why); NaN from an unusable return on.
    """
    if fault_of(returns[:1], 1) or fault_of_decay(decay):
        return np.full(returns.shape, math.nan)
    broken = ~(np.abs(returns) <= LARGEST)
    usable = int(np.argmax(broken)) if broken.any() else len(returns)
    column = np.full(len(returns), math.nan)
    column[:usable] = _forecasts(returns[:usable], decay, float(returns[0] * returns[0]))
    return column


def _forecasts(returns: Floats, decay: float, variance: float) -> Floats:
    column = np.empty(len(returns))
    for row, value in enumerate(returns.tolist()):
        variance = next_variance(variance, value, decay)
        column[row] = variance
    return np.sqrt(column)


def ewma(returns: Floats, confidence: float, decay: float = DAILY_DECAY, seed: Seed = Seed.FIRST_SQUARE) -> RiskEstimate:
    """Normal VaR and CVaR on the EWMA volatility, zero mean.

    Formula: s_t+1^2 = decay s_t^2 + (1 - decay) r_t^2; VaR = z s, CVaR = s phi(z) / a. Source: RiskMetrics Technical Document (1996).
    Fractions of value, losses positive, one day ahead. Assumes normal returns given the volatility, and one decay for all. Reacts within
    days, so it falls fast after a crisis. Wrong in the tail: at 99 % real indices break it about twice as often as they should.
    """
    method = f"ewma {decay:g} {seed}"
    if fault := fault_of_question(returns, confidence, 2):
        return no_estimate(method, returns.size, fault)
    volatility = ewma_volatility(returns, decay, seed)
    if not volatility.value > 0.0:
        return no_estimate(method, len(returns), volatility.note or "the returns do not vary")
    return estimate(*normal_tail(0.0, volatility.value, confidence), method, len(returns))
