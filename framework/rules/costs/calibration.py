"""From one's own fills back to a slippage model: intercept and impact by non-negative least squares, with bootstrap intervals.

The model is that of ``costs.slippage.Fitted``: slippage = intercept + impact * daily volatility * sqrt(shares / average daily volume), all
fractions of the price the market gave. Neither parameter may be negative (Lawson and Hanson, "Solving Least Squares Problems", 1974).
Intervals are percentiles of the estimate over samples of the fills drawn with replacement (Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993); they assume that fills are independent of one another.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator  # noqa: TID251 - seeded by the caller

    from framework.domain.market import Floats

#: Fills below which nothing is said.
FEWEST = 8


class Interval(NamedTuple):
    """An estimate and the interval it may lie in."""

    value: float
    low: float
    high: float


class Calibration(NamedTuple):
    """Fitted parameters: ``intercept`` a fraction of the price, ``impact`` a coefficient; from ``fills`` fills."""

    intercept: Interval
    impact: Interval
    fills: int


def calibrated(slippage: Floats, impact: Floats, generator: Generator, samples: int = 2_000, level: float = 0.95) -> Calibration | None:
    """Fit ``slippage`` [n] (fractions, a cost is positive) to the square-root ``impact`` [n] of each fill; ``None`` with too few fills.

    Args:
        slippage: What each fill cost beside the price the market gave.
        impact: ``square_root_impact`` of each fill.
        generator: Seeded; draws the bootstrap's samples.
        samples: How many of them.
        level: Of the intervals.
    """
    known = np.isfinite(slippage) & np.isfinite(impact)
    cost, shape = slippage[known], impact[known]
    if len(cost) < FEWEST:
        return None
    drawn = generator.integers(0, len(cost), (samples, len(cost)))
    estimates = np.array([_fit(cost[chosen], shape[chosen]) for chosen in drawn])
    tail = 100.0 * (1.0 - level) / 2.0
    low, high = np.percentile(estimates, [tail, 100.0 - tail], axis=0)
    intercept, coefficient = _fit(cost, shape)
    return Calibration(Interval(intercept, float(low[0]), float(high[0])), Interval(coefficient, float(low[1]), float(high[1])), len(cost))


def _fit(cost: Floats, shape: Floats) -> tuple[float, float]:
    """Intercept and slope, neither negative: of the four corners of the problem the feasible one with the least squares."""
    mean, middle = float(cost.mean()), float(shape.mean())
    spread = float(((shape - middle) ** 2).sum())
    slope = float(((shape - middle) * (cost - mean)).sum()) / spread if spread > 0.0 else 0.0
    intercept = mean - slope * middle
    if slope >= 0.0 and intercept >= 0.0:
        return intercept, slope
    square = float((shape**2).sum())
    corners = [(max(mean, 0.0), 0.0), (0.0, max(float((shape * cost).sum()) / square, 0.0) if square > 0.0 else 0.0)]
    return min(corners, key=lambda one: float(((cost - one[0] - one[1] * shape) ** 2).sum()))


def fill_probability(filled: int, asked: int, level: float = 0.95) -> Interval | None:
    """How likely an order fills when its price is reached: ``filled`` of ``asked``, with Wilson's score interval; ``None`` for none asked.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
    """
    if asked == 0:
        return None
    from scipy.special import ndtri

    z, share = float(ndtri(0.5 + level / 2.0)), filled / asked
    center = (share + z * z / (2 * asked)) / (1 + z * z / asked)
    half = z / (1 + z * z / asked) * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked))
    return Interval(share, max(center - half, 0.0), min(center + half, 1.0))
