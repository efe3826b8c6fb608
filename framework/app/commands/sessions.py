"""``onetape paper``, ``live``, ``replay`` and ``compare``: sessions on bars that arrive, and what their tapes prove."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from framework.app.commands.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption, reported
from framework.app.commands.lengths import ForOption, length_of
from framework.errors import ConfigError, NotArmedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.app.sessions.wishes import Ended
    from framework.runtime.config import Config

sessions = typer.Typer()


ResumeOption = Annotated[str | None, typer.Option(metavar="RUN", help="Go on with a session that was stopped or killed.")]
OutOption = Annotated[Path | None, typer.Option(help="The run folder itself, instead of a new one below runs/.")]
CloseOption = Annotated[bool, typer.Option("--until-close", help="Stop after the trading session's close.")]


@sessions.command(epilog="Examples:  onetape paper --until-close   ·   onetape paper --rehearse   ·   onetape paper --resume RUN --for 2h")
@reported
def paper(
    config: ConfigOption = DEFAULT_CONFIG,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Let the bars of [data] arrive, as fast as they are worked through.")
    ] = False,
    until_close: CloseOption = False,
    length: ForOption = None,
    resume: ResumeOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Trade on paper: the strategy decides on bars as they arrive, every decision on a tape that a restart goes on with."""
    from framework.runtime.loading import load_config

    settings = load_config(config)
    if rehearse:
        if until_close or length is not None:
            raise ConfigError("--until-close and --for are for live quotes; --rehearse ends with the bars of [data]")
        _rehearse(settings, config.resolve().parent, out, resume, as_json=as_json, quiet=quiet)
        return
    from framework.app.sessions.live import paper_session
    from framework.app.sessions.wishes import Wish

    with redirect_stdout(sys.stderr):
        ended = paper_session(settings, Wish(config.resolve().parent, out, resume, until_close, length_of(length), _ask))
    _tell_end(ended, as_json=as_json, quiet=quiet)


def _rehearse(settings: Config, beside: Path, out: Path | None, resume: str | None, *, as_json: bool, quiet: bool) -> None:
    from framework.app.commands.progress import progress
    from framework.app.sessions.paper import rehearse_session

    with progress(shown=not (as_json or quiet), work="paper", unit="bars") as on_progress, redirect_stdout(sys.stderr):
        ended = rehearse_session(settings, beside, out, resume, on_progress)
    if as_json:
        typer.echo(json.dumps(ended.summary, indent=2, allow_nan=False))
    elif not quiet:
        _print_run(ended.summary, ended.folder, ended.resumed, "bars arrive")


