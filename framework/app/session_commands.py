"""``onetape paper`` and ``onetape replay``: sessions on bars that arrive, and what their tapes prove."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from framework.app.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption, reported
from framework.errors import ConfigError

sessions = typer.Typer()


@sessions.command(epilog="Examples:  onetape paper --rehearse   ·   onetape paper --rehearse --resume runs/20260131T153000Z-paper-SmaCross")
@reported
def paper(
    config: ConfigOption = DEFAULT_CONFIG,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Let the bars of [data] arrive, as fast as they are worked through.")
    ] = False,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with a session that was stopped or killed.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder itself, instead of a new one below runs/.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Trade on paper: the strategy decides on bars as they arrive, every decision on a tape that a restart goes on with."""
    from framework.app.paper import rehearse_session
    from framework.app.progress import progress
    from framework.runtime.loading import load_config

    if not rehearse:
        raise ConfigError("live quotes need a broker, which this version does not have yet; --rehearse lets the bars of [data] arrive")
    with progress(shown=not (as_json or quiet), work="paper", unit="bars") as on_progress, redirect_stdout(sys.stderr):
        ended = rehearse_session(load_config(config), config.resolve().parent, out, resume, on_progress)
    if as_json:
        typer.echo(json.dumps(ended.summary, indent=2, allow_nan=False))
    elif not quiet:
        from framework.app.printing import print_summary

        if ended.resumed:
            typer.echo(f"went on behind {ended.resumed} decisions of the tape, which were taken again and are the same")
        print_summary(ended.summary, ended.folder, "bars arrive")


@sessions.command(epilog="Examples:  onetape replay   ·   onetape replay runs/20260131T153000Z-backtest-SmaCross --json")
@reported
def replay(
    run: Annotated[str, typer.Argument(help="A run folder, or an id below runs/; the newest run by default.", show_default=False)] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Decide a run again from its tape: exit code 0 when every decision is the same, 1 with the first that is not."""
    from framework.app.replay import replay as decide_again
    from framework.app.replay_printing import replay_report, replay_verdict
    from framework.app.saving import find_run

    folder = find_run(run or None)
    with redirect_stdout(sys.stderr):
        found = decide_again(folder / "tape.db")
    if as_json:
        typer.echo(json.dumps(replay_report(found), indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(replay_verdict(found, folder))
    if found.difference is not None:
        raise typer.Exit(1)


@sessions.command(epilog="Examples:  onetape compare runs/monday runs/tuesday   ·   onetape compare paper backtest --out compare.html")
@reported
def compare(
    one: Annotated[str, typer.Argument(metavar="RUN_A", help="A run folder, or an id below runs/.")],
    other: Annotated[str, typer.Argument(metavar="RUN_B", help="The run it is compared with.")],
    out: Annotated[Path | None, typer.Option(help="Write the page there, too.", show_default=False)] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Where do two runs part: decisions, fills, slippage, and the money, explained to the cent? Exit code 1 when decisions differ."""
    from framework.app.compare import facts_of_run, write_page
    from framework.app.saving import find_run
    from framework.report.divergence import divergence
    from framework.report.divergence_page import document, verdict

    first, second = facts_of_run(find_run(one)), facts_of_run(find_run(other))
    found = divergence(first, second)
    if out is not None:
        write_page(out, first, second, found)
    if as_json:
        typer.echo(json.dumps(document(first, second, found), indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(verdict(first, second, found))
    if found.decisions[1] or found.decisions[2]:
        raise typer.Exit(1)


@sessions.command(epilog="Examples:  onetape calibrate runs/paper   ·   onetape calibrate runs/live --out slippage.toml")
@reported
def calibrate(
    run: Annotated[str, typer.Argument(help="A run folder, or an id below runs/.")],
    out: Annotated[Path, typer.Option(help="Where the parameters go; [fills] slippage names this file.")] = Path("slippage.toml"),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fit the slippage model to the fills of a run, with intervals, and write the file that `[fills] slippage` reads."""
    from framework.app.calibrate import calibrate as fit
    from framework.app.calibrate import report, write_parameters
    from framework.app.saving import find_run

    found = fit(find_run(run))
    write_parameters(found, out)
    if as_json:
        typer.echo(json.dumps(report(found), indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(out.read_text(encoding="utf-8").strip())
        typer.echo(f'\nwritten to {out}; use it with [fills] slippage = {{ model = "fitted", file = "{out}" }}')
