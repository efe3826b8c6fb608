"""What a risk model answers, and what it can be asked: the shared result types and the check of every input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import Floats

#: No return, price or dollar amount is larger; below it no product of four overflows.
LARGEST = 1e30
#: Tails thinner than this are beyond float arithmetic on ``1 - confidence``.
THINNEST_TAIL = 1e-9
#: A standard deviation below this part of the largest value is rounding, not variance.
ROUNDING = 1e-12
#: Longest horizon in days.
LONGEST_HORIZON = 10_000


@dataclass(frozen=True, slots=True)
class RiskEstimate:
    """Value at risk and expected shortfall of one model.

    Attributes:
        var: Loss that is exceeded with probability 1 - confidence; a positive fraction of value (dollars where the function says so),
            negative where even the tail gained; NaN where there is no estimate.
        cvar: Mean loss in that tail (expected shortfall), same unit; never below ``var``.
        method: The model and its conventions.
        observations: Number of returns used.
        note: Why there is no estimate, or what to know about this one; empty when there is nothing to say.
    """

    var: float
    cvar: float
    method: str
    observations: int
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there is an estimate."""
        return not math.isnan(self.var)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, or NaN and the reason why there is none."""

    value: float
    note: str = ""


def no_estimate(method: str, observations: int, note: str) -> RiskEstimate:
    """The typed "I cannot say"."""
    return RiskEstimate(math.nan, math.nan, method, observations, note)


def estimate(var: float, cvar: float, method: str, observations: int, note: str = "") -> RiskEstimate:
    """An estimate whose CVaR is at least its VaR; none where either is not finite."""
    if not (math.isfinite(var) and math.isfinite(cvar)):
        return no_estimate(method, observations, "the result is not finite")
    return RiskEstimate(var, max(cvar, var), method, observations, note)


def tail_probability(confidence: float) -> float:
    """1 - confidence without the noise of the subtraction (1 - 0.95 is 0.05, not 0.050000000000000044); NaN outside (0, 1)."""
    tail = round(1.0 - confidence, 12) if math.isfinite(confidence) else math.nan
    return tail if THINNEST_TAIL <= tail <= 1.0 - THINNEST_TAIL else math.nan


def fault_of(values: Floats, minimum: int, dimensions: int = 1) -> str:
    """Why ``values`` (oldest first along axis 0) cannot be used; empty when they can.

    Asks for ``minimum`` rows and finite values up to 1e30 in size.
    """
    if values.ndim != dimensions:
        return f"an array of {values.ndim} dimensions was given, {dimensions} asked for"
    if len(values) < minimum:
        return f"{len(values)} observations; at least {minimum} are needed"
    usable = np.abs(values) <= LARGEST
    if usable.all():
        return ""
    where = tuple(int(index) for index in np.argwhere(~usable)[0])
    return f"the value at {where[0] if len(where) == 1 else where} is {values[where]}; finite values up to {LARGEST:g} are needed"


def fault_of_question(values: Floats, confidence: float, minimum: int, dimensions: int = 1) -> str:
    """:func:`fault_of`, and the confidence must lie in (0, 1)."""
    if math.isnan(tail_probability(confidence)):
        return f"confidence is {confidence}; it must lie between 0 and 1, for example 0.95"
    return fault_of(values, minimum, dimensions)


def fault_of_horizon(days: int) -> str:
    """Why ``days`` is no horizon; empty when it is one."""
    return "" if 1 <= days <= LONGEST_HORIZON else f"the horizon is {days} days; 1 to {LONGEST_HORIZON} are allowed"


def deviation(values: Floats) -> float:
    """Sample standard deviation (n - 1); exactly 0.0 where the values differ by rounding only. Needs two values."""
    found = float(np.std(values, ddof=1))
    return found if found > ROUNDING * float(np.abs(values).max()) else 0.0