@sessions.command(epilog="Examples:  onetape live --rehearse   ·   onetape live --dry-run   ·   onetape live --arm --until-close")
@reported
def live(
    config: ConfigOption = DEFAULT_CONFIG,
    arm: Annotated[bool, typer.Option("--arm", help="Real orders; asks for the account's last four characters.")] = False,
    confirm: Annotated[str | None, typer.Option(metavar="1234", help="The account's last four, where nobody is there to ask.")] = None,
    dollars: Annotated[int | None, typer.Option(min=1, help="The most to buy for; by default the config's cash.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=24, help="How long the leave holds; the session ends with it.")] = 24,
    reason: Annotated[str, typer.Option(help='Why, where it was not tried enough, or [limits] profile = "venue"; on the tape.')] = "",
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="The last days of [data] at a Robinhood on this machine: real requests, no account, no money."),
    ] = False,
    days: Annotated[int, typer.Option(min=1, help="How many, for --rehearse.")] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Everything but the last step: orders are logged, and none leaves.")] = False,
    until_close: CloseOption = False,
    length: ForOption = None,
    resume: ResumeOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Trade with real money at Robinhood, within the limits of the config; refused unless everything was confirmed."""
    from framework.app.arming.arming import Leave
    from framework.app.sessions.live import live_session
    from framework.app.sessions.wishes import Wish
    from framework.runtime.loading import load_config

    if rehearse:
        if arm or dry_run or until_close or resume is not None or length is not None:
            raise ConfigError(
                "--rehearse plays the last --days of [data], begins anew and needs no leave: give only --days and --out with it"
            )
        _rehearse_live(load_config(config), config.resolve().parent, out, days, as_json=as_json, quiet=quiet)
        return
    leave = Leave(arm, confirm, dollars, hours, reason, dry_run)
    wish = Wish(config.resolve().parent, out, resume, until_close, length_of(length), _ask)
    with redirect_stdout(sys.stderr):
        ended = live_session(load_config(config), wish, leave)
    _tell_end(ended, as_json=as_json, quiet=quiet)


def _rehearse_live(settings: Config, beside: Path, out: Path | None, days: int, *, as_json: bool, quiet: bool) -> None:
    from framework.app.commands.progress import progress
    from framework.app.sessions.rehearsal import rehearse_live

    with progress(shown=not (as_json or quiet), work="live rehearsal", unit="days") as on_progress, redirect_stdout(sys.stderr):
        ended = rehearse_live(settings, beside, out, days, on_progress)
    if as_json:
        typer.echo(json.dumps(ended.summary, indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(f"orders sent to the Robinhood on this machine: {ended.orders}")
        _print_run(ended.summary, ended.folder, 0, "quotes of a Robinhood on this machine arrive")
        for line in ended.incidents:
            typer.echo(f"incident: {line}")


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise NotArmedError("nobody is there to confirm the account; give --confirm with its last four characters")
    return str(typer.prompt(question.strip().rstrip(":"), err=True))


def _tell_end(ended: Ended, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        told = {"run": str(ended.folder), "still_open": list(ended.still_open), "summary": ended.summary}
        typer.echo(json.dumps(told, indent=2, allow_nan=False))
    elif quiet:
        return
    elif ended.summary is None:
        typer.echo(f"stopped before a bar had closed; nothing was decided ({ended.folder})")
    else:
        _print_run(ended.summary, ended.folder, ended.resumed, "quotes arrive")
        typer.echo("still open: " + ("; ".join(ended.still_open) or "nothing"))


def _print_run(summary: Mapping[str, object], folder: Path, resumed: int, reason: str) -> None:
    from framework.app.backtest.printing import print_summary

    if resumed:
        typer.echo(f"went on behind {resumed} decisions of the tape, which were taken again and are the same")
    print_summary(summary, folder, reason)


@sessions.command(epilog="Examples:  onetape replay   ·   onetape replay runs/20260131T153000Z-backtest-SmaCross --json")
@reported
def replay(
    run: Annotated[str, typer.Argument(help="A run folder, or an id below runs/; the newest run by default.", show_default=False)] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Decide a run again from its tape: exit code 0 when every decision is the same, 1 with the first that is not."""
    from framework.app.commands.replay_printing import replay_report, replay_verdict
    from framework.app.folders.run_folders import find_run
    from framework.app.folders.tape_place import tape_of
    from framework.app.sessions.replay import replay as decide_again

    folder = find_run(run or None)
    with redirect_stdout(sys.stderr):
        found = decide_again(tape_of(folder))
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
    other: Annotated[
        str, typer.Argument(metavar="[RUN_B]", help="The run it is compared with; a live run alone is compared with its shadow fills.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the page there, too.", show_default=False)] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Where do two runs part: decisions, fills, slippage, and the money, explained to the cent? Exit code 1 when decisions differ."""
    from framework.app.compare.compare import facts_of_run, shadow_of_run, write_page
    from framework.app.folders.run_folders import find_run
    from framework.report.divergence import divergence
    from framework.report.divergence_page import document, verdict

    first, second = (facts_of_run(find_run(one)), facts_of_run(find_run(other))) if other else shadow_of_run(find_run(one))
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
    out: Annotated[Path, typer.Option(help="Where the parameters go; the config names this file.")] = Path("slippage.toml"),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fit the slippage model to the fills of a run, with intervals, and write the file that the config names."""
    from framework.app.compare.calibrate import calibrate as fit
    from framework.app.compare.calibrate import report, write_parameters
    from framework.app.folders.run_folders import find_run

    found = fit(find_run(run))
    write_parameters(found, out)
    if as_json:
        typer.echo(json.dumps(report(found), indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(out.read_text(encoding="utf-8").strip())
        typer.echo(f'\nwritten to {out}; use it with [fills] slippage = {{ model = "fitted", file = "{out}" }}')
