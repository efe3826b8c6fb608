"""The command line as its parsers have it: every command with its arguments and options. Typer's classes for them have no public name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from typer.main import get_command
from wording import prose, table

from framework.app.commands.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command that does something, by what one types."""
    yield from _below("onetape", get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from _below(f"{name} {word}", one)


def commands() -> str:
    """A section for each command."""
    return "\n\n".join(_section(name, command) for name, command in every_command())


def _section(name: str, command: Any) -> str:
    needed = [_usage(one) for one in command.params if one.param_type_name == "argument" or one.required]
    rows = table(("", "", "default"), map(_row, command.params))
    return "\n\n".join([f"## {name}", _help(command.help or ""), f"    {' '.join([name, *needed])}", rows, *_examples(command)])


def _usage(one: Any) -> str:
    """An argument, or an option that must be given."""
    if one.param_type_name == "option":
        return f"{one.opts[0]} {_value(one)}"
    name = _value(one).strip("[]")
    return name if one.required else f"[{name}]"


def _value(one: Any) -> str:
    return str(one.metavar or one.name.upper())


def _row(one: Any) -> tuple[str, str, str]:
    if one.param_type_name == "argument":
        names = [_value(one).strip("[]")]
    else:
        value = "" if one.is_flag else f" {_value(one)}"
        names = [f"{flag}{value}" for flag in (*one.opts, *one.secondary_opts)]
    return ", ".join(f"`{name}`" for name in names), _help(one.help or ""), _default(one)


def _default(one: Any) -> str:
    if isinstance(one.show_default, str):
        return one.show_default
    return (
        "required" if one.required else "" if one.default in (None, False) else f"`{one.opts[0] if one.default is True else one.default}`"
    )


def _help(text: str) -> str:
    """Help without what marks it up for a terminal."""
    return prose(re.sub(r"\[/?(?:bold|dim|italic)\]", "", text)).replace("<", "&lt;")


def _examples(command: Any) -> list[str]:
    told, _, text = (command.epilog or "").partition(":")
    return ["\n".join(f"    {line.strip()}" for line in text.split("·"))] if told == "Examples" else []
