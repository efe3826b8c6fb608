"""What is written down at every decision time: equity, cash, exposure and the risk forecasts; and what buy and hold would have given."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.values import MICRO
from framework.engine.market import session_number, session_numbers
from framework.engine.valuation import Risk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import BarSeries, Floats, Integers
    from framework.engine.desk import Desk


NOTHING = Risk(0.0, 0.0)
UNKNOWN = Risk(math.nan, math.nan)


class Curves:
    """Growing columns, one entry a decision time; without ``forecasts`` those of risk are NaN where something is held."""

    def __init__(self, desk: Desk, *, forecasts: bool) -> None:
        self._desk = desk
        self._forecasts = forecasts
        self._time, self._equity, self._cash = array("q"), array("q"), array("q")
        self._gross = array("q")
        self._var, self._cvar, self._joint_var, self._joint_cvar = array("d"), array("d"), array("d"), array("d")
        self._session = -1

    def note(self, timestamp: int) -> None:
        """Write down the account as it stands after the decision at ``timestamp``."""
        valuation, book = self._desk.valuation, self._desk.book
        self._time.append(timestamp)
        self._cash.append(book.cash_micros)
        if valuation.is_flat():
            self._equity.append(book.cash_micros + book.receivable_micros)
            self._gross.append(0)
            self._forecast(NOTHING, NOTHING)
            return
        self._equity.append(valuation.equity())
        self._gross.append(valuation.gross())
        if not self._forecasts:
            self._forecast(UNKNOWN, UNKNOWN)
            return
        # The joint history moves once a session; asking at every minute would cost more than the run.
        session = session_number(timestamp)
        self._forecast(valuation.portfolio_risk(), valuation.joint_risk() if session != self._session else UNKNOWN)
        self._session = session

    def _forecast(self, total: Risk, joint: Risk) -> None:
        self._var.append(total.var)
        self._cvar.append(total.cvar)
        self._joint_var.append(joint.var)
        self._joint_cvar.append(joint.cvar)

    def __len__(self) -> int:
        return len(self._time)

    @property
    def timestamps(self) -> Integers:
        """Decision times, int64 [T] ns UTC."""
        return np.array(self._time, dtype=np.int64)

    @property
    def equity(self) -> Floats:
        """Dollars, float64 [T]."""
        return np.array(self._equity, dtype=np.float64) / MICRO

    @property
    def cash(self) -> Floats:
        """Dollars, float64 [T]."""
        return np.array(self._cash, dtype=np.float64) / MICRO

    @property
    def exposure(self) -> Floats:
        """Sum of |position value| over equity, float64 [T]."""
        return _ratio(np.array(self._gross, dtype=np.float64) / MICRO, self.equity)

    @property
    def var_1d(self) -> Floats:
        """Portfolio VaR forecast at ``[sizing] confidence`` as a fraction of equity, float64 [T]; 0 when flat."""
        return _ratio(np.array(self._var, dtype=np.float64), self.equity)

    @property
    def cvar_1d(self) -> Floats:
        """The forecast of expected shortfall made with it, float64 [T]."""
        return _ratio(np.array(self._cvar, dtype=np.float64), self.equity)

    @property
    def joint_var_1d(self) -> Floats:
        """The forecast over the positions' joint history, float64 [T]; 0 when flat, NaN within a session after its first decision."""
        return _ratio(np.array(self._joint_var, dtype=np.float64), self.equity)

    @property
    def joint_cvar_1d(self) -> Floats:
        """The forecast of expected shortfall made with that, float64 [T]."""
        return _ratio(np.array(self._joint_cvar, dtype=np.float64), self.equity)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0.0)


def buy_and_hold(series: Sequence[BarSeries], timestamps: Integers, cash: float) -> Floats:
    """Dollars, float64 [T], of ``cash`` split evenly, each part invested at its symbol's first open in the run; dividends stay cash."""
    part = cash / len(series)
    total = np.zeros(len(timestamps))
    for one in series:
        start = int(np.searchsorted(one.timestamp, timestamps[0]))
        shares = part / float(one.open[start])
        # A holder from the first open gets no dividend that went ex that morning.
        paid = np.concatenate(([0.0], np.cumsum(one.dividend[start + 1 :])))
        worth = shares * (one.close[start:] + paid)
        last = np.searchsorted(one.timestamp[start:], timestamps, side="right") - 1
        held = np.where(last >= 0, worth[np.maximum(last, 0)], part)
        if one.delisting is not None:
            held = np.where(session_numbers(timestamps) >= one.delisting.day, shares * (one.delisting.payout + paid[-1]), held)
        total += held
    return total
