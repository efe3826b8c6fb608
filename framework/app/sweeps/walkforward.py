"""Choose parameters on one stretch of time, test them on the next, and go on: what choosing was worth."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import load_data, play, resolved_config
from framework.app.folders.trial_count import setting
from framework.app.sweeps.plan import Choice, planned
from framework.app.sweeps.sweep import run_plan
from framework.app.sweeps.trials import returns_of, with_params
from framework.errors import ConfigError, StrategyError
from framework.report.dates import session_days
from framework.report.summary import summarize
from framework.research.folds import Cutting
from framework.research.ledger import Entry
from framework.research.store import PARAMETER
from framework.rules import performance
from framework.runtime.clock import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from data import Dataset
    from framework.app.sweeps.plan import SweepPlan
    from framework.domain.market import Floats
    from framework.research.folds import Fold, Span
    from framework.research.ledger import TrialLedger
    from framework.research.trial import Params
    from framework.runtime.config import Config

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One fold: the parameters chosen on ``train`` (first and last dates of its parts) and what came of them on ``test``.

    ``chosen`` is the objective there, ``summary`` that of the run over the test, ``returns`` its daily returns, one for each of its
    ``sessions`` but the one it may begin with, in which nothing can be held yet; ``trials`` were compared.
    """

    train: tuple[tuple[date, date], ...]
    test: tuple[date, date]
    params: Params
    chosen: float
    trials: int
    summary: Mapping[str, object]
    returns: Floats
    sessions: int


@dataclass(frozen=True, slots=True, eq=False)
class WalkForward:
    """What a walk-forward found.

    Attributes:
        folds: Every test, oldest first.
        objective: The metric parameters were chosen by.
        summary: What ``onetape walkforward --json`` prints; the figures are those of the tests' daily returns, one after the other.
    """

    folds: tuple[Tested, ...]
    objective: str
    summary: Mapping[str, object]

    @property
    def returns(self) -> Floats:
        """Daily returns of all tests, float64, oldest first: of every session from the close of the first one on."""
        first, *others = self.folds
        return np.concatenate([first.returns, *(np.pad(fold.returns, (fold.sessions - len(fold.returns), 0)) for fold in others)])


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What is to be done: a config, its space and how both are searched and cut.

    Arguments as those of ``sweep`` and ``Cutting``.
    """

    config: Config
    beside: Path
    space: Mapping[str, object]
    where: str | None
    choice: Choice
    cutting: Cutting
    frames: Mapping[str, pd.DataFrame] | None = None

    @property
    def identity(self) -> dict[str, object]:
        """What makes it this walk-forward and no other."""
        whole = planned(self.config, self.space, self.where, self.choice, frames=self.frames, beside=self.beside)
        return {**whole.identity, **self.cutting._asdict(), "objective": str(whole.objectives[0]), "trials": self.choice.trials}

    @property
    def name(self) -> str:
        """The folder of such a walk-forward."""
        digest = hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()
        return f"walkforward-{self.config.strategy.path.partition(':')[2]}-{digest[:8]}"


def walkforward(
    config: str | Path | Config | Mapping[str, object],
    space: Mapping[str, object],
    cutting: Cutting = Cutting(),  # noqa: B008 - it cannot change
    *,
    where: str | None = None,
    sampler: str = "grid",
    objective: str = "sharpe",
    trials: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    executor: str = "processes",
    out: str | Path | None = None,
    data: Mapping[str, pd.DataFrame] | None = None,
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> WalkForward:
    """Choose the parameters of ``config``'s strategy again and again and test each choice on bars it was not made on.

    Args:
        config: As for ``run``.
        space: As for ``sweep``.
        cutting: How time is cut into folds; anchored, five tests, when left out.
        where: As for ``sweep``; so are those that follow.
        sampler: As for ``sweep``.
        objective: One metric.
        trials: As for ``sweep``.
        seed: As for ``sweep``.
        jobs: As for ``sweep``.
        executor: As for ``sweep``.
        out: A folder that keeps the trials of every fold: the same walk-forward goes on there. Without it nothing is written.
        data: As for ``run``.
        beside: As for ``run``.
        on_progress: Called with (folds done, of how many).

    Raises:
        ConfigError: An argument or the config is wrong.
        StrategyError: All trials of a fold failed, or none has the objective.
        DataError: The data is missing or broken.
    """
    resolved, folder = resolved_config(config)
    choice = Choice(sampler, trials, seed, (objective,))
    walk = Walk(resolved, beside or folder, space, where, choice, cutting, data)
    with TemporaryDirectory(prefix="onetape-walkforward-") as temporary:
        return walk_forward(walk, Path(temporary if out is None else out), executor, jobs, None, on_progress)


def walk_forward(
    walk: Walk,
    folder: Path,
    executor: str,
    jobs: int | None,
    ledger: TrialLedger | None,
    on_progress: Callable[[int, int], None] | None,
) -> WalkForward:
    """Walk; trials that are in ``folder`` already are not run again.

    Raises:
        ConfigError: ``folder`` holds something else, or an argument is wrong.
        StrategyError: All trials of a fold failed, or none has the objective.
    """
    if walk.cutting.scheme == "purged" and walk.choice.sampler == "tpe":
        raise ConfigError("--sampler tpe asks for other trials before a test than behind it; take grid or random with --scheme purged")
    watch = Stopwatch()
    days = _days(load_data(walk.config, walk.frames))
    cuts = walk.cutting.of(len(days))
    tested = []
    for place, fold in enumerate(cuts):
        tested.append(_tested(walk, fold, days, folder / f"fold-{place + 1}", executor, jobs, ledger))
        if on_progress is not None:
            on_progress(place + 1, len(cuts))
    found = WalkForward(tuple(tested), walk.choice.objectives[0], {})
    identity = walk.identity
    summary = {**_summary(found, identity), "elapsed_seconds": round(watch.seconds, 3)}
    if ledger is not None:  # whoever walks again with other folds or another space has tried once more
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        ratio = summary["sharpe"]
        entry = Entry(setting(key, str(identity["source"])), ratio if isinstance(ratio, float) else None)
        ledger.add(walk.config.strategy.path, str(identity["inputs_hash"]), [entry])
    return replace(found, summary=summary)


def _days(dataset: Dataset) -> list[date]:
    """The sessions traded."""
    stamps = np.unique(np.concatenate([one.timestamp for one in dataset.series.values()]))
    numbers = np.unique(session_days(stamps[stamps >= dataset.first_trade]))
    return [EPOCH + timedelta(days=number) for number in numbers.tolist()]


def _between(config: Config, first: date, last: date) -> Config:
    return config.model_copy(update={"data": config.data.model_copy(update={"start": first, "end": last})})


def _tested(
    walk: Walk, fold: Fold, days: Sequence[date], folder: Path, executor: str, jobs: int | None, ledger: TrialLedger | None
) -> Tested:
    def dates(span: Span) -> tuple[date, date]:
        return days[span.first], days[span.last]

    parts = []
    for place, span in enumerate(fold.train):
        plan = planned(_between(walk.config, *dates(span)), walk.space, walk.where, walk.choice, frames=walk.frames, beside=walk.beside)
        store = run_plan(plan, folder / f"train-{place + 1}", executor, jobs, ledger, None)
        parts.append((store.frame(), span.length))
    params, chosen, trials = _chosen(parts, plan)
    config = with_params(_between(walk.config, *dates(fold.test)), params)
    section = config.strategy
    strategy = load_strategy(section.path, section.params, walk.beside, section.cerebro)
    record = play(config, strategy, load_data(config, walk.frames), Stopwatch(), forecasts=False)
    spans = tuple(dates(span) for span in fold.train)
    return Tested(spans, dates(fold.test), params, chosen, trials, summarize(record), returns_of(record), fold.test.length)


def _chosen(parts: Sequence[tuple[pd.DataFrame, int]], plan: SweepPlan) -> tuple[Params, float, int]:
    """The best trial over all parts of the time to learn from: its objective, each part's weighted by its sessions, is the highest."""
    objective = plan.objectives[0]
    weights = np.array([sessions for _, sessions in parts], dtype=np.float64)
    values = np.column_stack([frame[objective.metric].to_numpy(dtype=np.float64) for frame, _ in parts])
    means: Floats = objective.sign * (values @ weights) / weights.sum()
    if np.isnan(means).all():
        raise StrategyError(f"no trial has a {objective.metric} to choose by; name another --objective, or take longer folds")
    best = int(np.nanargmax(means))
    row: Any = parts[0][0].iloc[best]
    return {name: kind(row[PARAMETER + name]) for name, kind in plan.kinds.items()}, float(objective.sign * means[best]), len(means)


