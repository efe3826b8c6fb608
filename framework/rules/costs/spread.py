"""How wide was the market? An estimate of the bid-ask spread from daily highs, lows and closes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import Floats

_K = 3.0 - 2.0 * math.sqrt(2.0)


def corwin_schultz(high: Floats, low: Floats, close: Floats) -> float:
    """The mean spread over the sessions as a fraction of the price; NaN for fewer than two sessions.

    Corwin and Schultz, "A Simple Way to Estimate Bid-Ask Spreads from Daily High and Low Prices", Journal of Finance 67 (2012), 719-760:
    a range of two days grows with the variance of both, but has the spread in it once. From each pair of days, with ln(H/L):

        beta = sum of the squared daily ranges, gamma = the squared range of both days together
        alpha = (sqrt(2 beta) - sqrt(beta)) / (3 - 2 sqrt 2) - sqrt(gamma / (3 - 2 sqrt 2))
        spread = 2 (e^alpha - 1) / (1 + e^alpha)

    As the paper does, a day that lies wholly above (below) the close before it is moved down (up) by the gap, and a negative estimate of a
    pair counts as 0. It assumes a continuous market; a wide spread is estimated well, one of a few basis points is mostly noise, upwards.

    Args:
        high: Highest price of each session, float64 [T], dollars above 0; all sessions in the same shares, oldest first.
        low: Lowest price.
        close: Last price.
    """
    if len(high) < 2:
        return math.nan
    before = close[:-1]
    gap = np.maximum(low[1:] - before, 0.0) + np.minimum(high[1:] - before, 0.0)
    high_2, low_2 = high[1:] - gap, low[1:] - gap
    beta = np.log(high[:-1] / low[:-1]) ** 2 + np.log(high_2 / low_2) ** 2
    gamma = np.log(np.maximum(high[:-1], high_2) / np.minimum(low[:-1], low_2)) ** 2
    alpha = (math.sqrt(2.0) - 1.0) * np.sqrt(beta) / _K - np.sqrt(gamma / _K)
    # 2 (e^a - 1) / (1 + e^a) is 2 tanh(a / 2).
    return float(np.maximum(2.0 * np.tanh(alpha / 2.0), 0.0).mean())
