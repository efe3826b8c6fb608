"""A trial of a sweep: the run that ``onetape backtest`` would make with these parameters, over bars that are loaded already."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import play
from framework.app.sweeps.cells import cell
from framework.errors import OnetapeError, words_of
from framework.report.dates import session_days
from framework.report.summary import SUMMARY_FIELDS, summarize
from framework.research.trial import Outcome
from framework.rules.performance import daily_returns, wealth
from framework.runtime.clock import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from data import Dataset
    from framework.app.sweeps.compiled_trials import CompiledTrials
    from framework.domain.market import Floats, Integers
    from framework.domain.record import RunRecord
    from framework.engine.strategy import Strategy
    from framework.research.trial import Metrics, Params, Trial
    from framework.runtime.config import Config

#: Fields of a summary that all trials of a sweep share.
_SHARED = frozenset("run_id mode strategy params symbols start end initial_cash trials inputs_hash version".split())
_TEXTS = frozenset("engine refusals warnings decisions_hash config_hash".split())
_COUNTS = frozenset("bars trades max_drawdown_days".split())
#: Every metric of a trial and its type: the fields of its summary; refusals and warnings are JSON.
METRICS = MappingProxyType(
    {name: str if name in _TEXTS else int if name in _COUNTS else float for name in SUMMARY_FIELDS if name not in _SHARED}
)
#: The metric that holds a trial's daily returns.
RETURNS = "daily_returns"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a worker needs to run trials of ``config`` over ``dataset``; the strategy's module is looked for in ``beside`` first.

    With ``keeps_returns`` a trial has its daily returns too, as text (``returns_text``).
    """

    config: Config
    beside: Path
    dataset: Dataset
    keeps_returns: bool = False

    @property
    def metrics(self) -> Mapping[str, type]:
        """Every metric of its trials and its type."""
        return {**METRICS, RETURNS: str} if self.keeps_returns else METRICS

    def __call__(self) -> Evaluator:
        """An evaluator in this process."""
        return Evaluator(self)


class Evaluator:
    """Runs trials one after the other."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._looked = False
        self._compiled: CompiledTrials | None = None

    def __call__(self, trials: Sequence[Trial]) -> list[Outcome]:
        """The outcome of each trial; whatever one raises is its outcome."""
        return [self._outcome(trial) for trial in trials]

    def _outcome(self, trial: Trial) -> Outcome:
        try:
            return Outcome(trial, self._metrics(trial.params))
        except OnetapeError as error:
            return Outcome(trial, error=str(error))
        except SystemExit as stop:
            return Outcome(trial, error=f"the strategy called sys.exit({stop.code})")
        except Exception as error:  # noqa: BLE001 - one trial that breaks must not end the others
            return Outcome(trial, error=words_of(error))

    def _metrics(self, params: Params) -> Metrics:
        watch = Stopwatch()
        found = self._on_the_loop(params, watch)
        if found is not None:
            return found
        config = with_params(self._recipe.config, params)
        section = config.strategy
        strategy = load_strategy(section.path, section.params, self._recipe.beside, section.cerebro)
        record = play(config, strategy, self._recipe.dataset, watch, forecasts=False)
        summary = summarize(record)
        metrics = {name: cell(summary[name]) for name in METRICS}
        if self._recipe.keeps_returns:
            metrics[RETURNS] = returns_text(returns_of(record))
        return metrics

    def _on_the_loop(self, params: Params, watch: Stopwatch) -> Metrics | None:
        """The metrics of a trial on the compiled loop; ``None`` where an event driver has to play it."""
        config = self._recipe.config
        if not self._looked:
            section = with_params(config, params).strategy
            strategy = load_strategy(section.path, section.params, self._recipe.beside, section.cerebro)
            self._compiled, self._looked = self._loop_for(config, strategy), True
        loop = self._compiled
        if loop is None:
            return None
        merged = {**config.strategy.params, **params}
        try:
            wished = loop.wished(merged)
        except Exception:  # noqa: BLE001 - the strategy's own: an event driver meets it too, and says where it was
            return None
        found = loop.figures(merged, wished, watch)
        if found is None:
            return None
        figures, equity = found
        metrics = {name: figures[name] for name in METRICS}
        if self._recipe.keeps_returns:
            metrics[RETURNS] = returns_text(returns_on(loop.days, equity, config.account.cash))
        return metrics

    def _loop_for(self, config: Config, strategy: Strategy) -> CompiledTrials | None:
        from framework.app.sweeps.compiled_trials import trials_of

        return trials_of(config, strategy, self._recipe.dataset)


def with_params(config: Config, params: Params) -> Config:
    """``config`` with ``params`` of the strategy set, the others as they are."""
    merged: Mapping[str, object] = {**config.strategy.params, **params}
    return config.model_copy(update={"strategy": config.strategy.model_copy(update={"params": merged})})


def returns_of(record: RunRecord) -> Floats:
    """Daily returns of a run, float64 [sessions]; those after its ruin are 0."""
    return returns_on(session_days(record.timestamps), record.equity, record.initial_cash)


def returns_on(days: Integers, equity: Floats, initial_cash: float) -> Floats:
    """The same of ``equity`` on session ``days``."""
    found = daily_returns(days, equity, initial_cash)
    return np.pad(found, (0, len(wealth(days, equity, initial_cash)) - 1 - len(found)))


def returns_text(returns: Floats) -> str:
    """``returns`` as text that keeps every bit."""
    return b64encode(returns.astype("<f8").tobytes()).decode()


def returns_from(text: str) -> Floats:
    """The inverse of ``returns_text``."""
    return np.frombuffer(b64decode(text), dtype="<f8").astype(np.float64)
