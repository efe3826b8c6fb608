"""Historical simulation: VaR and CVaR read off the sorted returns of a window."""

from __future__ import annotations

import math
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.rules.risk.estimate import RiskEstimate, estimate, fault_of_question, no_estimate, tail_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats

#: Hull's and BRW's usual decay of age weights.
BRW_DECAY = 0.995


class Quantile(StrEnum):
    """Where the tail ends among n sorted returns; ``a`` is 1 - confidence. On 252 days at 99 % the choice moves VaR by a quarter.

    ``linear`` is Hyndman and Fan (1996) type 7, the default of numpy, pandas and Excel's PERCENTILE.INC; it sees too little risk in small
    samples (1.4 % violations instead of 1 % at n = 252). ``weibull`` (type 6) has exactly the right coverage for n >= 1 / a - 1. ``hazen``,
    ``median_unbiased`` and ``normal_unbiased`` are types 5, 8 and 9. ``lower`` and ``higher`` are the returns beside the linear position
    (``lower`` is the larger loss). ``kth_worst`` is the ceil(a n)-th worst (Hull; the left quantile), ``next_worst`` the
    (floor(a n) + 1)-th worst (McNeil, Frey and Embrechts; the right quantile).
    """

    LINEAR = "linear"
    LOWER = "lower"
    HIGHER = "higher"
    HAZEN = "hazen"
    WEIBULL = "weibull"
    MEDIAN_UNBIASED = "median_unbiased"
    NORMAL_UNBIASED = "normal_unbiased"
    KTH_WORST = "kth_worst"
    NEXT_WORST = "next_worst"


class TailPlan(NamedTuple):
    """Which order statistics (0 is the worst return) make VaR and CVaR, and with what weights: plain numbers for compiled code.

    VaR = -(x[low] + (x[high] - x[low]) * fraction); CVaR = -(x[0] + ... + x[whole - 1] + part * x[whole]) / mass. ``depth`` worst returns
    are needed.
    """

    depth: int
    low: int
    high: int
    fraction: float
    whole: int
    part: float
    mass: float


def reaching_minimum(confidence: float) -> int:
    """Smallest sample with one observation expected in the tail: ceil(1 / a); 20 at 95 %, 100 at 99 %. 1 outside (0, 1)."""
    tail = tail_probability(confidence)
    return 1 if math.isnan(tail) else math.ceil(round(1.0 / tail, 9))


def _position(quantile: Quantile, n: int, tail: float) -> float:
    linear, mass = round((n - 1) * tail, 12), round(n * tail, 9)
    positions = {
        Quantile.LINEAR: linear,
        Quantile.LOWER: math.floor(linear),
        Quantile.HIGHER: math.ceil(linear),
        Quantile.HAZEN: n * tail - 0.5,
        Quantile.WEIBULL: (n + 1) * tail - 1.0,
        Quantile.MEDIAN_UNBIASED: (n + 1 / 3) * tail - 2 / 3,
        Quantile.NORMAL_UNBIASED: (n + 1 / 4) * tail - 5 / 8,
        Quantile.KTH_WORST: math.ceil(mass) - 1,
        Quantile.NEXT_WORST: math.floor(mass),
    }
    return min(max(positions[quantile], 0.0), n - 1.0)


@lru_cache(maxsize=512)  # windows of a history that begins have all lengths, the same in every run
def tail_plan(observations: int, confidence: float, quantile: Quantile = Quantile.LINEAR) -> TailPlan:
    """The plan for a window of ``observations`` (>= 1) returns; ``confidence`` in (0, 1)."""
    tail = tail_probability(confidence)
    position = _position(quantile, observations, tail)
    low = math.floor(position)
    high = min(low + 1, observations - 1)
    mass = round(tail * observations, 9)
    whole = min(math.floor(mass), observations - 1)
    return TailPlan(max(high, whole) + 1, low, high, position - low, whole, mass - whole, mass)


def tail_of_rows(rows: Floats, plan: TailPlan) -> tuple[Floats, Floats]:
    """VaR and CVaR of each row of ``rows`` [M, n], both [M]; every value must be finite."""
    return tail_of_ranks(worst_of_rows(rows, plan.depth), plan)


def worst_of_rows(rows: Floats, depth: int) -> Floats:
    """The ``depth`` worst returns of each row of ``rows`` [M, n], the worst first, as columns: [depth, M]."""
    # Adding zero turns -0.0 into 0.0: equal values then have equal bits, in whatever order a sort leaves them.
    tail = rows + 0.0
    tail.partition(depth - 1, axis=-1)
    return np.sort(tail[:, :depth], axis=-1).T


