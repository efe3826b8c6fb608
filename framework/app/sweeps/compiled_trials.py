"""Trials of a sweep on the compiled loop: what all of them share is worked out once, and no order is ever made an object."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from framework.app.assembly.assemble import backtest, fill_model
from framework.app.assembly.resolved import config_hasher
from framework.app.assembly.venues import venue_of
from framework.app.backtest.booked import finding_lines, waiting_lines
from framework.app.backtest.compiling import LARGE, NAME, objections, prepared_for
from framework.app.backtest.curves import ratio
from framework.app.backtest.looped import Kernels, many_in_a_session, trip_figures
from framework.app.backtest.standing import gross_of
from framework.app.sweeps.cells import cell
from framework.compiled.columns import FEES, IDLE, LIMIT, P_AMOUNT, R_CODE, SLIPPAGE, TARGET, TRADED
from framework.compiled.envelope import terms_of
from framework.compiled.facts import Facts
from framework.compiled.play import play
from framework.compiled.said import decisions_hash
from framework.domain.values import MICRO, to_micros
from framework.engine.strategy import SignalStrategy, Strategy, bind_as, parameters_of
from framework.report.dates import session_days
from framework.report.summary import curve_figures, trade_figures
from framework.rules import performance
from framework.rules.sizing.numbers import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data import Dataset
    from framework.compiled.play import Played
    from framework.compiled.prepare import Wished
    from framework.domain.market import Floats
    from framework.research.trial import Metrics
    from framework.runtime.clock import Stopwatch
    from framework.runtime.config import Config


class CompiledTrials:
    """Runs strategies of one config over bars that are loaded already.

    ``strategy`` is one of them, of which the loop knows everything but its signals.

    Attributes:
        days: Session of each decision, days since 1970.
    """

    def __init__(self, config: Config, strategy: Strategy, dataset: Dataset, kernels: Kernels) -> None:
        simulation = backtest(config, strategy, dataset)
        policies, venue = simulation.engine.desk.policies, venue_of(config)
        self._kernels = kernels
        self._kind, self._kinds = type(strategy), parameters_of(type(strategy))
        self._hash = config_hasher(config)
        self._sizing = policies.sizing
        self._cash = config.account.cash
        self._prepared = prepared_for(config, dataset, simulation)
        self._terms = terms_of(to_micros(self._cash), len(simulation.market.symbols), policies, venue, fill_model(config, dataset.finer))
        self._facts = Facts(type(strategy).__name__, policies, venue)
        self.days = session_days(self._prepared.panel.timestamp[self._prepared.start :])
        self._bars = int(np.count_nonzero(~np.isnan(self._prepared.panel.close[self._prepared.start :])))
        self._findings = finding_lines(dataset)
        self._warnings = cell(self._findings)
        ends = {int(one.timestamp[-1]) for one in simulation.market.adjusted}
        self._ends_together = len(ends) == 1

    def wished(self, params: Mapping[str, object]) -> Wished:
        """What the strategy asks for with ``params``; raises what it raises, and ``StrategyError`` where that cannot be meant."""
        signals = self._made(params).signals(self._prepared.panel)  # type: ignore[attr-defined]
        return self._prepared.wished(signals, self._facts.strategy, self._sizing)

    def figures(self, params: Mapping[str, object], wished: Wished, watch: Stopwatch) -> tuple[Metrics, Floats] | None:
        """Fields of the summary as a table holds them, and equity in dollars; ``None`` where an event driver has to play, or to tell."""
        played = play(self._prepared, self._terms, wished, self._kernels.loop)
        trips = None if played.left or not self._is_plain(played) else trip_figures(played.written, self._kernels)
        if trips is None:
            return None
        equity = played.written.curve / MICRO
        return {**self._of_curve(played, equity, trips), **self._of_run(params, played, watch)}, equity

    def _made(self, params: Mapping[str, object]) -> Strategy:
        """A strategy with ``params``; what its parameters are called is looked up once, unless it is made in its own way."""
        kind = self._kind
        if kind.__init__ is not Strategy.__init__ or kind.__new__ is not object.__new__:
            return kind(**params)
        made = object.__new__(kind)
        bind_as(made, self._kinds, params)
        return made

    def play_nothing(self) -> None:
        """A trial without an opinion: what has to be compiled is compiled."""
        nothing = np.full(self._prepared.panel.close.shape, np.nan)
        wished = self._prepared.wished(nothing, self._facts.strategy, self._sizing)
        trip_figures(play(self._prepared, self._terms, wished, self._kernels.loop).written, self._kernels)

    def _is_plain(self, played: Played) -> bool:
        """Whether nothing has happened that takes more words than there are columns for."""
        written = played.written
        if not self._ends_together or written.slots[:, IDLE].any() or (written.refusals[:, R_CODE] >= LIMIT).any():
            return False
        return not many_in_a_session(played)

    def _of_curve(self, played: Played, equity: Floats, trips: tuple[Floats, Floats]) -> Metrics:
        exposure = ratio(gross_of(played) / MICRO, equity)
        finite = np.isfinite(exposure)
        traded = int(played.written.account[TRADED]) / MICRO
        return {
            **curve_figures(self.days, equity, self._cash),
            **trade_figures(*trips),
            "exposure": performance.average(exposure if finite.all() else exposure[finite]),
            "turnover": performance.annual_turnover(traded, equity, self.days),
            "fees": int(played.written.account[FEES]) / MICRO,
            "slippage_cost": int(played.written.account[SLIPPAGE]) / MICRO,
        }

    def _of_run(self, params: Mapping[str, object], played: Played, watch: Stopwatch) -> Metrics:
        codes = Counter(CODES[code] for code in played.written.refusals[:, R_CODE].tolist())
        waiting = int(np.count_nonzero(played.written.slots[:, TARGET] >= 0))
        return {
            "engine": NAME,
            "bars": self._bars,
            "interest": 0.0,
            "dividends": sum(played.written.payments[:, P_AMOUNT].tolist()) / MICRO,
            "refusals": cell(dict(sorted(codes.items()))),
            "warnings": cell([*self._findings, *waiting_lines(waiting)]) if waiting else self._warnings,
            "decisions_hash": decisions_hash(played, self._facts),
            "config_hash": self._hash(params),
            "elapsed_seconds": round(watch.seconds, 3),
        }


def warmed(config: Config, strategy: Strategy, dataset: Dataset, trials: int) -> bool:
    """Whether the loop plays ``trials``; where they are worth it, it is compiled before they are shared out among processes."""
    name = config.engine.name
    worth = trials * sum(len(one) for one in dataset.series.values()) >= LARGE
    if name not in {"auto", NAME} or not isinstance(strategy, SignalStrategy):
        return False
    if objections(config, strategy, dataset, backtest(config, strategy, dataset)):
        return False
    from framework.compiled.jit import KERNEL, TRIPS, is_warm

    if not is_warm() and (worth or name == NAME):
        CompiledTrials(config, strategy, dataset, Kernels(KERNEL, TRIPS)).play_nothing()
    return is_warm()


def trials_of(config: Config, strategy: Strategy, dataset: Dataset) -> CompiledTrials | None:
    """The trials of ``config`` on the loop, where it can play them and has been compiled."""
    if config.engine.name not in {"auto", NAME} or not isinstance(strategy, SignalStrategy):
        return None
    if objections(config, strategy, dataset, backtest(config, strategy, dataset)):
        return None
    from framework.compiled.jit import KERNEL, TRIPS, is_warm

    return CompiledTrials(config, strategy, dataset, Kernels(KERNEL, TRIPS)) if is_warm() or config.engine.name == NAME else None
