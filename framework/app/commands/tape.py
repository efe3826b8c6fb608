"""What one does with a tape: prove it, make its tables again, take its views elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from framework.app.commands.command import reported
from framework.errors import BadDataError, TapeError

tape = typer.Typer(
    help="Prove a tape, make its tables again, take its views elsewhere.",
    epilog="Examples:  onetape tape verify runs/live   ·   onetape tape export runs/live --format parquet --out audit",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

RunArgument = Annotated[str, typer.Argument(metavar="RUN_OR_URL", help="A run folder, its name below runs/, a tape file or an address.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else there.")]


@tape.command(epilog="Examples:  onetape tape verify runs/20260131T153000Z-backtest-SmaCross   ·   onetape tape verify postgresql:///tape")
@reported
def verify(run: RunArgument, as_json: JsonOption = False) -> None:
    """Follow the whole chain; exit 1 with the first event that is not what was written."""
    from framework.app.folders import tape_reading
    from framework.app.folders.tape_place import tape_place

    try:
        count, trouble = tape_reading.verify(tape_place(run).place), ""
    except (BadDataError, TapeError) as error:
        count, trouble = None, str(error)
    if as_json:
        typer.echo(json.dumps({"verified": not trouble, "events": count, "trouble": trouble}))
    elif trouble:
        typer.echo(f"error: {trouble}", err=True)
    else:
        typer.echo(f"{count} events, each one as it was written")
    if trouble:
        raise typer.Exit(1)


@tape.command(epilog="Examples:  onetape tape rebuild runs/live   ·   then:  sqlite3 runs/live/views.db 'SELECT * FROM live_positions'")
@reported
def rebuild(run: RunArgument, as_json: JsonOption = False) -> None:
    """Make the tables orders, fills, executed_trades, live_positions, equity and lineage again from the events."""
    from framework.app.folders import tape_reading
    from framework.app.folders.tape_place import tape_place

    where, rows = tape_reading.rebuild(tape_place(run).place)
    if as_json:
        typer.echo(json.dumps({"tables": where, "rows": dict(rows)}))
    else:
        typer.echo(f"{where}: " + ", ".join(f"{name} {count}" for name, count in rows.items()))


@tape.command(
    epilog="Examples:  onetape tape export runs/live --format parquet --out audit   ·   onetape tape export runs/live --format csv"
)
@reported
def export(
    run: RunArgument,
    format_: Annotated[str, typer.Option("--format", help="csv, jsonl or parquet.")] = "csv",
    out: Annotated[Path, typer.Option(help="The folder for the files, one a view.")] = Path("export"),
    as_json: JsonOption = False,
) -> None:
    """Write every view to a file; times are ns UTC, money and shares whole millionths."""
    from framework.app.folders import tape_reading
    from framework.app.folders.tape_place import tape_place
    from framework.runtime.tape.tables import export_views

    paths = export_views(tape_reading.views(tape_place(run).place), out, format_)
    if as_json:
        typer.echo(json.dumps({"written": [str(path) for path in paths]}))
    else:
        for path in paths:
            typer.echo(f"wrote {path}")
