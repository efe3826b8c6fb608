"""What is written down at every decision time: equity, cash, exposure and the risk forecasts; and what buy and hold would have given."""

from __future__ import annotations

from array import array
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from framework.app.backtest.marking import Held, Stretch, worth
from framework.domain.values import MICRO
from framework.engine.market import session_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.app.backtest.marking import Worth
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.engine.desk import Desk


class Curves:
    """Columns with one entry a decision time; without ``forecasts`` those of risk are NaN where something is held.

    While the run goes on only times and changes of the books are noted. The columns are worked out when they are first looked at.
    """

    def __init__(self, desk: Desk, *, forecasts: bool) -> None:
        self._desk = desk
        self._forecasts = forecasts
        self._book, self._market = desk.book, desk.market
        self._entries = -1
        self._time = array("q")
        self._stretches: list[Stretch] = []

    def note(self, timestamp: int) -> None:
        """Write down the account as it stands after the decision at ``timestamp``."""
        self._time.append(timestamp)
        if self._book.entries != self._entries or self._market.grows:
            self._take_stock()

    def _take_stock(self) -> None:
        """Begin a new stretch, if what happened has changed the books."""
        book, series = self._book, self._desk.market.series
        self._entries = book.entries
        held = tuple(Held(row, quantity, series[row]) for row, quantity in self._desk.valuation.positions())
        if not self._stretches or self._stretches[-1][1:] != (book.cash_micros, book.receivable_micros, held):
            self._stretches.append(Stretch(len(self._time) - 1, book.cash_micros, book.receivable_micros, held))

    def __len__(self) -> int:
        return len(self._time)

    @cached_property
    def _worth(self) -> Worth:
        return self._worked_out(np.empty(0, np.int64), forecasts=False)

    @cached_property
    def _risks(self) -> Worth:
        return self._worked_out(self._joint(), forecasts=True) if self._forecasts else self._worth

    def _worked_out(self, joint: Integers, *, forecasts: bool) -> Worth:
        return worth(self.timestamps, self._stretches, joint, self._desk.market, self._desk.policies.risk, forecasts=forecasts)

    def _joint(self) -> Integers:
        """Numbers of the decisions with a joint forecast: that history moves once a session, and asking at every minute would cost much."""
        at = np.flatnonzero(np.repeat([bool(one.held) for one in self._stretches], self._lengths))
        sessions = session_numbers(self.timestamps[at])
        begins: Integers = at[np.diff(sessions, prepend=sessions[:1] - 1) != 0]
        return begins

    @property
    def _lengths(self) -> Integers:
        """How many decision times each stretch has."""
        return np.diff([one.start for one in self._stretches], append=len(self))

    @cached_property
    def timestamps(self) -> Integers:
        """Decision times, int64 [T] ns UTC."""
        return np.array(self._time, dtype=np.int64)

    @cached_property
    def equity(self) -> Floats:
        """Dollars, float64 [T]."""
        return self._worth.equity / MICRO

    @property
    def cash(self) -> Floats:
        """Dollars, float64 [T]."""
        return np.repeat(np.array([one.cash for one in self._stretches], dtype=np.int64), self._lengths) / MICRO

    @property
    def exposure(self) -> Floats:
        """Sum of |position value| over equity, float64 [T]."""
        return ratio(self._worth.gross / MICRO, self.equity)

    @property
    def var_1d(self) -> Floats:
        """Portfolio VaR forecast at ``[sizing] confidence`` as a fraction of equity, float64 [T]; 0 when flat."""
        return ratio(self._risks.var, self.equity)

    @property
    def cvar_1d(self) -> Floats:
        """The forecast of expected shortfall made with it, float64 [T]."""
        return ratio(self._risks.cvar, self.equity)

    @property
    def joint_var_1d(self) -> Floats:
        """The forecast over the positions' joint history, float64 [T]; 0 when flat, NaN within a session after its first decision."""
        return ratio(self._risks.joint_var, self.equity)

    @property
    def joint_cvar_1d(self) -> Floats:
        """The forecast of expected shortfall made with that, float64 [T]."""
        return ratio(self._risks.joint_cvar, self.equity)


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part`` over ``whole``, NaN where that is not above 0."""
    sound = whole > 0.0
    return part / whole if sound.all() else np.divide(part, whole, out=np.full_like(part, np.nan), where=sound)


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
        if np.array_equal(one.timestamp[start:], timestamps):
            held = worth
        else:
            last = np.searchsorted(one.timestamp[start:], timestamps, side="right") - 1
            held = np.where(last >= 0, worth[np.maximum(last, 0)], part)
        if one.delisting is not None:
            held = np.where(session_numbers(timestamps) >= one.delisting.day, shares * (one.delisting.payout + paid[-1]), held)
        total += held
        one.release()
    return total
