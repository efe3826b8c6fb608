"""The command line. Commands are thin: they read options, call the framework and print.

Exit codes: 0 done, 1 a check failed, 2 usage or config, 3 data, 4 refused for safety, 5 broker or network, 70 a bug.
"""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from framework.app.commands.audit import audit
from framework.app.commands.command import DEFAULT_CONFIG, ConfigOption, JsonOption, QuietOption, reported
from framework.app.commands.control import control
from framework.app.commands.data import data
from framework.app.commands.login import login
from framework.app.commands.looking import looking
from framework.app.commands.sessions import sessions
from framework.app.commands.tape import tape
from framework.app.commands.walkforward import walkforward
from framework.errors import ConfigError
from framework.runtime.collector import seldom_collected

if TYPE_CHECKING:
    from framework.domain.record import RunRecord
    from framework.runtime.config import Config

app = typer.Typer(
    name="onetape",
    help="Write a strategy once: backtest it, rehearse it on paper, trade it live.",
    epilog="Start with:  onetape init my_bot  &&  cd my_bot  &&  onetape backtest",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(asked: bool) -> None:
    if asked:
        from framework import __version__

        typer.echo(f"onetape {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """See the docstrings of the commands."""


@app.command(
    epilog="Examples:  onetape backtest   ·   onetape backtest -c other.toml --out runs/try1   ·   onetape backtest --json | jq .sharpe"
)
@reported
def backtest(
    config: ConfigOption = DEFAULT_CONFIG,
    strategy: Annotated[
        str | None, typer.Option(metavar="MODULE:CLASS", help="Another strategy than the config's, with its own defaults.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Who turns the crank: auto, backtrader, arrays or compiled. The result does not depend on it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder itself, instead of a new one below runs/.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Run it by a second driver too, and compare.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write the run folder, or only tell the figures.")] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the strategy of a config over recorded bars and write a tear sheet."""
    from framework.app.assembly.other_strategy import with_strategy
    from framework.app.backtest.run import RunResult, run
    from framework.app.commands.progress import progress
    from framework.app.folders.free_place import check_place
    from framework.app.folders.run_folders import new_folder
    from framework.app.folders.trial_count import counted, trial_ledger
    from framework.runtime.loading import load_config

    settings = load_config(config).model_copy(update={"mode": "backtest"})  # the command says it
    if strategy is not None:
        settings = with_strategy(settings, strategy)
    if engine is not None:
        settings = _with_engine(settings, engine)
    if out is not None and not report:
        raise ConfigError(f"--out {out} has no use with --no-report, which writes no run folder; leave out one of the two")
    check_place(out)  # before the work, so that a long run does not end without a place to go
    # What a strategy prints must not mix with the result: it goes to stderr.
    with progress(shown=not (as_json or quiet)) as on_progress, redirect_stdout(sys.stderr):
        result = run(settings, beside=config.resolve().parent, on_progress=on_progress)
        agreed = _agreed(settings, result.record, config) if verify else ""
        if (ledger := trial_ledger(out)) is not None:
            result = RunResult(counted(result.record, settings.strategy.path, ledger))
        folder = result.save(out or new_folder(result.record.run_id)) if report else None
    if agreed and not quiet:
        typer.echo(agreed, err=True)
    if as_json:
        typer.echo(json.dumps(result.summary, indent=2, allow_nan=False))
    elif not quiet:
        from framework.app.backtest.printing import print_summary

        print_summary(result.summary, folder, result.record.engine_reason, (settings.data.start, settings.data.end))


def _agreed(settings: Config, record: RunRecord, config: Path) -> str:
    from framework.app.backtest.verifying import verified

    return verified(settings, record, config.resolve().parent)


def _with_engine(settings: Config, name: str) -> Config:
    from framework.runtime.config import ENGINES

    if name not in ENGINES:
        raise ConfigError(f"--engine {name!r} is not in this version; choose one of {', '.join(ENGINES)}")
    return settings.model_copy(update={"engine": settings.engine.model_copy(update={"name": name})})


@app.command(
    epilog="Examples:  onetape sweep -p fast=5:50 -p slow=20:200:5 --where 'fast < slow'   ·   onetape sweep -p fast=2:99 --sampler tpe"
)
@reported
def sweep(
    param: Annotated[list[str], typer.Option("--param", "-p", help="NAME=FROM:TO, FROM:TO:STEP or A,B,C; once for each parameter.")],
    config: ConfigOption = DEFAULT_CONFIG,
    where: Annotated[str | None, typer.Option(help="A condition on the parameters, such as 'fast < slow'.")] = None,
    sampler: Annotated[str, typer.Option(help="grid (every combination), random, or tpe (learns on the way).")] = "grid",
    objective: Annotated[list[str] | None, typer.Option(help="What is looked for; several give a front.", show_default="sharpe")] = None,
    trials: Annotated[int | None, typer.Option(help="How many, for random and tpe.", show_default="100")] = None,
    seed: Annotated[int, typer.Option(help="Of random and tpe.")] = 0,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Trials at a time.", show_default="one a core")] = None,
    executor: Annotated[str, typer.Option(help="processes of this machine, or ray.")] = "processes",
    out: Annotated[Path | None, typer.Option(help="The sweep's folder, instead of its own below runs/.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Backtest with many parameters; the same command goes on where it was stopped."""
    from framework.app.commands.sweep import Options, run_sweep
    from framework.app.commands.sweep_printing import print_sweep, sweep_progress

    options = Options(config, param, where, sampler, objective or ("sharpe",), trials, seed, executor, jobs, out)
    with sweep_progress(shown=not (as_json or quiet)) as on_progress, redirect_stdout(sys.stderr):
        swept = run_sweep(options, on_progress)
    if as_json:
        typer.echo(json.dumps(swept.summary, indent=2, allow_nan=False))
    elif not quiet:
        print_sweep(swept.summary, swept.folder, swept.picture)


@app.command(
    epilog="Examples:  onetape report   ·   onetape report runs/monday   ·   onetape report runs/monday runs/tuesday --out both.html"
)
@reported
def report(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Run folders, or names below runs/; the newest by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the page of several runs goes; comparison.html by default.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the tear sheet of a finished run again: report.html and its pictures. Of several runs: one page, side by side."""
    from framework.app.folders.run_folders import find_run
    from framework.app.folders.saving import rewrite_report

    if runs is not None and len(runs) > 1:
        _compare(runs, out, as_json=as_json, quiet=quiet)
        return
    if out is not None:
        raise ConfigError(f"--out {out} is for several runs; the report of one run is written into its folder")
    page = rewrite_report(find_run(runs[0] if runs else None))
    if as_json:
        typer.echo(json.dumps({"report": str(page)}))
    elif not quiet:
        typer.echo(f"report: {page}")


def _compare(names: list[str], out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from framework.app.commands.comparing import DEFAULT_PAGE, read_runs, write_comparison
    from framework.report.comparison_page import document

    compared, place = read_runs(names), out or DEFAULT_PAGE
    write_comparison(compared, place)
    if as_json:
        typer.echo(json.dumps({"report": str(place), **document(compared)}, indent=2, allow_nan=False))
    elif not quiet:
        typer.echo(f"report: {place}")


@app.command(epilog="Examples:  onetape init   ·   onetape init my_bot")
@reported
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; made if need be.", show_default="here")] = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a config, an .env.example and a first strategy to start from."""
    from framework.app.commands.starter import write_starter

    written = write_starter(folder)
    if as_json:
        typer.echo(json.dumps({"written": [str(path) for path in written]}))
    elif not quiet:
        for path in written:
            typer.echo(f"wrote {path}")
        step = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
        typer.echo(f"next: {step}onetape backtest")


@app.command(epilog="Examples:  onetape doctor   ·   onetape doctor -c other.toml --json   ·   onetape doctor --broker robinhood")
@reported
def doctor(
    config: ConfigOption = DEFAULT_CONFIG,
    broker: Annotated[str | None, typer.Option(help="Look at the account at this broker instead: robinhood.")] = None,
    arm: Annotated[
        str | None,
        typer.Option(
            metavar="PHRASE",
            help='With --broker: also place and cancel one share far from the market. "LIVE <last four of the account> <dollars> <hours>".',
        ),
    ] = None,
    alerts: Annotated[bool, typer.Option("--alerts", help="Send every target of [alerts] a test alert instead.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check that everything a run needs is here; exit 1 if something is not."""
    from framework.app.commands.examining import examination

    checks = examination(config, broker, arm, alerts=alerts)
    if as_json:
        typer.echo(json.dumps([check._asdict() for check in checks], indent=2))
    elif not quiet:
        from framework.app.checks.printing import print_checks

        print_checks(checks)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


# The order is that of `onetape --help`.
app.add_typer(audit, name="audit")
app.add_typer(data, name="data")
app.add_typer(sessions)
app.add_typer(control)
app.add_typer(looking)
app.add_typer(tape, name="tape")
app.command(epilog="Examples:  onetape walkforward -p fast=5:50:5 -p slow=20:200:20   ·   onetape walkforward -p top=1:3 --scheme rolling")(
    reported(walkforward)
)
app.command(epilog="Examples:  onetape login   ·   onetape login -c other.toml")(login)


#: What `onetape --help` puts together.
_PANELS = (
    ("Start here", ("init", "backtest", "report", "doctor")),
    ("Research", ("sweep", "walkforward", "audit", "data")),
    ("Sessions", ("login", "paper", "live", "replay", "compare", "calibrate", "tape")),
)
_OPERATOR = "While a session runs, from any terminal"


def _arrange() -> None:
    panels: dict[object, str] = {name: panel for panel, names in _PANELS for name in names}
    for command in (*control.registered_commands, *looking.registered_commands):
        command.rich_help_panel = _OPERATOR
    for command in (*app.registered_commands, *sessions.registered_commands):
        command.rich_help_panel = panels.get(command.name or getattr(command.callback, "__name__", ""))
    for group in app.registered_groups:
        group.rich_help_panel = panels.get(group.name)


_arrange()


def main() -> None:
    """Entry point of the ``onetape`` command."""
    if hasattr(sys.stdout, "reconfigure"):
        # A report may hold names that a terminal's old code page cannot show; that must not stop a run.
        sys.stdout.reconfigure(errors="replace")
    with seldom_collected():  # importing makes many objects too, and all of them stay
        app()
