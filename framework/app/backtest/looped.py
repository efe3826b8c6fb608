"""A run on the compiled loop, from its columns; orders, fills and events are made objects when somebody looks at them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.backtest.account_notes import day_trading, ended
from framework.app.backtest.booked import Booked, idle_lines, trip_lines, waiting_lines
from framework.app.backtest.compiled_driver import CompiledDriver
from framework.app.backtest.curves import Curves, ratio
from framework.app.backtest.later import Later
from framework.app.backtest.marking import notionals
from framework.app.backtest.standing import cash_of, fills_of, gross_of
from framework.compiled.columns import (
    CANCELED,
    CASH,
    DENIED,
    ENTITLED,
    F_ORDER,
    F_PLACE,
    FEES,
    HELD,
    IDLE,
    O_ROW,
    P_AMOUNT,
    PAID,
    REFUSES,
    SENT,
    SLIPPAGE,
    TARGET,
    TRADED,
    TRIPS_NOW,
)
from framework.compiled.prepare import SPAN
from framework.compiled.said import Writer, decisions_hash
from framework.domain.order import OrderRole
from framework.domain.values import MICRO
from framework.errors import InvariantError
from framework.report.trades import RoundTrips
from framework.rules.account.daytrades import Traded
from framework.runtime.collector import seldom_collected

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.app.assembly.assemble import Simulation
    from framework.compiled.facts import Facts
    from framework.compiled.play import Kernel, Played, Written
    from framework.domain.market import Floats, Integers
    from framework.domain.order import Order

#: How many entries of the journal an event of the loop is; of all other kinds one.
_ENTRIES = ((SENT, 3), (DENIED, 2), (CANCELED, 2))


class Kernels(NamedTuple):
    """The loop, and what adds up round trips."""

    loop: Kernel
    trips: Callable[[Integers, Integers, Integers, int, Integers, Integers], int]


class Looped:
    """What the loop left of a run.

    ``simulate`` makes the parts of an event driver, for forecasts of risk. They hold one another: where they are not made, a run's memory
    is free as soon as its record is.

    Raises:
        InvariantError: The books of the loop are not those that follow from its fills.
    """

    def __init__(self, simulate: Callable[[], Simulation], played: Played, facts: Facts, kernels: Kernels, *, forecasts: bool) -> None:
        self._simulate = simulate
        self._played = played
        self._facts = facts
        self._kernels = kernels
        self._wants_forecasts = forecasts
        self._written = played.written
        self._check()

    def booked(self) -> Booked:
        """Everything, in the shape of any other run."""
        written, prepared, journal = self._written, self._played.prepared, self._writer_of
        equity = self._equity
        kinds = np.bincount(written.events[:, 0], minlength=REFUSES + PAID)
        fills = Later(lambda: journal().journal.fills, len(written.executions))
        orders = Later(lambda: journal().journal.orders, len(written.orders))
        account_events = Later(lambda: journal().journal.account_events, int(kinds[ENTITLED] + kinds[PAID]))
        series = dict(zip(prepared.panel.symbols, prepared.panel.series, strict=True))
        return Booked(
            timestamps=prepared.panel.timestamp[prepared.start :],
            equity=equity,
            cash=lambda: cash_of(self._played) / MICRO,
            exposure=lambda: ratio(gross_of(self._played) / MICRO, equity),
            forecasts=self,
            fills=fills,
            orders=orders,
            trades=RoundTrips(fills, orders, account_events, series, lambda: trip_figures(written, self._kernels)),
            account_events=account_events,
            refusals=Later(lambda: journal().journal.refusals, int(kinds[REFUSES])),
            events=Later(lambda: journal().journal.events, int(kinds.sum() + sum((many - 1) * kinds[kind] for kind, many in _ENTRIES))),
            fees=int(written.account[FEES]),
            slippage=int(written.account[SLIPPAGE]),
            traded=int(written.account[TRADED]),
            decisions_hash=lambda: decisions_hash(self._played, self._facts),
            positions={
                symbol: quantity
                for symbol, quantity in zip(prepared.panel.symbols, written.slots[:, HELD].tolist(), strict=True)
                if quantity
            },
            notes=lambda: tuple(self._notes(tripped=bool(kinds[TRIPS_NOW]))),
        )

    @cached_property
    def _equity(self) -> Floats:
        """Dollars, float64 [T], in the memory that the loop wrote micro-dollars into: those are looked at here and nowhere else."""
        micros = self._written.curve
        dollars = micros.view(np.float64)
        for span in (slice(start, start + SPAN) for start in range(0, len(micros), SPAN)):
            dollars[span] = micros[span] / MICRO
        return dollars

    def _check(self) -> None:
        """The books once more, from the fills alone."""
        written = self._written
        row, signed, price, fees = fills_of(written)
        cash = self._played.cash - int(notionals(signed, price).sum()) - int(fees.sum())
        cash += int(written.payments[:, P_AMOUNT].sum())
        held = np.zeros(len(written.slots), np.int64)
        np.add.at(held, row, signed)
        if cash != written.account[CASH] or not np.array_equal(held, written.slots[:, HELD]):
            raise InvariantError(f"the loop ended with {written.account[CASH]} micro-dollars in cash, its fills with {cash}")

    # --- notes

    def _notes(self, *, tripped: bool) -> list[str]:
        written, panel = self._written, self._played.prepared.panel
        idle, held = written.slots[:, IDLE].tolist(), dict(zip(panel.symbols, written.slots[:, HELD].tolist(), strict=True))
        lines = idle_lines({symbol: bars for symbol, bars in zip(panel.symbols, idle, strict=True) if bars})
        lines += ended(panel.series, int(panel.timestamp[-1]), held.__getitem__)
        if many_in_a_session(self._played):
            lines += day_trading(panel.series, self._traded())
        lines += trip_lines(self._writer.journal.transitions if tripped else ())
        return lines + waiting_lines(int(np.count_nonzero(written.slots[:, TARGET] >= 0)))

    def _traded(self) -> Traded:
        """Fills as the day trading rule sees them."""
        row, signed, _, _ = fills_of(self._written)
        order = np.argsort(row, kind="stable")
        total = np.cumsum(signed[order])
        firsts = np.flatnonzero(np.diff(row[order], prepend=-1))
        start = np.repeat(total[firsts] - signed[order][firsts], np.diff(firsts, append=len(order)))
        after = np.empty_like(signed)
        after[order] = total - start
        return Traded(sessions_at(self._played), row, after - signed, after)

    # --- told as objects

    def explicit_orders(self) -> list[Order]:
        """What became of the orders asked for share for share, in their order; the books of the simulation are brought up to date."""
        _ = self._curves
        return [order for order in self._writer.journal.orders if order.role is OrderRole.EXPLICIT]

    @cached_property
    def _writer(self) -> Writer:
        with seldom_collected():
            return Writer(self._played, self._facts)

    def _writer_of(self) -> Writer:
        return self._writer

    @cached_property
    def _curves(self) -> Curves:
        """The run told to the books, for the forecasts of risk."""
        simulation = self._simulate()
        curves = Curves(simulation.engine.desk, forecasts=self._wants_forecasts)
        with seldom_collected():
            CompiledDriver(simulation, self._played, self._writer).run(curves.note)
        return curves

    @property
    def var_1d(self) -> Floats:
        """As in ``Forecasts``."""
        return self._curves.var_1d

    @property
    def cvar_1d(self) -> Floats:
        """As in ``Forecasts``."""
        return self._curves.cvar_1d

    @property
    def joint_var_1d(self) -> Floats:
        """As in ``Forecasts``."""
        return self._curves.joint_var_1d

    @property
    def joint_cvar_1d(self) -> Floats:
        """As in ``Forecasts``."""
        return self._curves.joint_cvar_1d


def sessions_at(played: Played) -> Integers:
    """The session of each fill, int64."""
    found: Integers = played.prepared.bars.session[played.written.executions[:, F_PLACE]].astype(np.int64)
    return found


def many_in_a_session(played: Played) -> bool:
    """Whether a symbol has two fills in one session: some of them may be a day trade."""
    written = played.written
    rows, sessions = written.orders[written.executions[:, F_ORDER], O_ROW], sessions_at(played)
    pairs = np.sort(sessions * len(written.slots) + rows)
    return bool((pairs[1:] == pairs[:-1]).any())


def trip_figures(written: Written, kernels: Kernels) -> tuple[Floats, Floats] | None:
    """Dollars that each round trip has earned, and R multiples of those that had a stop; ``None`` where one is too large."""
    money, risk = np.empty((2, len(written.executions)), np.int64)
    count = kernels.trips(written.orders, written.executions, written.payments, len(written.slots), money, risk)
    if count < 0:
        return None
    return money[:count] / MICRO, multiples_of(money[:count], risk[:count])


def multiples_of(money: Integers, risk: Integers) -> Floats:
    """R multiples of the round trips that had a stop, from what ``closed_trips`` finds."""
    stopped = np.flatnonzero(risk > 0)
    pairs = zip(money[stopped].tolist(), risk[stopped].tolist(), strict=True)
    # Whole numbers, which need not fit a float, divided once.
    return np.array([earned * MICRO / lost for earned, lost in pairs], dtype=np.float64)
