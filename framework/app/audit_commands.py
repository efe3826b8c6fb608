"""``onetape audit``: is a result what it looks like? Exit code 1 where it is not."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from framework.app.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption, reported

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
    from framework.app.audit_printing import lookahead_report
    from framework.app.lookahead import audit_lookahead
    from framework.app.other_strategy import with_strategy
    from framework.app.progress import progress
    from framework.runtime.loading import load_config

    settings = load_config(config)
    if strategy is not None:
        settings = with_strategy(settings, strategy)
    with progress(shown=not (as_json or quiet), work="look-ahead", unit="moments") as on_progress, redirect_stdout(sys.stderr):
        found = audit_lookahead(settings, cuts=cuts, seed=seed, beside=config.resolve().parent, on_progress=on_progress)
    _told(lookahead_report(found), found.verdict, as_json=as_json, quiet=quiet)
    if not found.passed:
        raise typer.Exit(1)


def _told(report: dict[str, object], verdict: str, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(verdict)
