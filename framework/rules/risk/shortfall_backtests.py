"""Did expected shortfall hold? Acerbi and Szekely's two statistics, and their critical values by simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, Figure, tail_probability
from framework.rules.risk.student import fault_of_freedom, student_tail

if TYPE_CHECKING:
    from framework.domain.market import Floats

MOST_TAIL_DRAWS = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class NullDistribution:
    """Simulated statistics of a model that is right, one for each history; ``z1`` NaN in a history without violations."""

    z1: Floats
    z2: Floats
    note: str = ""

    def critical_z1(self, significance: float) -> float:
        """Below this Z1 rejects at ``significance`` (one-sided); NaN where there is none."""
        return _quantile(self.z1[~np.isnan(self.z1)], significance)

    def critical_z2(self, significance: float) -> float:
        """Below this Z2 rejects at ``significance`` (one-sided); NaN where there is none."""
        return _quantile(self.z2, significance)


def _quantile(values: Floats, probability: float) -> float:
    return float(np.quantile(values, probability)) if len(values) and 0.0 <= probability <= 1.0 else math.nan


def _tail_ratios(returns: Floats, var: Floats, shortfall: Floats) -> tuple[Floats, int, str]:
    """r_t / ES_t of the violations, the number of forecasts, and why there are none; forecasts are those of the row before."""
    if not returns.shape == var.shape == shortfall.shape or returns.ndim != 1:
        return np.empty(0), 0, f"{returns.shape} returns, {var.shape} VaRs and {shortfall.shape} shortfalls do not match"
    came, made, expected = returns[1:], var[:-1], shortfall[:-1]
    usable = (np.abs(came) <= LARGEST) & (np.abs(made) <= LARGEST) & (expected > 1.0 / LARGEST) & (expected <= LARGEST)
    if not usable.any():
        return np.empty(0), 0, "there is no forecast with a return after it"
    came, made, expected = came[usable], made[usable], expected[usable]
    broken = came < -made
    return came[broken] / expected[broken], len(came), ""


def acerbi_szekely_z1(returns: Floats, var: Floats, shortfall: Floats) -> Figure:
    """Z1 = mean of r_t / ES_t over the violations + 1: 0 when tail losses are as large as forecast, negative when larger.

    Source: Acerbi and Szekely, Backtesting Expected Shortfall (2014), test 1. Judges the size of violations only, not their number. Row t
    of ``var`` and ``shortfall`` [T] (positive fractions) was made with returns up to t. No figure without a violation.
    """
    ratios, _, fault = _tail_ratios(returns, var, shortfall)
    if fault or len(ratios) == 0:
        return Figure(math.nan, fault or "there is no violation")
    return Figure(float(ratios.mean()) + 1.0)


def acerbi_szekely_z2(returns: Floats, var: Floats, shortfall: Floats, confidence: float) -> Figure:
    """Z2 = sum over the violations of r_t / (T a ES_t) + 1: 0 when number and size are as forecast, negative when worse, at most 1.

    Source: Acerbi and Szekely (2014), test 2. At 97.5 % and 250 days it rejects below about -0.70 (5 %) and -1.8 (0.01 %), whatever
    thin-tailed distribution holds; for fat tails simulate. Arguments as in :func:`acerbi_szekely_z1`.
    """
    ratios, observations, fault = _tail_ratios(returns, var, shortfall)
    tail = tail_probability(confidence)
    if fault or math.isnan(tail):
        return Figure(math.nan, fault or f"confidence is {confidence}; it must lie between 0 and 1")
    return Figure(float(ratios.sum()) / (observations * tail) + 1.0)


def simulate_null(
    observations: int,
    confidence: float,
    generator: np.random.Generator,  # noqa: TID251 - passed in, seeded
    *,
    histories: int = 20_000,
    freedom: float = math.inf,
) -> NullDistribution:
    """Z1 and Z2 of ``histories`` simulated histories of ``observations`` forecasts that are exactly right.

    Returns are normal, or t with ``freedom`` in (2.1, 200] degrees; only the tail is drawn: the number of violations is binomial, their
    size uniform in probability. The scale of the returns drops out. At most 50 million tail draws.
    """
    tail = tail_probability(confidence)
    if fault := _fault_of_simulation(observations, tail, histories, freedom):
        return NullDistribution(np.empty(0), np.empty(0), fault)
    counts = generator.binomial(observations, tail, histories)
    # Never 0: its quantile would be infinite.
    places = tail * (1.0 - generator.random(int(counts.sum())))
    ratios = _quantiles(places, freedom) / _shortfall(confidence, freedom)
    ends = np.concatenate(([0], np.cumsum(counts)))
    running = np.concatenate(([0.0], np.cumsum(ratios)))
    sums = running[ends[1:]] - running[ends[:-1]]
    z1 = np.where(counts > 0, sums / np.maximum(counts, 1) + 1.0, math.nan)
    return NullDistribution(z1, sums / (observations * tail) + 1.0)


def _fault_of_simulation(observations: int, tail: float, histories: int, freedom: float) -> str:
    if math.isnan(tail):
        return "the confidence must lie between 0 and 1, for example 0.975"
    if observations < 1 or histories < 1 or observations * tail * histories > MOST_TAIL_DRAWS:
        return f"{histories} histories of {observations} forecasts; both from 1 on, and at most {MOST_TAIL_DRAWS} draws in the tail"
    return "" if math.isinf(freedom) else fault_of_freedom(freedom)


def _quantiles(places: Floats, freedom: float) -> Floats:
    from scipy.special import ndtri, stdtrit

    return np.asarray(ndtri(places) if math.isinf(freedom) else stdtrit(freedom, places), dtype=np.float64)


def _shortfall(confidence: float, freedom: float) -> float:
    if math.isinf(freedom):
        tail = tail_probability(confidence)
        return NormalDist().pdf(NormalDist().inv_cdf(tail)) / tail
    return student_tail(0.0, 1.0, freedom, confidence)[1]