def _summary(found: WalkForward, identity: Mapping[str, object]) -> dict[str, object]:
    returns = found.returns
    equity: Floats = np.cumprod(1.0 + returns).astype(np.float64)
    growth, drawdown = performance.cagr(returns), performance.max_drawdown(equity, 1.0)
    return {
        **{name: identity[name] for name in ("strategy", "params", "where", "sampler", "scheme", "folds", "train", "purge", "embargo")},
        "objective": identity["objective"],
        "trials": sum(fold.trials for fold in found.folds),
        "sessions": len(returns),
        "total_return": performance.total_return(equity, 1.0),
        "cagr": growth,
        "sharpe": performance.sharpe(returns),
        "sortino": performance.sortino(returns),
        "calmar": performance.calmar(growth, drawdown),
        "max_drawdown": drawdown,
        "chosen_objective": float(np.mean([fold.chosen for fold in found.folds])),
        "tested_objective": _mean_tested(found),
        "distinct_choices": len({tuple(fold.params.items()) for fold in found.folds}),
        "tests": [_told(fold, found.objective) for fold in found.folds],
    }


def _metric(objective: str) -> str:
    return objective.rpartition(":")[2]


def _mean_tested(found: WalkForward) -> float | None:
    values = [fold.summary[_metric(found.objective)] for fold in found.folds]
    known = [value for value in values if isinstance(value, int | float)]
    return float(np.mean(known)) if known else None


def _told(fold: Tested, objective: str) -> dict[str, object]:
    return {
        "train": [[first.isoformat(), last.isoformat()] for first, last in fold.train],
        "test": [day.isoformat() for day in fold.test],
        "params": dict(fold.params),
        "trials": fold.trials,
        "chosen": fold.chosen,
        "tested": fold.summary[_metric(objective)],
        **{name: fold.summary[name] for name in ("sharpe", "total_return", "max_drawdown", "trades")},
    }
