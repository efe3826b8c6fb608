"""What is wrong with a config: a line for each key that says what was given, what is allowed and what to write instead."""

from __future__ import annotations

import difflib
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from framework.runtime.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

#: Kind of problem, and what is allowed; filled from the problem's context.
_ALLOWED = MappingProxyType(
    {
        "greater_than": "must be above {gt:g}",
        "greater_than_equal": "must be at least {ge:g}",
        "less_than": "must be below {lt:g}",
        "less_than_equal": "must be at most {le:,.10g}",
        "finite_number": "must be a finite number",
        "float_type": "must be a number, without quotes",
        "float_parsing": "must be a number, without quotes",
        "int_type": "must be a whole number, without quotes",
        "int_parsing": "must be a whole number, without quotes",
        "int_from_float": "must be a whole number",
        "bool_type": "must be true or false, without quotes",
        "bool_parsing": "must be true or false, without quotes",
        "string_type": "must be text, in quotes",
        "string_pattern_mismatch": "must be 1d, or minutes or hours such as 5m or 1h",
        "path_type": "must be the name of a file or folder, in quotes",
        "tuple_type": "must be a list, in square brackets",
        "too_short": "must hold at least one",
        "model_type": "must be a table of keys and values",
        "dict_type": "must be a table of keys and values",
    }
)
#: A password within an address: after the user, before the host.
_PASSWORD = re.compile(r"(://[^/@:\s]*:)[^@\s]*@")
#: The same in its query.
_ASKED = re.compile(r"([?&][^=&\s]*pass[^=&\s]*=)[^&\s\"]*", re.IGNORECASE)
#: What is shown of a value at most.
_LONGEST = 60


def explain(problems: Iterable[ErrorDetails], where: str, origins: Mapping[tuple[str, ...], str]) -> str:
    """The message for ``problems`` of the config in ``where``; ``origins`` names the variable that set a key."""
    lines = list(dict.fromkeys(_line(problem, origins) for problem in problems))
    return f"{where}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{where}: {len(lines)} things are wrong:", *lines])


def _line(problem: ErrorDetails, origins: Mapping[tuple[str, ...], str]) -> str:
    names = tuple(str(part) for part in problem["loc"] if not _is_union_tag(part))
    origin = f" (set by the variable {origins[names]})" if names in origins else ""
    if problem["type"] == "extra_forbidden":
        return _unknown(names, origin, is_section=len(names) == 1 and isinstance(problem["input"], dict))
    if problem["type"] == "missing":
        return _missing(names)
    given, key = problem["input"], key_name(names)
    if problem["type"] == "value_error" and isinstance(given, dict):
        return f"{key}{origin} {allowed(problem)}"
    return f"{key} = {shown(given)}{origin}: {allowed(problem)}"


def _is_union_tag(part: object) -> bool:
    """A branch of a union stands in a problem's place too; it is no key of the user's (see ``FillsSection.fees``)."""
    return str(part).startswith("<")


def key_name(names: tuple[str, ...]) -> str:
    """A key as it is spoken of: ``mode``, ``[data]``, ``[data] start``, ``[universe] symbols, item 2``."""
    if not names:
        return "the config"
    first, *rest = names
    if not rest and _model_at(names) is None:
        return first
    path = "".join(f", item {int(name) + 1}" if name.isdigit() else f".{name}" for name in rest)
    return f"[{first}] {path.lstrip('.')}".rstrip()


def allowed(problem: ErrorDetails) -> str:
    """What may stand where ``problem`` was found."""
    context = problem.get("ctx", {})
    if problem["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        if len(choices) == 1:
            return f'this version knows only "{choices[0]}"'
        return f"choose {', '.join(choices)}{near(str(problem['input']), choices)}"
    if problem["type"] in _ALLOWED:
        hint = " (a fraction: 0.05 means 5 %)" if context.get("le") == 1 else ""
        return _ALLOWED[problem["type"]].format(**context) + hint
    return problem["msg"].removeprefix("Value error, ")


def near(given: str, names: Iterable[str]) -> str:
    """``"; did you mean X?"`` where one of ``names`` resembles ``given``, else nothing."""
    found = difflib.get_close_matches(given, list(names), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _unknown(names: tuple[str, ...], origin: str, *, is_section: bool) -> str:
    key, known = key_name(names), _known_names(names[:-1])
    kind = f"section [{key}]" if is_section else f"key {key}"
    hint = near(names[-1], known) or _elsewhere(names[-1]) or f"; known there: {', '.join(known)}"
    return f"unknown {kind}{origin}{hint}"


def _elsewhere(name: str) -> str:
    homes = [section for section in Config.model_fields if name in _known_names((section,))]
    return f"; it belongs below [{homes[0]}]" if homes else ""


def _missing(names: tuple[str, ...]) -> str:
    model = _model_at(names)
    if model is None:
        return f"{key_name(names)} is missing; {_example(_model_at(names[:-1]), names[-1])}"
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return f"section {key_name(names)} is missing; add it, and below it {' and '.join(_example(model, name) for name in needed)}"


def _example(model: type[BaseModel] | None, key: str) -> str:
    fields = {} if model is None else _fields(model)
    examples = fields[key].examples if key in fields else None
    return f"write, for example, {key} = {json.dumps(examples[0])}" if examples else f"write {key} = ..."


def shown(value: object) -> str:
    """A value as it stands in a message: cut short when it is long, and without the password of an address."""
    quoted = value is None or isinstance(value, (str, bool, list, dict))
    told = json.dumps(value, default=str, ensure_ascii=False) if quoted else str(value)
    text = _ASKED.sub(r"\1***", _PASSWORD.sub(r"\1***@", told))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _known_names(names: tuple[str, ...]) -> list[str]:
    model = _model_at(names)
    return [] if model is None else list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the name that stands in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(names: tuple[str, ...]) -> type[BaseModel] | None:
    """The model of the section or table at ``names``; ``None`` where a plain value stands."""
    model: type[BaseModel] | None = Config
    for name in names:
        fields = {} if model is None else _fields(model)
        model = _model_in(fields[name].annotation) if name in fields else None
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)
