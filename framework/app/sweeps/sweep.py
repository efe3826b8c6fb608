"""Run a strategy with many parameters: from a config and a space to a table of trials."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, get_args

from framework.app.assembly.loader import load_strategy
from framework.app.folders.trial_count import setting
from framework.app.sweeps.plan import Choice, planned
from framework.app.sweeps.result import SweepResult, summarize_sweep
from framework.engine.strategy import SignalStrategy
from framework.errors import ConfigError, StrategyError
from framework.research.claim import claimed
from framework.research.drive import Drive
from framework.research.ledger import Entry
from framework.research.patient import Patient
from framework.research.processes import Processes
from framework.research.ray_workers import RayWorkers
from framework.research.store import Store
from framework.research.workers import InProcess
from framework.runtime.clock import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from framework.app.sweeps.plan import Sampler, SweepPlan
    from framework.research.ledger import TrialLedger
    from framework.research.trial import Outcome
    from framework.research.workers import Workers
    from framework.runtime.config import Config

Executor = Literal["processes", "ray"]
EXECUTORS: tuple[str, ...] = get_args(Executor)


def sweep(
    config: str | Path | Config | Mapping[str, object],
    space: Mapping[str, object],
    *,
    where: str | None = None,
    sampler: Sampler = "grid",
    objective: str | Sequence[str] = "sharpe",
    trials: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    executor: Executor = "processes",
    out: str | Path | None = None,
    data: Mapping[str, pd.DataFrame] | None = None,
    finer: Mapping[str, pd.DataFrame] | None = None,
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> SweepResult:
    """Run the strategy of ``config`` with many parameters; each trial is the run that ``run`` would make with them.

    In a script, call it below ``if __name__ == "__main__":``, for worker processes import the script (``jobs=1`` needs none).

    Args:
        config: As for ``run``.
        space: Values by parameter: a list, a range or an array, or text as for ``onetape sweep``, where "5:50" holds both ends.
        where: A condition on the parameters, such as "fast < slow".
        sampler: "grid" tries every combination, "random" draws ``trials`` of them, "tpe" learns from what it has seen (Optuna).
        objective: The metric the trials are judged by, such as "sharpe" or "min:exposure"; several give a front.
        trials: How many, for random and tpe; 100 by default.
        seed: Of random and tpe: the same seed gives the same trials.
        jobs: How many trials run at a time; by default as many as there are cores, and one where the compiled loop is through in seconds.
        executor: "processes" of this machine, or "ray".
        out: A folder that keeps the trials: the same sweep goes on there where it was. Without it nothing is written.
        data: As for ``run``.
        finer: As for ``run``.
        beside: As for ``run``.
        on_progress: Called now and then with (trials done, of how many).

    Raises:
        ConfigError: The config, the strategy, the space, the condition or another argument is wrong, or ``out`` holds something else.
        StrategyError: All trials failed.
        DataError: The data is missing or broken.
    """
    objectives = (objective,) if isinstance(objective, str) else tuple(objective)
    choice = Choice(sampler, trials, seed, objectives)
    plan = planned(config, space, where, choice, frames=data, finer=finer, beside=beside)
    watch = Stopwatch()
    with TemporaryDirectory(prefix="onetape-sweep-") as temporary:
        store = run_plan(plan, Path(temporary if out is None else out), executor, jobs, None, on_progress)
        return SweepResult(store.frame(), summarize_sweep(plan, store, None, watch.seconds))


def run_plan(
    plan: SweepPlan,
    folder: Path,
    executor: str,
    jobs: int | None,
    ledger: TrialLedger | None,
    on_progress: Callable[[int, int], None] | None,
) -> Store:
    """Run what of ``plan`` is not in ``folder`` yet; returns what is there then.

    Raises:
        ConfigError: ``folder`` holds something else, or an argument is wrong.
        StrategyError: All trials failed; they are kept.
    """
    if executor not in EXECUTORS:
        raise ConfigError(f"--executor {executor!r} does not exist; choose {' or '.join(EXECUTORS)}")
    if jobs is not None and jobs < 1:
        raise ConfigError(f"--jobs {jobs}: at least 1 is needed")
    with claimed(folder, plan.identity):
        store = Store(folder / "trials", plan.kinds, plan.recipe.metrics)
        search = plan.search(store)
        done = len(store.numbers())

        def count(outcomes: Sequence[Outcome]) -> None:
            nonlocal done
            done += len(outcomes)
            if on_progress is not None:
                on_progress(done, max(search.total, done))

        def note(outcomes: Iterable[Outcome]) -> None:
            if ledger is not None:
                ledger.add(plan.place, plan.inputs_hash, entries(plan, outcomes))

        note(store.outcomes())  # it may have been killed between keeping and counting them
        count(())
        if done < search.total:
            looped = _is_looped(plan, search.total - done)
            with _workers(plan, folder, executor, jobs, search.total - done, looped=looped) as workers:
                Drive(search, workers, store, count, note).run()
    _check_some_ran(store)
    return store


def _is_looped(plan: SweepPlan, trials: int) -> bool:
    """Whether the compiled loop plays the trials; it is compiled here where they are worth that, once for all workers."""
    recipe = plan.recipe
    section = recipe.config.strategy
    strategy = load_strategy(section.path, section.params, recipe.beside, section.cerebro)
    if not isinstance(strategy, SignalStrategy):
        return False
    from framework.app.sweeps.compiled_trials import warmed

    return warmed(recipe.config, strategy, recipe.dataset, trials)


def entries(plan: SweepPlan, outcomes: Iterable[Outcome]) -> Iterator[Entry]:
    """What the ledger is told of trials; one that failed showed nobody a figure and does not count."""
    for outcome in outcomes:
        if not outcome.error:
            sharpe = outcome.metrics["sharpe"]
            yield Entry(setting(str(outcome.metrics["config_hash"]), plan.source), sharpe if isinstance(sharpe, float) else None)


def _workers(plan: SweepPlan, folder: Path, executor: str, jobs: int | None, trials: int, *, looped: bool) -> Workers:
    if executor == "ray":
        return RayWorkers(plan.recipe, jobs, plan.recipe.beside, os.environ.get("RAY_ADDRESS"))
    wanted = min(jobs or _cores(), trials)
    if wanted == 1:
        return InProcess(plan.recipe)
    if looped and jobs is None:
        return Patient(InProcess(plan.recipe), lambda: Processes(plan.recipe, wanted, folder), trials)
    return Processes(plan.recipe, wanted, folder)


def _cores() -> int:
    """Cores this process may use; where the system does not tell, all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_some_ran(store: Store) -> None:
    errors = store.columns(("error",)).column("error")
    if len(errors) and not errors.null_count:
        raise StrategyError(f"all {len(errors):,} trials failed; the first: {errors[0].as_py()}")
