"""The configuration as the models have it: every key with its type, default, range, meaning and an example."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

from wording import prose, table

from data.finding import FindingKind
from data.policy import POLICIES
from framework.rules.pretrade.risk_limits import PROFILES
from framework.runtime.config import Config
from framework.runtime.environment import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true, false", "object": "table"}
_FORMATS = {"path": "file or folder", "date": "date"}
_BOUNDS = (
    ("exclusiveMinimum", "above"),
    ("minimum", "at least"),
    ("gt", "above"),
    ("ge", "at least"),
    ("lt", "below"),
    ("le", "at most"),
)
#: What the comment behind each kind says.
_FOUND = dict(re.findall(r'= "(\w+)"  # (.+)', inspect.getsource(FindingKind)))

Schema = dict[str, Any]


def sections() -> list[tuple[str, Schema]]:
    """Every table of the configuration by its name in the file, with its schema; ``""`` is the file itself."""
    root = Config.model_json_schema()
    named = {name: _resolved(one, root) for name, one in root["properties"].items()}
    found: list[tuple[str, Schema]] = [("", {"properties": {name: one for name, one in named.items() if "properties" not in one}})]
    for name, one in named.items():
        if "properties" in one or one.get("type") == "object":
            found.append((name, one))
            found += [(f"{name}.{key}", value) for key, value in _inner(one, root) if "properties" in value]
    return found


def _inner(schema: Schema, root: Schema) -> Iterator[tuple[str, Schema]]:
    """The keys of a table, and for a table of tables what each of them holds, below a name of the user's."""
    for key, one in schema.get("properties", {}).items():
        yield key, _resolved(one, root)
        if "$ref" in (named := one.get("additionalProperties") or {}):
            yield f"{key}.NAME", _resolved(named, root)


def _resolved(schema: Schema, root: Schema) -> Schema:
    """``schema`` with the table it refers to, alone or as one of several forms."""
    for one in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        if "$ref" in one:
            found: Schema = root["$defs"][one["$ref"].rpartition("/")[2]]
            return found
    return schema


def configuration() -> str:
    """The whole page below its introduction."""
    parts = [_section(name, schema) for name, schema in sections()]
    return "\n\n".join([*parts, _policies(), _variables()])


def _section(name: str, schema: Schema) -> str:
    keys = schema.get("properties", {})
    heading = f"{'###' if '.' in name else '##'} {f'[{name}]' if name else 'Top of the file'}"
    if not keys:
        return f"{heading}\n\n{prose(schema.get('description', ''))}"
    rows = [_row(name, key, one, required=key in schema.get("required", ())) for key, one in keys.items()]
    text = prose(schema.get("description", "")) if name else ""
    parts = (heading, text, table(("key", "type", "default", "allowed", "meaning"), rows), _example(name, keys))
    return "\n\n".join(part for part in parts if part)


def _row(section: str, key: str, schema: Schema, *, required: bool) -> tuple[str, ...]:
    return f"`{key}`", kind(schema), _default(section, key, schema, required=required), allowed(schema), schema.get("description", "")


def _forms(schema: Schema) -> list[Schema]:
    """The forms a value may have, ``null`` left out: TOML has none, the key is left out."""
    forms: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    return [one for one in forms if one.get("type") != "null"]


def kind(schema: Schema) -> str:
    """The type in words."""
    return " or ".join(dict.fromkeys(_kind(one) for one in _forms(schema)))


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return "table"
    if schema.get("type") == "array":
        inner = schema.get("items", {})
        return f"list of {'pairs' if inner.get('type') == 'array' else _kind(inner)}"
    return _FORMATS.get(schema.get("format", ""), _KINDS.get(schema.get("type", ""), "text"))


def allowed(schema: Schema) -> str:
    """The values or the range."""
    found = []
    for one in _forms(schema):
        values = one.get("enum") or one.get("items", {}).get("enum") or ([one["const"]] if "const" in one else [])
        found.append(", ".join(f"`{value}`" for value in values) or _range(one))
    return " or ".join(part for part in found if part)


def _range(schema: Schema) -> str:
    return ", ".join(f"{word} {schema[name]:,.12g}" for name, word in _BOUNDS if name in schema)


def _default(section: str, key: str, schema: Schema, *, required: bool) -> str:
    if required:
        return "required"
    if section == "limits" and schema.get("default") is None and hasattr(PROFILES["venue"], key):
        return _of_profiles(key)
    value = schema.get("default")
    return "" if value in (None, {}, []) else f"`{_toml(example({'default': value}))}`"


def _of_profiles(key: str) -> str:
    """What the two profiles say of a limit."""
    values = {name: getattr(limits, key) for name, limits in PROFILES.items()}
    said = {name: "no limit" if value is None else f"`{_toml(value)}`" for name, value in values.items()}
    return said["conservative"] if len(set(said.values())) == 1 else f"{said['conservative']}; venue: {said['venue']}"


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(one)}' for key, one in value.items())} }}"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else str(value)
    return json.dumps(value)


def example(schema: Schema) -> object:
    """A value that may stand there: the first example, else the default, else the first allowed one."""
    if schema.get("examples"):
        return schema["examples"][0]
    value = schema.get("default")
    return value["model"] if isinstance(value, dict) and "model" in value else value


def _example(name: str, keys: dict[str, Schema]) -> str:
    lines = [f"{key} = {_toml(example(one))}" for key, one in keys.items() if _has_a_value(one, name)]
    head = [f"[{name}]"] if name else []
    return "\n".join(["```toml", *head, *lines, "```"])


def _has_a_value(schema: Schema, section: str) -> bool:
    """Whether a key is written in a line: a table of tables has a section of its own, and without an example there is nothing to show."""
    told = "properties" not in schema or section == "fills"
    return told and "$ref" not in (schema.get("additionalProperties") or {}) and example(schema) is not None


def _policies() -> str:
    rows = [(f"`{one}`", _FOUND[one], ", ".join(f"`{value}`" for value in values)) for one, values in POLICIES.items()]
    return f"## [data.policy]\n\nThe first policy of each kind is the default.\n\n{table(('key', 'found', 'policies'), rows)}"


def _variables() -> str:
    rows = [(f"`{name}`", f"`[{key[0]}] {key[1]}`") for name, key in ALIASES]
    rows += [("`HRP_USE_VAR_SIZING`", "`[sizing] method`: `var` where it is true, else `equal`")]
    rows += [("`HRP_AUTO_STOP_LOSS_PCT`", "`[stops] method` and `percent`; 0.05 is 5 %")]
    return f"## Variables with names of their own\n\n{table(('variable', 'sets'), rows)}"
