"""Every strategy that comes with the project, from its class, in the order of the page about strategies."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

from repository_page import ROOT
from wording import prose, table

from framework.engine.strategy import parameters_of

_PARAMETER = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*): (?P<says>.+(?:\n {5,}.+)*)", re.MULTILINE)


def strategies() -> str:
    """A section for each class: what its docstring says, and its parameters with their defaults."""
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    places = re.findall(r"^\| `(strategies\.\w+):(\w+)` \|", page, re.MULTILINE)
    return "\n\n".join(_section(getattr(import_module(module), name)) for module, name in places)


def _section(kind: type) -> str:
    text, _, parameters = inspect.cleandoc(kind.__doc__ or "").partition("\nParameters:\n")
    told = [(match["names"].split(", "), " ".join(match["says"].split())) for match in _PARAMETER.finditer(parameters)]
    said = {name: says for names, says in told for name in names}
    rows = [
        (f"`{name}`", f"`{one.__name__}`", f"`{getattr(kind, name)!r}`", said.get(name, "")) for name, one in parameters_of(kind).items()
    ]
    head = f'## {kind.__name__}\n\n`class = "{kind.__module__}:{kind.__name__}"`'
    return prose(f"{head}\n\n{text.strip()}\n\n{table(('parameter', 'type', 'default', 'meaning'), rows)}")
