"""The figures of a trial from the sums of its columns: those of ``report.summary``, to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.backtest.looped import multiples_of
from framework.compiled.columns import FEES, SLIPPAGE, TRADED
from framework.compiled.figures import FOUND, TELLING
from framework.domain.values import MICRO
from framework.rules import performance

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.compiled.play import Played
    from framework.compiled.prepare import Prepared
    from framework.domain.market import Floats, Integers
    from framework.research.trial import Metrics


class Told(NamedTuple):
    """What came of a run: its figures, equity in dollars [T], and how many orders nobody has filled."""

    metrics: Metrics
    equity: Floats
    waiting: int


class Sums:
    """Adds up runs over the bars of ``prepared``, one after the other, with ``add_up``, which is ``run_figures``, compiled or as it is."""

    def __init__(self, prepared: Prepared, days: Integers, cash: float, add_up: Callable[..., int]) -> None:
        self._prepared, self._days, self._cash, self._add_up = prepared, days, cash, add_up
        self._ends_together = len({int(one.timestamp[-1]) for one in prepared.panel.series}) == 1
        self._closes = np.stack([prepared.last_closes(row) for row in range(len(prepared.panel.symbols))])
        self._scratch, self._gross = np.empty((3, len(days))), np.empty(len(days), np.int64)
        self._trips, self._found = np.empty((2, 0), np.int64), np.empty(FOUND)

    def of(self, played: Played) -> Told | None:
        """The figures of ``played``; ``None`` where something happened that takes more words."""
        written, days = played.written, self._days
        if len(written.executions) > self._trips.shape[1]:
            self._trips = np.empty((2, 2 * len(written.executions)), np.int64)
        found, trips = self._found, self._trips
        told = self._add_up(
            days,
            self._cash,
            self._closes,
            self._prepared.bars.session,
            written.orders,
            written.executions,
            written.refusals,
            written.payments,
            written.curve,
            written.slots,
            self._prepared.start,
            self._scratch,
            self._gross,
            trips,
            found,
        )
        if told != TELLING or not self._ends_together:
            return None
        sessions, growth, mean, deviation, downside, deepest, longest, _, total, exposure, exposed, *of_trips, waiting = found.tolist()
        count, ended, returns, equity = len(days), int(of_trips[0]), self._scratch[0], self._scratch[1]
        fees, slippage, traded = (int(written.account[field]) / MICRO for field in (FEES, SLIPPAGE, TRADED))
        rate, drawdown = performance.annual_growth(growth, int(sessions)), performance.figure(deepest - 1.0) if count > 1 else None
        var, cvar = performance.tail_losses(returns[: int(sessions)])
        final = float(equity[-1])
        metrics = {
            "final_equity": final,
            "total_return": performance.figure(final / self._cash - 1.0),
            "cagr": rate,
            "volatility": performance.annual_risk(deviation) if sessions > 1 else None,
            "sharpe": performance.annual_ratio(mean, deviation) if sessions > 1 else None,
            "sortino": performance.annual_ratio(mean, downside) if sessions > 1 else None,
            "calmar": performance.calmar(rate, drawdown),
            "max_drawdown": drawdown,
            "max_drawdown_days": int(longest) if count > 1 else None,
            "var_95_1d": var,
            "cvar_95_1d": cvar,
            **_of_trips(ended, *of_trips[1:]),
            "average_r": performance.average(multiples_of(trips[0, :ended], trips[1, :ended])),
            "exposure": performance.figure(exposure / exposed) if exposed else None,
            "turnover": performance.turnover_over(traded, total / count, int(days[-1] - days[0])),
            "fees": fees,
            "slippage_cost": slippage,
        }
        return Told(metrics, equity, int(waiting))


def _of_trips(ended: int, won: float, gains: float, losses: float, earned: float) -> Metrics:
    return {
        "trades": ended,
        "win_rate": performance.figure(won / ended) if ended else None,
        "profit_factor": performance.figure(gains / -losses) if losses < 0.0 else None,
        "expectancy": performance.figure(earned / ended) if ended else None,
    }
