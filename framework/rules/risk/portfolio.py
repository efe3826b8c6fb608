"""Portfolio VaR from a covariance: total, its parts, and what an order would change. Dollars; losses positive; shorts negative values.

Model: the profit is normal with mean zero and variance v' S v, v the dollar values [N] and S the covariance [N, N] of the returns. Source:
Jorion, Value at Risk (2007), chapter 7. Assumes linear positions and elliptical returns: there the VaR of a sum is never above the sum of
the VaRs. Wrong for options, fat joint tails, and crises, where correlations rise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, ROUNDING, Figure, RiskEstimate, estimate, fault_of, no_estimate, tail_probability
from framework.rules.risk.parametric import normal_tail

if TYPE_CHECKING:
    from framework.domain.market import Floats

METHOD = "covariance normal"


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioRisk:
    """Total and parts of covariance VaR.

    Attributes:
        total: VaR and CVaR of the portfolio, dollars; NaN and a note where there is none.
        marginal: [N] change of VaR for one more dollar of each; NaN for a portfolio that does not vary, where VaR has no slope.
        component: [N] dollars of VaR that each position answers for (Euler: value times marginal); their sum is the VaR. Negative for a
        hedge. incremental: [N] VaR with the position minus VaR with it turned into cash. component_cvar: [N] the same split of CVaR.
    """

    total: RiskEstimate
    marginal: Floats
    component: Floats
    incremental: Floats
    component_cvar: Floats


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Portfolio VaR before and after some trades; ``change`` is after - before, dollars of VaR."""

    before: RiskEstimate
    after: RiskEstimate

    @property
    def change(self) -> float:
        """Dollars of VaR that the trades add; negative when they hedge; NaN when either side is not known."""
        return self.after.var - self.before.var


def fault_of_book(values: Floats, covariance: Floats, confidence: float) -> str:
    """Why the question cannot be answered; empty when it can."""
    if math.isnan(tail_probability(confidence)):
        return f"confidence is {confidence}; it must lie between 0 and 1, for example 0.95"
    if fault := fault_of(values, 0) or fault_of(covariance, 0, 2):
        return fault
    if covariance.shape != (len(values), len(values)):
        return f"{len(values)} values need a covariance of {len(values)} x {len(values)}, not {covariance.shape[0]} x {covariance.shape[1]}"
    return ""


def products(values: Floats, covariance: Floats) -> Floats:
    """Row sums of S v [N], added up in one order on every machine (a BLAS product is not)."""
    return np.asarray((covariance * values).sum(axis=1))


def portfolio_deviation(values: Floats, covariance: Floats) -> float:
    """sqrt(v' S v), dollars; 0.0 within rounding of zero, NaN when v' S v is negative beyond it (S is no covariance)."""
    terms = values * products(values, covariance)
    variance, size = float(terms.sum()), float(np.abs(terms).sum())
    if abs(variance) <= ROUNDING * size:
        return 0.0
    return math.sqrt(variance) if variance > 0.0 else math.nan


def covariance_total(values: Floats, covariance: Floats, confidence: float) -> RiskEstimate:
    """VaR and CVaR of the portfolio: ``z sqrt(v' S v)`` and ``phi(z) / a sqrt(v' S v)`` dollars; a flat book has 0."""
    if fault := fault_of_book(values, covariance, confidence):
        return no_estimate(METHOD, 0, fault)
    spread = portfolio_deviation(values, covariance)
    if math.isnan(spread):
        return no_estimate(METHOD, 0, "the variance of the portfolio is negative: the covariance matrix needs repair (nearest_psd)")
    note = "" if spread > 0.0 else "the portfolio's value does not vary"
    return estimate(*normal_tail(0.0, spread, confidence), METHOD, 0, note)


