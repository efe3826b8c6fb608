"""What ``onetape sweep`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import typer

from framework.app.folders.run_folders import RUNS
from framework.app.folders.trial_count import trial_ledger
from framework.app.sweeps.plan import Choice, planned
from framework.app.sweeps.result import summarize_sweep, sweep_picture
from framework.app.sweeps.sweep import run_plan
from framework.errors import ConfigError
from framework.research.reading import assignments
from framework.runtime.clock import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Options(NamedTuple):
    """The command's options, as they were given."""

    config: Path
    params: Sequence[str]
    where: str | None
    sampler: str
    objectives: Sequence[str]
    trials: int | None
    seed: int
    executor: str
    jobs: int | None
    out: Path | None


class Swept(NamedTuple):
    """What was found, and where it is."""

    summary: dict[str, object]
    folder: Path
    picture: Path


def run_sweep(options: Options, on_progress: Callable[[int, int], None] | None) -> Swept:
    """Run, or go on with, the sweep that ``options`` describe; its trials count in the project's ledger.

    Raises:
        ConfigError: An option or the config is wrong, or nothing can be written.
        StrategyError: All trials failed.
        DataError: The data is missing or broken.
    """
    choice = Choice(options.sampler, options.trials, options.seed, options.objectives)
    plan = planned(options.config, assignments(options.params), options.where, choice)
    folder, watch, ledger = options.out or RUNS / plan.name, Stopwatch(), trial_ledger(options.out)
    try:
        store = run_plan(plan, folder, options.executor, options.jobs, ledger, on_progress)
    except KeyboardInterrupt:
        typer.echo(f"what is done is kept in {folder}; the same command goes on there", err=True)
        raise
    summary = summarize_sweep(plan, store, ledger, watch.seconds)
    picture = folder / "heatmap.png"
    try:
        picture.write_bytes(sweep_picture(plan, store))
    except OSError as error:
        raise ConfigError(f"cannot write {picture}: {error.strerror}; make the folder writable") from None
    return Swept(summary | {"folder": str(folder), "picture": str(picture)}, folder, picture)
