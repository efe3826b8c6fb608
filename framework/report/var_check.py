"""Was the risk forecast right? Each session's VaR and expected shortfall against the loss of the session after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.report.dates import session_days
from framework.report.wording import count, level
from framework.rules.risk.backtests import kupiec
from framework.rules.risk.estimate import tail_probability

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers
    from framework.report.tear_sheet_data import TearSheetData
    from framework.rules.risk.backtests import Hits

#: Above the sum by less than this part of it is rounding: of a single position both figures are the same.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class VarCheck:
    """Forecasts and what came of them, one row for each session but the first.

    ``timestamps`` are the sessions' closes (ns UTC). ``forecast`` (VaR) and ``shortfall`` (the mean loss beyond it) were made at the close
    before, ``realized`` is the session's loss, all as fractions of equity, losses positive; NaN where there is none. A right forecast is
    exceeded with probability 1 - ``confidence``.
    """

    timestamps: Integers
    forecast: Floats
    shortfall: Floats
    realized: Floats
    confidence: float

    @property
    def tail(self) -> float:
        """Probability with which a right forecast is exceeded."""
        return tail_probability(self.confidence)

    @property
    def made(self) -> int:
        """How many forecasts can be judged."""
        return int(np.count_nonzero(np.isfinite(self.forecast)))

    @property
    def violated(self) -> Integers:
        """Rows whose loss was larger than its forecast."""
        return np.flatnonzero(self.realized > self.forecast)

    @property
    def hits(self) -> Hits:
        """For each forecast that can be judged, in order, whether the loss was larger: bool [made]."""
        judged = np.isfinite(self.forecast)
        return np.asarray(self.realized[judged] > self.forecast[judged])

    @property
    def expected(self) -> float:
        """Violations expected of a right forecast."""
        return self.tail * self.made


@dataclass(frozen=True, slots=True)
class VarComparison:
    """The sum of the positions' VaR (``total``) and the figure over their joint history, where both were forecast.

    Fractions of equity: ``mean`` over the sessions with both, ``last`` at the latest of them (``last_at``, ns UTC). ``above`` counts
    sessions whose joint figure was above the sum. Both are taken at the decision that made the joint one.
    """

    sessions: int
    mean_total: float
    mean_joint: float
    last_total: float
    last_joint: float
    last_at: int
    above: int


@dataclass(frozen=True, slots=True, eq=False)
class VarChecks:
    """Both forecasts of a run against what happened, and against one another; no ``comparison`` where no session has both."""

    total: VarCheck
    joint: VarCheck
    comparison: VarComparison | None


def check_var(timestamps: Integers, equity: Floats, forecast: Floats, shortfall: Floats, confidence: float) -> VarCheck:
    """Pair the forecasts at each session's last point with the return of the next session.

    The forecast is for one day; within a day it is compared at the close only. Forecasts of 0 or NaN (nothing held, too little history) are
    left out: they cannot be right or wrong.
    """
    last = _last_of_sessions(timestamps)
    before, after = last[:-1], last[1:]
    solvent = equity[before] > 0.0
    judged = solvent & (forecast[before] > 0.0)
    var, beyond = (np.where(judged, one[before], np.nan) for one in (forecast, shortfall))
    growth = np.full(before.size, np.nan)
    np.divide(equity[after], equity[before], out=growth, where=solvent)
    return VarCheck(timestamps[after], var, beyond, 1.0 - growth, confidence)


def check_both(data: TearSheetData) -> VarChecks:
    """Judge the sum of the positions' VaR and the joint figure of a run."""
    joint_var, joint_cvar = (latest_of_session(data.timestamps, one) for one in (data.joint_var_1d, data.joint_cvar_1d))
    return VarChecks(
        check_var(data.timestamps, data.equity, data.var_1d, data.cvar_1d, data.confidence),
        check_var(data.timestamps, data.equity, joint_var, joint_cvar, data.confidence),
        compare(data.timestamps, data.var_1d, data.joint_var_1d),
    )


def _last_of_sessions(timestamps: Integers) -> Integers:
    days = session_days(timestamps)
    return np.flatnonzero(np.append(days[1:] != days[:-1], True))[: timestamps.size]


def latest_of_session(timestamps: Integers, figures: Floats) -> Floats:
    """Each point's latest known figure of its own session, NaN before the first: the joint figure is made once a session."""
    last = _last_of_sessions(timestamps)
    starts = np.repeat(np.append(0, last[:-1] + 1)[: last.size], np.diff(last, prepend=-1))
    known = np.maximum.accumulate(np.where(np.isfinite(figures), np.arange(figures.size), -1))
    return np.where(known >= starts, figures[known], np.nan)


def compare(timestamps: Integers, total: Floats, joint: Floats) -> VarComparison | None:
    """The two forecasts side by side where both were made and something was held; ``None`` where that never was.

    The joint figure is made once a session, so that this is at most one decision of each.
    """
    both = np.flatnonzero((total > 0.0) & np.isfinite(joint))
    if both.size == 0:
        return None
    return VarComparison(
        sessions=both.size,
        mean_total=float(total[both].mean()),
        mean_joint=float(joint[both].mean()),
        last_total=float(total[both[-1]]),
        last_joint=float(joint[both[-1]]),
        last_at=int(timestamps[both[-1]]),
        above=int(np.count_nonzero(joint[both] > total[both] * (1.0 + _ROUNDING))),
    )


def verdict(check: VarCheck) -> str:
    """The check in one or two sentences."""
    forecasts, seen = check.made, check.violated.size
    if forecasts == 0:
        return "No VaR forecast above zero was made, so there is nothing to check."
    made = f"Of {count(forecasts, 'forecast')}, {seen:,} {'was' if seen == 1 else 'were'} exceeded by the next session's loss"
    said = f"{made}; a right {level(check.confidence)} forecast leaves {check.expected:,.1f} ({level(check.tail)})."
    if not kupiec(seen, forecasts, check.tail).rejected():
        return f"{said} The difference is within what chance allows (Kupiec test, 95% confidence)."
    finding = "more than chance allows: the forecast was too low" if seen > check.expected else "fewer than chance allows: it was too high"
    return f"{said} That is {finding} (Kupiec test, 95% confidence)."
