"""Trials of a sweep on the compiled loop: what all of them share is worked out once, and no order is ever made an object."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.assembly.assemble import backtest, fill_model
from framework.app.assembly.resolved import config_hasher
from framework.app.assembly.venues import venue_of
from framework.app.backtest.booked import finding_lines, waiting_lines
from framework.app.backtest.compiling import LARGE, NAME, objections, prepared_for
from framework.app.sweeps.cells import cell
from framework.app.sweeps.sums import Sums
from framework.compiled.changes import Changes
from framework.compiled.columns import P_AMOUNT, R_CODE
from framework.compiled.envelope import terms_of
from framework.compiled.facts import Facts
from framework.compiled.play import Player
from framework.compiled.said import decisions_hash
from framework.domain.values import MICRO, to_micros
from framework.engine.panel import issued
from framework.engine.strategy import SignalStrategy, Strategy, bind_as, parameters_of
from framework.report.dates import session_days
from framework.rules.sizing.numbers import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from data import Dataset
    from framework.compiled.play import Kernel, Played
    from framework.compiled.prepare import Wished
    from framework.domain.market import Floats
    from framework.research.trial import Metrics
    from framework.runtime.clock import Stopwatch
    from framework.runtime.config import Config


#: Symbols whose risk is worked out at once for all trials, 2 ms each; of more only what is asked for.
FEW = 20


class Kernels(NamedTuple):
    """The loop, what finds the changes of signals, and what adds up the figures of a run."""

    loop: Kernel
    changes: Callable[..., int]
    figures: Callable[..., int]


class CompiledTrials:
    """Runs strategies of one config over bars that are loaded already.

    ``strategy`` is one of them, of which the loop knows everything but its signals.

    Attributes:
        days: Session of each decision, days since 1970.
    """

    def __init__(self, config: Config, strategy: Strategy, dataset: Dataset, kernels: Kernels) -> None:
        simulation = backtest(config, strategy, dataset)
        policies, venue = simulation.engine.desk.policies, venue_of(config)
        self._kind, self._kinds = type(strategy), parameters_of(type(strategy))
        self._hash = config_hasher(config)
        self._sizing = policies.sizing
        self._cash = config.account.cash
        self._prepared = prepared_for(config, dataset, simulation)
        terms = terms_of(to_micros(self._cash), len(simulation.market.symbols), policies, venue, fill_model(config, dataset.finer))
        self._player = Player(self._prepared, terms, kernels.loop)
        self._facts = Facts(type(strategy).__name__, policies, venue)
        if len(self._prepared.panel.symbols) <= FEW:
            self._prepared.know_all()
        self.days = session_days(self._prepared.panel.timestamp[self._prepared.start :])
        self._changes = Changes(self._prepared, kernels.changes)
        self._sums = Sums(self._prepared, self.days, self._cash, kernels.figures)
        self._bars = int(np.count_nonzero(~np.isnan(self._prepared.panel.close[self._prepared.start :])))
        self._findings = finding_lines(dataset)
        self._warnings = cell(self._findings)

    def wished(self, params: Mapping[str, object]) -> Wished:
        """What the strategy asks for with ``params``; raises what it raises, and ``StrategyError`` where that cannot be meant."""
        return self._wished(self._made(params).signals(self._prepared.panel))  # type: ignore[attr-defined]

    def _wished(self, signals: object) -> Wished:
        prepared = self._prepared
        found = self._changes.of(signals) or issued(signals, prepared.panel, prepared.first, self._facts.strategy)
        return prepared.asked(found, np.zeros(len(found.place), np.int64), self._sizing)

    def figures(self, params: Mapping[str, object], wished: Wished, watch: Stopwatch) -> tuple[Metrics, Floats] | None:
        """Fields of the summary as a table holds them, and equity in dollars; ``None`` where an event driver has to play, or to tell.

        The equity is that of this trial until the next.
        """
        played = self._player.play(wished)
        told = None if played.left else self._sums.of(played)
        if told is None:
            return None
        return {**told.metrics, **self._of_run(params, played, told.waiting, watch)}, told.equity

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
        self._sums.of(self._player.play(self._wished(np.full(self._prepared.panel.close.shape, np.nan))))

    def _of_run(self, params: Mapping[str, object], played: Played, waiting: int, watch: Stopwatch) -> Metrics:
        codes = Counter(CODES[code] for code in played.written.refusals[:, R_CODE].tolist())
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


def kernels() -> Kernels:
    """The machine code."""
    from framework.compiled.jit import KERNEL
    from framework.compiled.jit_trials import CHANGES, FIGURES

    return Kernels(KERNEL, CHANGES, FIGURES)


def warmed(config: Config, strategy: Strategy, dataset: Dataset, trials: int) -> bool:
    """Whether the loop plays ``trials``; where they are worth it, it is compiled before they are shared out among processes."""
    name = config.engine.name
    worth = trials * sum(len(one) for one in dataset.series.values()) >= LARGE
    if name not in {"auto", NAME} or not isinstance(strategy, SignalStrategy):
        return False
    if objections(config, strategy, dataset, backtest(config, strategy, dataset)):
        return False
    from framework.compiled.jit_trials import is_warm

    if not is_warm() and (worth or name == NAME):
        CompiledTrials(config, strategy, dataset, kernels()).play_nothing()
    return is_warm()


def trials_of(config: Config, strategy: Strategy, dataset: Dataset) -> CompiledTrials | None:
    """The trials of ``config`` on the loop, where it can play them and has been compiled."""
    if config.engine.name not in {"auto", NAME} or not isinstance(strategy, SignalStrategy):
        return None
    if objections(config, strategy, dataset, backtest(config, strategy, dataset)):
        return None
    from framework.compiled.jit_trials import is_warm

    return CompiledTrials(config, strategy, dataset, kernels()) if is_warm() or config.engine.name == NAME else None