def covariance_risk(values: Floats, covariance: Floats, confidence: float) -> PortfolioRisk:
    """Total, marginal, component and incremental VaR, in N^2 steps.

    Formula: marginal = z S v / sigma, component = v * marginal, incremental = z (sigma - sqrt(sigma^2 - 2 v_i (S v)_i + v_i^2 S_ii)), sigma
    = sqrt(v' S v).

    Args:
        values: float64 [N], dollars held, shorts negative.
        covariance: float64 [N, N] of one-period simple returns.
        confidence: In (0, 1).
    """
    total = covariance_total(values, covariance, confidence)
    nothing = np.full(values.size, math.nan)
    if not total.known:
        return PortfolioRisk(total, nothing, nothing, nothing, nothing)
    unit_var, unit_cvar = normal_tail(0.0, 1.0, confidence)
    together, spread = products(values, covariance), portfolio_deviation(values, covariance)
    without = spread * spread - 2.0 * values * together + values * values * np.diagonal(covariance)
    incremental = unit_var * (spread - np.sqrt(np.maximum(without, 0.0)))
    if spread == 0.0:
        zero = np.zeros(len(values))
        return PortfolioRisk(total, nothing, zero, incremental, zero)
    slope = together / spread
    return PortfolioRisk(total, unit_var * slope, unit_var * values * slope, incremental, unit_cvar * values * slope)


def what_if(values: Floats, trades: Floats, covariance: Floats, confidence: float) -> WhatIf:
    """VaR of the portfolio before and after ``trades`` [N] (dollars, sells negative, paid from or into cash)."""
    before = covariance_total(values, covariance, confidence)
    if fault := fault_of(trades, 0):
        return WhatIf(before, no_estimate(METHOD, 0, fault))
    if trades.shape != values.shape:
        return WhatIf(before, no_estimate(METHOD, 0, f"{len(trades)} trades for {values.size} values"))
    return WhatIf(before, covariance_total(values + trades, covariance, confidence))


def largest_addition(values: Floats, covariance: Floats, confidence: float, symbol: int, limit: float, sign: int = 1) -> Figure:
    """Most dollars x >= 0 of ``symbol`` (a column; ``sign`` -1 sells) that keep covariance VaR at or below ``limit`` dollars.

    Closed form: the larger root of S_ii x^2 + 2 sign (S v)_i x + sigma^2 - (limit / z)^2 = 0. 0 where VaR is above the limit and no amount
    mends it; where a hedge mends it, x is the far end of the amounts that do.

    Args:
        values: float64 [N], dollars.
        covariance: float64 [N, N].
        confidence: In (0.5, 1): below it VaR falls with size.
        symbol: Column in [0, N).
        limit: Dollars, >= 0.
        sign: +1 to buy, -1 to sell.
    """
    if fault := fault_of_book(values, covariance, confidence) or _fault_of_limit(len(values), confidence, symbol, limit):
        return Figure(math.nan, fault)
    spread = portfolio_deviation(values, covariance)
    own = float(covariance[symbol, symbol])
    if math.isnan(spread) or own < 0.0:
        return Figure(math.nan, "the covariance matrix has a negative variance: repair it (nearest_psd)")
    if own == 0.0:
        return Figure(math.nan, f"column {symbol} does not vary: VaR cannot limit it")
    allowed = limit / normal_tail(0.0, 1.0, confidence)[0]
    slope = sign * float(products(values, covariance)[symbol])
    root = slope * slope - own * (spread - allowed) * (spread + allowed)
    if root < 0.0:
        return Figure(0.0, "VaR is above the limit, and this symbol cannot mend it")
    return Figure(_larger_root(own, slope, (spread - allowed) * (spread + allowed), math.sqrt(root)))


def _fault_of_limit(columns: int, confidence: float, symbol: int, limit: float) -> str:
    if not 0 <= symbol < columns:
        return f"there is no column {symbol} among {columns}"
    if confidence <= 0.5:
        return f"confidence is {confidence}; a limit needs more than 0.5"
    return "" if 0.0 <= limit <= LARGEST else f"the limit is {limit}; 0 to {LARGEST:g} dollars are allowed"


def _larger_root(square: float, half: float, constant: float, root: float) -> float:
    """Larger root of square x^2 + 2 half x + constant, not below 0, without cancellation."""
    if half <= 0.0:
        return max((root - half) / square, 0.0)
    return max(-constant / (half + root), 0.0)
