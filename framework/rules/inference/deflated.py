"""The best of many trials looks good by chance alone: how good, and what is left of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.inference.sharpe import SharpeEstimate, probabilistic_sharpe
from framework.rules.risk.estimate import LARGEST, Figure, deviation, fault_of

if TYPE_CHECKING:
    from framework.domain.market import Floats


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """A Sharpe ratio beside the luck of its search; NaN and a note where there is no answer.

    Attributes:
        probability: DSR, the probability that the true ratio is above 0 after the search is accounted for; 0.95 is the usual demand.
        threshold: SR0, the ratio (of one period) that the best of so many worthless trials is expected to show.
        trials: Number of independent trials that was counted.
        spread: Standard deviation (n - 1) of the trials' ratios.
        note: Why there is no answer.
    """

    probability: float
    threshold: float
    trials: float
    spread: float
    note: str = ""


def expected_maximum_sharpe(trials: float, spread: float) -> Figure:
    """SR0: the largest Sharpe ratio to expect of ``trials`` independent trials that are all worth nothing.

    Formula: spread ((1 - g) z(1 - 1 / N) + g z(1 - 1 / (N e))), g the Euler-Mascheroni constant, z the normal quantile. Source: Bailey and
    Lopez de Prado, The Deflated Sharpe Ratio (2014), after extreme value theory. Same unit as ``spread``. Assumes trials that are
    independent and ratios that are normal around 0. A little low for two or three trials (0.52 spreads instead of 0.56 for two), and too
    high when neighbouring settings count as trials of their own: see :func:`independent_trials`. One trial has no luck of selection: 0.

    Args:
        trials: N >= 1; fractional where it is an estimate.
        spread: Standard deviation of the trials' ratios of one period, >= 0.
    """
    if fault := _fault_of_trials(trials):
        return Figure(math.nan, fault)
    if not 0.0 <= spread <= LARGEST:
        return Figure(math.nan, f"the spread of the ratios is {spread}; it must be finite and not below 0")
    if trials == 1.0:
        return Figure(0.0)
    bell = NormalDist()
    # Through the lower tail, where 1 / N keeps its digits.
    largest = -(1.0 - np.euler_gamma) * bell.inv_cdf(1.0 / trials) - np.euler_gamma * bell.inv_cdf(1.0 / (trials * math.e))
    # Between one trial and two the expansion falls below the mean, which a largest value cannot.
    return Figure(spread * max(float(largest), 0.0))


def independent_trials(trials: int, mean_correlation: float) -> Figure:
    """How many independent trials ``trials`` correlated ones are worth: rho + (1 - rho) M.

    Source: Bailey and Lopez de Prado (2014), appendix A.3. ``mean_correlation`` is the mean of the correlations between any two trials'
    returns, in [-1, 1]; below 0 it counts as 0, for M trials are not worth more than M. Assumes that the mean says enough: for trials in
    a few tight groups the number of groups is the better count.
    """
    if fault := _fault_of_trials(trials):
        return Figure(math.nan, fault)
    if not -1.0 <= mean_correlation <= 1.0:
        return Figure(math.nan, f"the mean correlation is {mean_correlation}; it must lie between -1 and 1")
    shared = max(mean_correlation, 0.0)
    return Figure(shared + (1.0 - shared) * trials)


def deflated_sharpe(chosen: SharpeEstimate, ratios: Floats, trials: float | None = None) -> DeflatedSharpe:
    """DSR: the probability that the chosen trial's true Sharpe ratio is above 0, although it was the best of many.

    Formula: :func:`probabilistic_sharpe` at the threshold of :func:`expected_maximum_sharpe`. Source: Bailey and Lopez de Prado (2014).
    Assumptions as in both. Wrong, and too kind, when trials are left out: every setting that was ever looked at counts, the discarded ones
    first of all.

    Args:
        chosen: The trial that was picked, its ratio of the same period as ``ratios``.
        ratios: float64 [M], M >= 1, Sharpe ratios of all trials, the chosen one included.
        trials: Number of independent trials, when it is not M: more where only some ratios are known, fewer by :func:`independent_trials`.
    """
    count = float(ratios.size) if trials is None else trials
    spread = math.nan
    fault = chosen.note or fault_of(ratios, 1) or _fault_of_trials(count)
    if not fault and len(ratios) == 1 and count > 1.0:
        fault = f"one ratio has no spread; the ratios of all {count:g} trials are needed"
    if not fault:
        spread = deviation(ratios) if len(ratios) > 1 else 0.0
        threshold = expected_maximum_sharpe(count, spread)
        probability = probabilistic_sharpe(chosen, threshold.value)
        fault = threshold.note or probability.note
    if fault:
        return DeflatedSharpe(math.nan, math.nan, count, spread, fault)
    return DeflatedSharpe(probability.value, threshold.value, count, spread)


def _fault_of_trials(trials: float) -> str:
    return "" if 1.0 <= trials <= LARGEST else f"{trials} trials; 1 or more are needed"
