"""What ``onetape walkforward`` does."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framework.app.commands.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption
from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.app.sweeps.walkforward import WalkForward


def walkforward(  # noqa: PLR0913, PLR0917 - a command has as many options as it has
    param: Annotated[list[str], typer.Option("--param", "-p", help="NAME=FROM:TO, FROM:TO:STEP or A,B,C; once for each parameter.")],
    config: ConfigOption = DEFAULT_CONFIG,
    scheme: Annotated[str, typer.Option(help="anchored (all that was before), rolling (as much each time), purged (k-fold).")] = "anchored",
    folds: Annotated[int, typer.Option(help="How many tests.")] = 5,
    train: Annotated[int | None, typer.Option(help="Sessions before the (first) test.", show_default="half of all")] = None,
    purge: Annotated[int, typer.Option(help="Sessions left out between learning and test.")] = 0,
    embargo: Annotated[int, typer.Option(help="Sessions left out behind a test as well (purged).")] = 0,
    where: Annotated[str | None, typer.Option(help="A condition on the parameters, such as 'fast < slow'.")] = None,
    sampler: Annotated[str, typer.Option(help="grid (every combination), random, or tpe.")] = "grid",
    objective: Annotated[str, typer.Option(help="What parameters are chosen by.")] = "sharpe",
    trials: Annotated[int | None, typer.Option(help="How many in each fold, for random and tpe.", show_default="100")] = None,
    seed: Annotated[int, typer.Option(help="Of random and tpe.")] = 0,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Trials at a time.", show_default="one a core")] = None,
    executor: Annotated[str, typer.Option(help="processes of this machine, or ray.")] = "processes",
    out: Annotated[Path | None, typer.Option(help="The folder, instead of its own below runs/.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Choose parameters on one stretch of time and test them on the next, again and again."""
    from framework.app.commands.progress import progress
    from framework.app.folders.run_folders import RUNS
    from framework.app.folders.trial_count import trial_ledger
    from framework.app.sweeps.plan import Choice
    from framework.app.sweeps.walkforward import Walk, walk_forward
    from framework.research.folds import Cutting
    from framework.research.reading import assignments
    from framework.runtime.loading import load_config

    choice, cutting = Choice(sampler, trials, seed, (objective,)), Cutting(scheme, folds, train, purge, embargo)
    walk = Walk(load_config(config), config.resolve().parent, assignments(param), where, choice, cutting)
    with progress(shown=not (as_json or quiet), work="walk-forward", unit="folds") as on_progress, redirect_stdout(sys.stderr):
        folder = out or RUNS / walk.name
        found = walk_forward(walk, folder, executor, jobs, trial_ledger(out), on_progress)
    told = {**found.summary, "folder": str(folder)}
    _write(found, told, folder)
    if as_json:
        typer.echo(json.dumps(told, indent=2, allow_nan=False))
    elif not quiet:
        _print(told)


def _write(found: WalkForward, told: dict[str, object], folder: Path) -> None:
    try:
        (folder / "walkforward.json").write_text(json.dumps(told, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        (folder / "returns.csv").write_text("daily_return\n" + "".join(f"{one!r}\n" for one in found.returns.tolist()), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror}; make the folder writable") from None


def _print(told: dict[str, Any]) -> None:
    from rich.table import Table

    from framework.app.backtest.printing import Terminal

    console = Terminal(highlight=False)
    console.print(f"{told['strategy']}: {len(told['tests'])} tests, {told['scheme']}", markup=False, soft_wrap=True, style="bold")
    table = Table()
    name = told["objective"].partition(":")[2]
    for title in ("tested from", "to", *told["params"], f"{name} chosen", "tested", "return", "trades"):
        table.add_column(title, justify="right")
    for one in told["tests"]:
        figures = (_figure(one["chosen"], "{:.3g}"), _figure(one["tested"], "{:.3g}"))
        returns = (_figure(one["total_return"], "{:+z.1%}"), f"{one['trades']:,}")
        table.add_row(*one["test"], *(str(value) for value in one["params"].values()), *figures, *returns)
    console.print(table)
    chosen, tested = (_figure(told[key], "{:.3g}") for key in ("chosen_objective", "tested_objective"))
    ratio, grown, fallen = (
        _figure(told[key], form) for key, form in (("sharpe", "{:.2f}"), ("cagr", "{:+z.1%}"), ("max_drawdown", "{:z.1%}"))
    )
    for line in (
        f"all tests in a row, {told['sessions']:,} sessions: Sharpe ratio {ratio}, {grown} a year, drawdown {fallen}",
        f"{name} on average: {chosen} where it was chosen, {tested} where it was tested; {told['trials']:,} trials",
        f"files: {told['folder']}",
    ):
        console.print(line, markup=False, soft_wrap=True)


def _figure(value: float | None, form: str) -> str:
    return "none" if value is None else form.format(value)