def tail_of_ranks(worst: Floats, plan: TailPlan) -> tuple[Floats, Floats]:
    """VaR and CVaR, both [M], from the worst returns [depth, M] of M windows.

    The even and the odd ranks are added up apart, each from the worst return on, so that each way to compute a window gives the same bits.
    """
    totals = np.zeros((2, worst.shape[1]))
    for rank in range(plan.whole):
        totals[rank % 2] += worst[rank]
    total = totals[0] + totals[1] + plan.part * worst[plan.whole]
    low = worst[plan.low]
    var = 0.0 - (low + (worst[plan.high] - low) * plan.fraction)
    return var, np.maximum(0.0 - total / plan.mass, var)


def tails_of_ranks(worst: Floats, plans: Sequence[TailPlan]) -> tuple[Floats, Floats]:
    """``tail_of_ranks`` with a plan for each of the M windows."""
    _, low, high, fraction, whole, part, mass = np.array(plans).T
    below, above, rest = low.astype(np.int64), high.astype(np.int64), whole.astype(np.int64)
    totals, every = np.zeros((2, worst.shape[1])), np.arange(worst.shape[1])
    for rank in range(int(rest.max())):
        totals[rank % 2] += np.where(rank < rest, worst[rank], 0.0)
    total = totals[0] + totals[1] + part * worst[rest, every]
    least = worst[below, every]
    var = 0.0 - (least + (worst[above, every] - least) * fraction)
    return var, np.maximum(0.0 - total / mass, var)


def historical(returns: Floats, confidence: float, quantile: Quantile = Quantile.LINEAR, *, minimum: int | None = None) -> RiskEstimate:
    """Historical simulation: the empirical quantile of the loss, and the mean of the worst ``a n`` returns.

    Formula: VaR = -q_a(returns) by ``quantile``; CVaR = -(sum of the floor(a n) worst + the fraction left of the next) / (a n), ``a`` = 1 -
    confidence: the fractional-weight tail mean of Rockafellar and Uryasev (2002), the one definition that is coherent and monotone in the
    confidence. Where a quantile lies beyond that mean (``lower``, in small samples) CVaR is the VaR. Source: Jorion, Value at Risk (2007),
    chapter 10. Units: fractions of value, losses positive; a window in which every day gained has a negative VaR, one in which most days
    stand still has VaR 0. Assumes that tomorrow is drawn from this window. Wrong when volatility has just changed, when the window holds no
    bad day, and in thin tails: at 99 % and 252 returns it is the third worst day, with a 90 % interval of about -15 % to +120 %.

    Args:
        returns: float64 [n], simple, oldest first.
        confidence: In (0, 1), for example 0.95.
        quantile: The convention.
        minimum: Fewest observations; by default the smallest sample that reaches the tail, ceil(1 / a).
    """
    method = f"historical {quantile}"
    needed = reaching_minimum(confidence) if minimum is None else max(minimum, 1)
    if fault := fault_of_question(returns, confidence, needed):
        return no_estimate(method, returns.size, fault)
    var, cvar = tail_of_rows(returns.reshape(1, -1), tail_plan(len(returns), confidence, quantile))
    return estimate(float(var[0]), float(cvar[0]), method, len(returns))


def age_weighted(returns: Floats, confidence: float, decay: float = BRW_DECAY) -> RiskEstimate:
    """Historical simulation that trusts the recent past more: weights ``decay ** age``, newest age 0, scaled to sum 1.

    Formula: losses worst first; VaR is the first whose cumulative weight exceeds ``a``; CVaR is the mean of the worst mass ``a``, the last
    loss counted with the weight that is left. Source: Boudoukh, Richardson and Whitelaw, The Best of Both Worlds (Risk, May 1998);
    Hull, Risk Management and Financial Institutions, chapter 13. Fractions of value, losses positive. Assumes that relevance fades at
    one known rate. Wrong when the crisis is old: it forgets it, and jumps when a large loss enters.
    """
    method = f"historical age-weighted {decay:g}"
    if fault := fault_of_question(returns, confidence, reaching_minimum(confidence)):
        return no_estimate(method, returns.size, fault)
    if not 0.5 <= decay < 1.0:
        return no_estimate(method, len(returns), f"the decay is {decay}; it must lie in [0.5, 1), for example {BRW_DECAY}")
    tail = tail_probability(confidence)
    weights = decay ** np.arange(len(returns) - 1, -1, -1.0)
    order = np.argsort(returns, kind="stable")
    losses, mass = -returns[order], weights[order] / weights.sum()
    reached = np.cumsum(mass)
    last = min(int(np.searchsorted(reached, tail, side="right")), len(losses) - 1)
    inside = float(np.dot(mass[:last], losses[:last]))
    left = tail - (float(reached[last - 1]) if last else 0.0)
    return estimate(float(losses[last]), (inside + left * float(losses[last])) / tail, method, len(returns))
