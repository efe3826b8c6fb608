"""How much may one symbol lose in a day? Value at risk from a window of past returns.

Losses are positive, as fractions of value: 0.03 says that a loss above 3 % is expected on (1 - confidence) of days.
Returns are simple daily total returns (dividends included), oldest first, ending at the last completed session.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import Floats

HISTORICAL = "historical"
PARAMETRIC = "parametric"


def historical_var(returns: Floats, confidence: float) -> float:
    """Empirical quantile of the loss, linear between order statistics (Hyndman and Fan 1996, type 7).

    Assumes that the window is representative; with n returns it sees no further than the n-th part of the tail and
    under-covers for small n (about 1.4 % instead of 1 % at n = 252). Negative where every day of the tail gained.

    Args:
        returns: float64 [n], n >= 1, no NaN.
        confidence: In (0, 1), for example 0.95.
    """
    rank = (len(returns) - 1) * (1.0 - confidence)
    below = math.floor(rank)
    above = min(below + 1, len(returns) - 1)
    ordered = np.partition(returns, (below, above))
    lower, upper = float(ordered[below]), float(ordered[above])
    return -(lower + (upper - lower) * (rank - below))


def parametric_var(returns: Floats, confidence: float) -> float:
    """Normal loss quantile around a mean of zero: ``z * s``, ``s`` the standard deviation with n - 1.

    The mean of a day is noise beside its deviation, so it is taken as zero (RiskMetrics 1996). Wrong when tails are fat
    (too low at 99 %) or volatility has just changed.

    Args:
        returns: float64 [n], n >= 2, no NaN.
        confidence: In (0, 1).
    """
    return NormalDist().inv_cdf(confidence) * float(np.std(returns, ddof=1))


def symbol_var(returns: Floats, method: str, confidence: float, minimum: int) -> float:
    """One-day VaR of a symbol, or NaN where there is no answer (fewer than ``minimum`` returns, or one that is not finite).

    A ``historical`` window between ``minimum`` and the smallest sample that reaches its quantile is answered by the normal estimate.
    """
    if len(returns) < max(minimum, 2) or not np.isfinite(returns).all():
        return math.nan
    # 10 * (1 - 0.9) is a hair below 1 in floats.
    reaches_tail = round(len(returns) * (1.0 - confidence), 9) >= 1.0
    if method == HISTORICAL and reaches_tail:
        return historical_var(returns, confidence)
    return parametric_var(returns, confidence)
