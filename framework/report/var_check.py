"""Was the risk forecast right? Each session's VaR against the loss of the session after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.report.dates import session_days
from framework.report.wording import count
from framework.rules.performance import TAIL, kupiec_statistic, period_closes

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers

#: 95 % point of the chi-squared distribution with one degree of freedom.
CHI_SQUARED_95 = 3.841458820694124


@dataclass(frozen=True, slots=True, eq=False)
class VarCheck:
    """Forecasts and what came of them, one row for each session that a forecast above zero was made for.

    ``timestamps`` are the closes of the sessions the losses were made in (ns UTC); ``forecast`` and ``realized`` are fractions of
    equity, a loss positive.
    """

    timestamps: Integers
    forecast: Floats
    realized: Floats

    @property
    def violated(self) -> Integers:
        """Rows whose loss was larger than its forecast."""
        return np.flatnonzero(self.realized > self.forecast)

    @property
    def expected(self) -> float:
        """Violations expected of a right 95 % forecast."""
        return TAIL * self.forecast.size


def check_var(timestamps: Integers, equity: Floats, forecast: Floats) -> VarCheck:
    """Pair the forecast at each session's last point with the return of the next session.

    The forecast is for one day; within a day it is compared at the close only. Forecasts of 0 or NaN (nothing held, too little history) are
    left out: they cannot be right or wrong.
    """
    days = session_days(timestamps)
    closes, made = period_closes(days, equity), period_closes(days, forecast)
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    known = np.flatnonzero((made[:-1] > 0.0) & (closes[:-1] > 0.0))
    return VarCheck(timestamps[last[known + 1]], made[known], 1.0 - closes[known + 1] / closes[known])


def verdict(check: VarCheck) -> str:
    """The check in one or two sentences."""
    forecasts, seen = check.forecast.size, check.violated.size
    if forecasts == 0:
        return "No VaR forecast above zero was made, so there is nothing to check."
    made = f"Of {count(forecasts, 'forecast')}, {seen:,} {'was' if seen == 1 else 'were'} exceeded by the next session's loss"
    said = f"{made}; a right 95% forecast leaves {check.expected:,.1f} (5%)."
    if kupiec_statistic(seen, forecasts) < CHI_SQUARED_95:
        return f"{said} The difference is within what chance allows (Kupiec test, 95% confidence)."
    finding = "more than chance allows: the forecast was too low" if seen > check.expected else "fewer than chance allows: it was too high"
    return f"{said} That is {finding} (Kupiec test, 95% confidence)."
