"""The definitions of expected shortfall that other books and libraries use, each under its own name."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import Figure, fault_of_question, tail_probability
from framework.rules.risk.quantiles import tail_of_rows, tail_plan

if TYPE_CHECKING:
    from framework.domain.market import Floats


class Shortfall(StrEnum):
    """Which mean of the tail of n returns; ``a`` is 1 - confidence. Only the first is coherent and monotone in the confidence.

    ``rockafellar_uryasev``: the worst ``a n`` returns, the last with a fractional weight (skfolio, riskfolio). ``at_or_beyond_var``:
    returns at or below the linear quantile (quantstats). ``beyond_var``: returns strictly below the linear quantile. ``hull``: the
    ceil(a n) - 1 worst, those beyond the k-th worst (Hull, older editions). ``indexed``: the int((n - 1) a) + 1 worst (empyrical).
    ``integrated``: the mean of the linear quantile function over (0, a).
    """

    ROCKAFELLAR_URYASEV = "rockafellar_uryasev"
    AT_OR_BEYOND_VAR = "at_or_beyond_var"
    BEYOND_VAR = "beyond_var"
    HULL = "hull"
    INDEXED = "indexed"
    INTEGRATED = "integrated"


def expected_shortfall(returns: Floats, confidence: float, definition: Shortfall = Shortfall.ROCKAFELLAR_URYASEV) -> Figure:
    """Mean loss in the tail of ``returns`` [n] by ``definition``, a positive fraction; NaN where the tail of that definition is empty.

    For comparing with figures from elsewhere; :func:`framework.rules.risk.quantiles.historical` has the one to decide by.
    """
    if fault := fault_of_question(returns, confidence, 1):
        return Figure(math.nan, fault)
    ordered = np.sort(returns)
    if definition is Shortfall.ROCKAFELLAR_URYASEV:
        plan = tail_plan(len(ordered), confidence)
        worst = float(np.sum(ordered[: plan.whole])) + plan.part * float(ordered[plan.whole])
        return Figure(-worst / plan.mass)
    if definition is Shortfall.INTEGRATED:
        return Figure(_integrated(ordered, tail_probability(confidence)))
    tail = ordered[: _count(ordered, confidence, definition)]
    return Figure(-float(tail.mean())) if len(tail) else Figure(math.nan, f"no return lies in the tail that {definition} means")


def _count(ordered: Floats, confidence: float, definition: Shortfall) -> int:
    """How many of the sorted returns the definition averages."""
    tail, n = tail_probability(confidence), len(ordered)
    if definition is Shortfall.HULL:
        return math.ceil(round(tail * n, 9)) - 1
    if definition is Shortfall.INDEXED:
        return math.floor(round((n - 1) * tail, 9)) + 1
    var, _ = tail_of_rows(ordered.reshape(1, -1), tail_plan(n, confidence))
    inside = ordered <= -var[0] if definition is Shortfall.AT_OR_BEYOND_VAR else ordered < -var[0]
    return int(np.count_nonzero(inside))


def _integrated(ordered: Floats, tail: float) -> float:
    """Exact integral of the piecewise linear quantile function, by trapezoids between its knots."""
    knots = np.linspace(0.0, 1.0, len(ordered)) if len(ordered) > 1 else np.zeros(1)
    inside = knots < tail
    places = np.append(knots[inside], tail)
    heights = np.append(ordered[inside], np.interp(tail, knots, ordered))
    return -float(np.trapezoid(heights, places)) / tail
