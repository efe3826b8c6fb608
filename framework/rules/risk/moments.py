"""Shape of a sample: skewness and excess kurtosis, as population moments and with the small-sample correction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.rules.risk.estimate import deviation, fault_of

if TYPE_CHECKING:
    from framework.domain.market import Floats


class Moments(NamedTuple):
    """Mean, standard deviation (n - 1), population skewness m3 / m2^1.5 and excess kurtosis m4 / m2^2 - 3; NaN and a note where none."""

    mean: float
    deviation: float
    skewness: float
    excess_kurtosis: float
    note: str = ""


def moments(returns: Floats) -> Moments:
    """The moments of ``returns`` [n], n >= 4, that are not all equal."""
    fault = fault_of(returns, 4)
    spread = 0.0 if fault else deviation(returns)
    if fault or spread == 0.0:
        return Moments(math.nan, math.nan, math.nan, math.nan, fault or "the returns do not vary")
    mean = float(returns.mean())
    # In units of the deviation, so that the fourth power of a tiny or huge value stays a number.
    scaled = (returns - mean) / spread
    second = float(np.mean(scaled * scaled))
    third = float(np.mean(scaled * scaled * scaled))
    fourth = float(np.mean(scaled * scaled * scaled * scaled))
    return Moments(mean, spread, third / second**1.5, fourth / (second * second) - 3.0)


def unbiased_skewness(skewness: float, observations: int) -> float:
    """G1 = g1 sqrt(n (n - 1)) / (n - 2) (Joanes and Gill 1998; pandas, Excel); NaN for n < 3."""
    n = observations
    return skewness * math.sqrt(n * (n - 1)) / (n - 2) if n > 2 else math.nan


def unbiased_excess_kurtosis(excess_kurtosis: float, observations: int) -> float:
    """G2 = (n - 1) ((n + 1) g2 + 6) / ((n - 2) (n - 3)) (Joanes and Gill 1998; pandas, Excel); NaN for n < 4."""
    n = observations
    return (n - 1) * ((n + 1) * excess_kurtosis + 6.0) / ((n - 2) * (n - 3)) if n > 3 else math.nan
