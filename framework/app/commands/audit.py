"""``onetape audit``: is a result what it looks like? Exit code 1 where it is not."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from framework.app.commands.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption, reported

if TYPE_CHECKING:
    from framework.runtime.config import Config

audit = typer.Typer(help="Is a result what it looks like? Look-ahead, overfitting, luck.", no_args_is_help=True)

StrategyOption = Annotated[
    str | None, typer.Option(metavar="MODULE:CLASS", help="Another strategy than the config's, with its own defaults.")
]
SeedOption = Annotated[int, typer.Option(help="Of whatever is drawn by lot; the same one gives the same result.")]


@audit.command(epilog="Examples:  onetape audit lookahead   ·   onetape audit lookahead --strategy my_strategy:Mine --cuts 50")
@reported
def lookahead(
    config: ConfigOption = DEFAULT_CONFIG,
    strategy: StrategyOption = None,
    cuts: Annotated[int, typer.Option(help="Moments at which the future is exchanged; more find what is decided seldom.")] = 12,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Does the strategy decide by the past alone? It must decide the same when the future is cut off, mirrored or shuffled."""
    from framework.app.audits.lookahead import audit_lookahead
    from framework.app.commands.audit_printing import lookahead_report
    from framework.app.commands.progress import progress

    settings = _settings(config, strategy)
    with progress(shown=not (as_json or quiet), work="look-ahead", unit="moments") as on_progress, redirect_stdout(sys.stderr):
        found = audit_lookahead(settings, cuts=cuts, seed=seed, beside=config.resolve().parent, on_progress=on_progress)
    _end(lookahead_report(found), found.verdict, passed=found.passed, as_json=as_json, quiet=quiet)


@audit.command(epilog="Examples:  onetape audit overfit -p fast=5:50:5 -p slow=20:200:20 --where 'fast < slow'")
@reported
def overfit(
    param: Annotated[list[str], typer.Option("--param", "-p", help="NAME=FROM:TO, FROM:TO:STEP or A,B,C; once for each parameter.")],
    config: ConfigOption = DEFAULT_CONFIG,
    where: Annotated[str | None, typer.Option(help="A condition on the parameters, such as 'fast < slow'.")] = None,
    sampler: Annotated[str, typer.Option(help="grid (every combination), random, or tpe.")] = "grid",
    trials: Annotated[int | None, typer.Option(help="How many, for random and tpe.", show_default="100")] = None,
    seed: SeedOption = 0,
    blocks: Annotated[int, typer.Option(help="Blocks of time, even: the best of each half is ranked in the other.")] = 16,
    confidence: Annotated[float, typer.Option(min=0.0, max=1.0, help="What the deflated Sharpe ratio must reach.")] = 0.95,
    most_pbo: Annotated[float, typer.Option("--most-pbo", min=0.0, max=1.0, help="What the probability of overfitting may be.")] = 0.5,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Trials at a time.", show_default="one a core")] = None,
    executor: Annotated[str, typer.Option(help="processes of this machine, or ray.")] = "processes",
    out: Annotated[Path | None, typer.Option(help="A folder for the trials, instead of their own below runs/.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """How much of the best of many trials is luck? Deflated Sharpe ratio by all trials there were; probability of overfitting."""
    from framework.app.audits.overfit import overfit as judged
    from framework.app.commands.audit_printing import overfit_lines
    from framework.app.commands.progress import progress
    from framework.app.folders.run_folders import RUNS
    from framework.app.folders.trial_count import trial_ledger
    from framework.app.sweeps.plan import Choice, planned
    from framework.research.reading import assignments

    plan = planned(config, assignments(param), where, Choice(sampler, trials, seed))
    folder = out or RUNS / plan.name.replace("sweep-", "overfit-", 1)
    with progress(shown=not (as_json or quiet), work="overfit", unit="trials") as on_progress, redirect_stdout(sys.stderr):
        found = judged(plan, folder, executor, jobs, trial_ledger(out), on_progress, blocks=blocks, confidence=confidence, most=most_pbo)
    _end(found.summary, overfit_lines(found), passed=found.passed, as_json=as_json, quiet=quiet)


@audit.command(epilog="Examples:  onetape audit montecarlo   ·   onetape audit montecarlo --paths 10000 --block 60")
@reported
def montecarlo(
    config: ConfigOption = DEFAULT_CONFIG,
    strategy: StrategyOption = None,
    paths: Annotated[int, typer.Option(help="Histories that are drawn.")] = 1_000,
    block: Annotated[float, typer.Option(help="Average length of the blocks of days that are drawn together.")] = 20.0,
    places: Annotated[int, typer.Option(help="Moments at which each crash is laid over the bars; 0 for none.")] = 4,
    seed: SeedOption = 0,
    most_losses: Annotated[float, typer.Option("--most-losses", min=0.0, max=1.0, help="Share of the paths that may lose money.")] = 0.10,
    most_drawdown: Annotated[
        float, typer.Option("--most-drawdown", min=0.0, max=1.0, help="Deepest fall allowed, in 95 of 100 paths and in crashes.")
    ] = 0.50,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What else could have happened? Days and trades drawn again in blocks; the crashes of 1987, 2008 and 2020 laid over the bars."""
    from framework.app.audits.montecarlo import Bounds, audit_montecarlo
    from framework.app.commands.audit_printing import montecarlo_lines
    from framework.app.commands.progress import progress

    settings = _settings(config, strategy)
    with progress(shown=not (as_json or quiet), work="monte carlo", unit="crashes") as on_progress, redirect_stdout(sys.stderr):
        found = audit_montecarlo(
            settings,
            paths=paths,
            block=block,
            places=places,
            seed=seed,
            bounds=Bounds(most_losses, most_drawdown),
            beside=config.resolve().parent,
            on_progress=on_progress,
        )
    _end(found.summary, montecarlo_lines(found), passed=found.passed, as_json=as_json, quiet=quiet)


def _settings(config: Path, strategy: str | None) -> Config:
    from framework.app.assembly.other_strategy import with_strategy
    from framework.runtime.loading import load_config

    settings = load_config(config)
    return settings if strategy is None else with_strategy(settings, strategy)


def _end(report: dict[str, object], verdict: str, *, passed: bool, as_json: bool, quiet: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(verdict)
    if not passed:
        raise typer.Exit(1)
