"""Was the risk forecast right? Each session's VaR against the loss of the session after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.report.dates import session_days
from framework.report.wording import count
from framework.rules.performance import TAIL, kupiec_statistic

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers

#: 95 % point of the chi-squared distribution with one degree of freedom.
CHI_SQUARED_95 = 3.841458820694124


@dataclass(frozen=True, slots=True, eq=False)
class VarCheck:
    """Forecasts and what came of them, one row for each session but the first.

    ``timestamps`` are the sessions' closes (ns UTC). ``forecast`` was made at the close before and ``realized`` is the session's loss,
    both as fractions of equity, losses positive; NaN where there is none.
    """

    timestamps: Integers
    forecast: Floats
    realized: Floats

    @property
    def made(self) -> int:
        """How many forecasts can be judged."""
        return int(np.count_nonzero(np.isfinite(self.forecast)))

    @property
    def violated(self) -> Integers:
        """Rows whose loss was larger than its forecast."""
        return np.flatnonzero(self.realized > self.forecast)

    @property
    def expected(self) -> float:
        """Violations expected of a right 95 % forecast."""
        return TAIL * self.made


def check_var(timestamps: Integers, equity: Floats, forecast: Floats) -> VarCheck:
    """Pair the forecast at each session's last point with the return of the next session.

    The forecast is for one day; within a day it is compared at the close only. Forecasts of 0 or NaN (nothing held, too little history) are
    left out: they cannot be right or wrong.
    """
    days = session_days(timestamps)
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    before, after = last[:-1], last[1:]
    solvent = equity[before] > 0.0
    judged = np.where(solvent & (forecast[before] > 0.0), forecast[before], np.nan)
    growth = np.full(before.size, np.nan)
    np.divide(equity[after], equity[before], out=growth, where=solvent)
    return VarCheck(timestamps[after], judged, 1.0 - growth)


def verdict(check: VarCheck) -> str:
    """The check in one or two sentences."""
    forecasts, seen = check.made, check.violated.size
    if forecasts == 0:
        return "No VaR forecast above zero was made, so there is nothing to check."
    made = f"Of {count(forecasts, 'forecast')}, {seen:,} {'was' if seen == 1 else 'were'} exceeded by the next session's loss"
    said = f"{made}; a right 95% forecast leaves {check.expected:,.1f} (5%)."
    if kupiec_statistic(seen, forecasts) < CHI_SQUARED_95:
        return f"{said} The difference is within what chance allows (Kupiec test, 95% confidence)."
    finding = "more than chance allows: the forecast was too low" if seen > check.expected else "fewer than chance allows: it was too high"
    return f"{said} That is {finding} (Kupiec test, 95% confidence)."
