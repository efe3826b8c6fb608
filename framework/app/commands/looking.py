"""What a session has: read from its tape, while it runs or afterwards, from any terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from framework.app.commands.command import JsonOption, reported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

looking = typer.Typer(rich_markup_mode="rich")

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, its name below runs/, a tape file or an address; by default the newest tape.")
]
ShadowOption = Annotated[bool, typer.Option("--shadow", help="Of a live session: the fills of the model, not the venue's.")]
AllOption = Annotated[bool, typer.Option("--all", help="Those that have ended, too.")]


@looking.command(epilog="Examples:  onetape status   ·   onetape status runs/live --json")
@reported
def status(run: RunArgument = "", as_json: JsonOption = False) -> None:
    """Where a session is: when it last decided, what the account is worth, what works, what is wrong."""
    from framework.app.commands.looking_views import status_of

    told = status_of(run)
    if as_json:
        typer.echo(json.dumps(told, indent=2, allow_nan=False))
        return
    for name, value in told.items():
        typer.echo(f"{name.replace('_', ' ')}: {_shown(value)}")


@looking.command(epilog="Examples:  onetape orders   ·   onetape orders runs/live --all --json")
@reported
def orders(run: RunArgument = "", ended: AllOption = False, as_json: JsonOption = False) -> None:
    """The orders that may still fill, oldest first; with --all every order."""
    from framework.app.commands.looking_views import orders_of

    _print(orders_of(run, ended=ended), as_json=as_json)


@looking.command(epilog="Examples:  onetape positions   ·   onetape positions runs/live --json")
@reported
def positions(run: RunArgument = "", as_json: JsonOption = False) -> None:
    """What is held, at the last closes."""
    from framework.app.commands.looking_views import positions_of

    _print(positions_of(run), as_json=as_json)


@looking.command(epilog="Examples:  onetape fills   ·   onetape fills runs/live --json   ·   onetape fills --shadow")
@reported
def fills(run: RunArgument = "", shadow: ShadowOption = False, as_json: JsonOption = False) -> None:
    """What has traded, oldest first; with --shadow what the fill model made of the same orders."""
    from framework.app.commands.looking_views import fills_of, shadow_fills_of

    _print(shadow_fills_of(run) if shadow else fills_of(run), as_json=as_json)


def _print(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(list(rows), indent=2, allow_nan=False))
        return
    for line in _table(rows) or ["none"]:
        typer.echo(line)


def _table(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """A line for the names of what any row has, and one for each row; numbers stand to the right."""
    names = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    columns = [[name.replace("_", " "), *(_cell(row[name]) for row in rows)] for name in names]
    numbers = [all(isinstance(row[name], float | None) for row in rows) for name in names]
    widths = [max(map(len, column)) for column in columns]
    aligned = [
        [cell.rjust(width) if number else cell.ljust(width) for cell in column]
        for column, width, number in zip(columns, widths, numbers, strict=True)
    ]
    return ["  ".join(cells).rstrip() for cells in zip(*aligned, strict=True)]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return "" if value is None else _shown(value)


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
