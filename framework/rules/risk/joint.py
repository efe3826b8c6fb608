"""Portfolio VaR by historical simulation on the joint history: today's holdings through every past day. Dollars; losses positive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, RiskEstimate, estimate, fault_of, fault_of_question, no_estimate
from framework.rules.risk.quantiles import Quantile, TailPlan, historical, reaching_minimum, tail_of_rows, tail_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats

#: Histories in one matrix.
TOGETHER = 64


def simple_sum(values: Floats, var: Floats, cvar: Floats) -> RiskEstimate:
    """Sum of the stand-alone risks: ``sum |value| max(risk, 0)``, dollars; undiversified, hedges ignored.

    An upper bound of portfolio CVaR, and of VaR for elliptical returns (one model, one mean convention). NOT a bound of historical VaR:
    half AAPL, half IBM, 252 days to 2011-08-10, had a joint VaR of 3.87 % at 99 % against a sum of 3.63 %. Show the joint figure beside it.

    Args:
        values: float64 [N], dollars, shorts negative.
        var: float64 [N], VaR of a dollar of each; where a value is 0 it may be NaN.
        cvar: float64 [N], CVaR of a dollar of each.
    """
    method = "simple sum"
    if not values.shape == var.shape == cvar.shape:
        return no_estimate(method, 0, f"{values.shape} values, {var.shape} VaRs and {cvar.shape} CVaRs do not match")
    if fault := fault_of(values, 0):
        return no_estimate(method, 0, fault)
    held = values != 0.0
    risks = np.stack((var, cvar))[:, held]
    if not (np.abs(risks) <= LARGEST).all():
        return no_estimate(method, 0, f"among the held symbols: {fault_of(risks[0], 0) or fault_of(risks[1], 0)}")
    total = (np.abs(values[held]) * np.maximum(risks, 0.0)).sum(axis=1)
    return estimate(total.item(0), total.item(1), method, 0)


def simple_sums(values: Floats, var: Floats, cvar: Floats) -> tuple[Floats, Floats]:
    """VaR and CVaR of ``simple_sum`` at T times at once, bit for bit, float64 [T] each; NaN where there is no answer.

    Args:
        values: float64 [T, N], dollars, shorts negative.
        var: float64 [T, N], VaR of a dollar of each; where a value is 0 it may be NaN.
        cvar: float64 [T, N], CVaR of a dollar of each.
    """
    held, sizes = values != 0.0, np.abs(values)
    known = (sizes <= LARGEST).all(axis=1)
    totals = []
    with np.errstate(all="ignore"):
        for risks in (var, cvar):
            known &= (~held | (np.abs(risks) <= LARGEST)).all(axis=1)
            totals.append(np.where(held, sizes * np.maximum(risks, 0.0), 0.0).sum(axis=1))
    total, shortfall = totals
    known &= np.isfinite(total) & np.isfinite(shortfall)
    return np.where(known, total, np.nan), np.where(known, np.maximum(total, shortfall), np.nan)


def scenario_values(values: Floats, history: Floats) -> tuple[Floats, str]:
    """Profit in dollars [T] of holding ``values`` [N] on each past day, and why there is none.

    Columns that are not held may hold anything. Added up in one order on every machine.
    """
    if fault := fault_of(values, 0):
        return np.empty(0), fault
    if history.ndim != 2 or history.shape[1] != len(values):
        return np.empty(0), f"{len(values)} values need a history [T, {len(values)}], not {list(history.shape)}"
    held = np.flatnonzero(values)
    past = history[:, held]
    if fault := fault_of(past, 1, 2):
        return np.empty(0), f"among the held columns {held.tolist()}: {fault}"
    return np.asarray((past * values[held]).sum(axis=1)), ""


def joint_historical(values: Floats, history: Floats, confidence: float, quantile: Quantile = Quantile.LINEAR) -> RiskEstimate:
    """VaR and CVaR in dollars of today's holdings over the joint history.

    Formula: the historical estimator on ``history @ values``. Source: Hull, Risk Management and Financial Institutions, chapter 13. Keeps
    fat tails, and correlation as it was on bad days. Assumes that today's holdings (not weights, not those of that time) meet past days
    alike. Wrong when volatility has changed; VaR is not subadditive, CVaR is.

    Args:
        values: float64 [N], dollars, shorts negative.
        history: float64 [T, N], simple returns of the same period, oldest first.
        confidence: In (0, 1).
        quantile: The convention.
    """
    method = f"joint historical {quantile}"
    profits, fault = scenario_values(values, history)
    if fault:
        return no_estimate(method, history.shape[0] if history.ndim else 0, fault)
    found = historical(profits, confidence, quantile)
    return RiskEstimate(found.var, found.cvar, method, found.observations, found.note)


def joint_historicals(values: Sequence[Floats], histories: Sequence[Floats], confidence: float) -> tuple[Floats, Floats]:
    """VaR and CVaR of ``joint_historical`` for K holdings, each with its history, bit for bit, float64 [K] each; NaN for no answer."""
    var, cvar = np.full((2, len(values)), np.nan)
    by_length: dict[int, list[tuple[int, Floats]]] = {}
    for number, holding in enumerate(zip(values, histories, strict=True)):
        profits, fault = scenario_values(*holding)
        if not (fault or fault_of_question(profits, confidence, reaching_minimum(confidence))):
            by_length.setdefault(len(profits), []).append((number, profits))
    for length, group in by_length.items():
        plan = tail_plan(length, confidence)
        for block in (group[first : first + TOGETHER] for first in range(0, len(group), TOGETHER)):
            numbers = [number for number, _ in block]
            var[numbers], cvar[numbers] = tail_of_rows(np.stack([profits for _, profits in block]), plan)
    known = np.isfinite(var) & np.isfinite(cvar)
    return np.where(known, var, np.nan), np.where(known, cvar, np.nan)


def tail_weights(profits: Floats, plan: TailPlan) -> Floats:
    """Weights [T] of the days in the Rockafellar-Uryasev mean of ``profits``: 1 / (a T), the last one its fraction; ties oldest first."""
    order = np.argsort(profits, kind="stable")
    weights = np.zeros(len(profits))
    weights[order[: plan.whole]] = 1.0 / plan.mass
    weights[order[plan.whole]] = plan.part / plan.mass
    return weights


def component_shortfall(values: Floats, history: Floats, confidence: float) -> Floats:
    """Dollars of joint historical CVaR that each position answers for, [N]; their sum is the CVaR (Euler; Tasche 1999).

    Formula: minus the mean of each position's own profit over the portfolio's tail days. A mean of few days: noisy, at 99 % of a year of
    three. All NaN where there is no CVaR.
    """
    profits, fault = scenario_values(values, history)
    if fault or fault_of_question(profits, confidence, reaching_minimum(confidence)):
        return np.full(values.size, math.nan)
    return _mean_losses(values, history, tail_weights(profits, tail_plan(len(profits), confidence)))


def component_worst_days(values: Floats, history: Floats, days: int) -> Floats:
    """The same split over the ``days`` worst days of the portfolio, equally weighted, [N] dollars; all NaN where there are not so many."""
    profits, fault = scenario_values(values, history)
    if fault or not 1 <= days <= len(profits):
        return np.full(values.size, math.nan)
    weights = np.zeros(len(profits))
    weights[np.argsort(profits, kind="stable")[:days]] = 1.0 / days
    return _mean_losses(values, history, weights)


def _mean_losses(values: Floats, history: Floats, weights: Floats) -> Floats:
    days = np.flatnonzero(weights)
    tail = np.where(values == 0.0, 0.0, history[days]) * values
    return np.asarray(0.0 - (tail * weights[days, None]).sum(axis=0))
