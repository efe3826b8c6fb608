"""From one day to several: real overlapping periods, or the square root of time under its own name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, RiskEstimate, fault_of_horizon, no_estimate

if TYPE_CHECKING:
    from framework.domain.market import Floats


def compounded(returns: Floats, days: int) -> Floats:
    """Overlapping ``days``-day simple returns: row t is the product of 1 + r over rows t - days + 1 to t, minus 1.

    Same shape as ``returns`` ([T] or [T, N]); NaN in the first ``days - 1`` rows, wherever a factor is not finite, and for a horizon
    outside 1 to 10,000 days. Always multiplied oldest first, never as a running product, so that a value does not depend on what came
    before. Neighbouring periods share days: n of them hold the information of about n / days.
    """
    result = np.full(returns.shape, math.nan)
    if fault_of_horizon(days) or returns.ndim == 0 or len(returns) < days:
        return result
    # Outside these bounds the input is no return, and a product could leave the range of floats.
    sound = np.where(np.abs(returns) <= LARGEST, returns, math.nan)
    if days == 1:
        return sound
    growth, rows = 1.0 + sound, len(returns) - days + 1
    product = growth[:rows].copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for day in range(1, days):
            product *= growth[day : day + rows]
        result[days - 1 :] = np.where(np.abs(product) <= LARGEST, product - 1.0, math.nan)
    return result


def sqrt_time(one_day: RiskEstimate, days: int) -> RiskEstimate:
    """A one-day estimate times sqrt(days): the Basel rule of thumb, not a forecast for that horizon.

    Right only for independent, identically distributed normal returns with zero mean. Mean, autocorrelation, volatility clusters and
    thinning tails all break it (AAPL 2000-2013 at 99 %, ten days: 22.0 % so, 21.4 % from real ten-day periods).
    """
    method = f"{one_day.method} x sqrt({days})"
    if fault := fault_of_horizon(days):
        return no_estimate(method, one_day.observations, fault)
    return replace(one_day, var=one_day.var * math.sqrt(days), cvar=one_day.cvar * math.sqrt(days), method=method)
