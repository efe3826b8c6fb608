"""From a file and the environment to a ``Config``, or to one sentence that says which key is wrong and what would be right."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ValidationError

from framework.errors import ConfigError, SecretInConfigError
from framework.runtime.config import SECRET_NAME, Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "ONETAPE__"

#: Variable names of the requirement documents, and the key each one sets.
ALIASES = (
    ("HRP_MAX_PORTFOLIO_VAR_PCT", ("sizing", "max_portfolio_var_pct")),
    ("HRP_MAX_POSITION_VAR_PCT", ("sizing", "max_position_var_pct")),
)


def load_config(path: str | Path, environment: Mapping[str, str] | None = None) -> Config:
    """The config in ``path`` (TOML, or JSON and YAML by suffix), overridden by ``ONETAPE__SECTION__KEY`` variables.

    Relative data paths are relative to the file. ``environment`` is the process's own by default.

    Raises:
        ConfigError: The file is missing or unreadable, or a key or value is wrong (named, with the nearest known name).
        SecretInConfigError: The file holds a secret.
    """
    path = Path(path)
    tree = _parsed(path)
    _refuse_secrets(tree, path.name)
    for names, value in _overrides(os.environ if environment is None else environment):
        _set(tree, names, value)
    config = validated(tree, path.name)
    if config.data.path is None or config.data.path.is_absolute():
        return config
    data = config.data.model_copy(update={"path": path.resolve().parent / config.data.path})
    return config.model_copy(update={"data": data})


def _parsed(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"config file {path} does not exist; `onetape init` writes one") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"config file {path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"config file {path} cannot be read: {error.strerror}") from None
    tree = _decoded(path, text)
    if not isinstance(tree, dict):
        raise ConfigError(f"{path.name} holds a {type(tree).__name__}, not sections with keys")
    return tree


def _decoded(path: Path, text: str) -> object:
    try:
        if path.suffix == ".json":
            return json.loads(text)
        if path.suffix in {".yaml", ".yml"}:
            return _yaml(text)
        return tomllib.loads(text)
    except ValueError as error:  # tomllib and json both derive their errors from it
        raise ConfigError(f"{path.name} cannot be read: {error}") from None


def _yaml(text: str) -> object:
    try:
        import yaml
    except ImportError:
        raise ConfigError('a YAML config needs PyYAML: pip install "onetape[yaml]"') from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _refuse_secrets(tree: object, where: str, path: tuple[str, ...] = ()) -> None:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if SECRET_NAME.search(str(key)):
            name = ".".join((*path, str(key)))
            raise SecretInConfigError(
                f"{where}: {name} looks like a secret; a config file must not hold one. Move it to the environment, .env or the keyring, "
                "and change it: it has been on disk in clear"
            )
        _refuse_secrets(value, where, (*path, str(key)))


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    aliases = dict(ALIASES)
    for name in sorted(environment):
        if name in aliases:
            yield aliases[name], environment[name]
    for name in sorted(environment):
        if name.startswith(PREFIX):
            yield tuple(name.removeprefix(PREFIX).lower().split("__")), environment[name]
    if environment.get("HRP_USE_VAR_SIZING"):
        yield ("sizing", "method"), "var" if _is_true(environment["HRP_USE_VAR_SIZING"]) else "equal"
    if environment.get("HRP_AUTO_STOP_LOSS_PCT"):
        yield ("stops", "method"), "percent"
        yield ("stops", "percent"), str(_percent(environment["HRP_AUTO_STOP_LOSS_PCT"]))


def _is_true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on"}


def _percent(text: str) -> float:
    """The requirement documents write 5 % as 0.05."""
    try:
        return float(text) * 100.0
    except ValueError:
        raise ConfigError(f"HRP_AUTO_STOP_LOSS_PCT = {text!r} is not a number; 0.05 means 5 %") from None


def _set(tree: dict[str, object], names: tuple[str, ...], text: str) -> None:
    for name in names[:-1]:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{PREFIX}{'__'.join(names).upper()}: {name} is a single value, not a section")
        tree = inner
    tree[names[-1]] = _value(text)


def _value(text: str) -> object:
    """A variable's text as TOML would read it (numbers, booleans, lists, tables), else as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def validated(tree: Mapping[str, object], where: str) -> Config:
    """``tree`` as a ``Config``.

    Raises:
        ConfigError: Every wrong key and value, a line each.
    """
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        lines = [_explain(dict(problem)) for problem in error.errors()]
        raise ConfigError(f"{where}: " + "\n".join(dict.fromkeys(lines))) from None


def _explain(problem: dict[str, object]) -> str:
    place = problem["loc"]
    names = [str(part) for part in place if not _is_union_tag(str(part))] if isinstance(place, tuple) else []
    key = _key(names)
    if problem["type"] == "extra_forbidden":
        known = _known_names(names[:-1])
        near = difflib.get_close_matches(names[-1], known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known) or 'nothing in this version'}"
        return f"unknown key {key}; {hint}"
    if problem["type"] == "missing":
        return f"{key} is missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    given = problem["input"]
    return f"{key}: {message}" if isinstance(given, dict) else f"{key} = {given!r}: {message}"


def _is_union_tag(part: str) -> bool:
    """Pydantic names the branch of a union in an error's place; it is no key of the user's."""
    return part in {"Fees", "bool", "int", "float", "str"} or part.startswith(("literal[", "function-"))


def _key(names: list[str]) -> str:
    return f"[{names[0]}] {'.'.join(names[1:])}" if len(names) > 1 else ".".join(names) or "the config"


def _known_names(names: list[str]) -> list[str]:
    model: type[BaseModel] = Config
    for name in names:
        fields = {field.alias or key: field for key, field in model.model_fields.items()}
        inner = _model_in(fields[name].annotation) if name in fields else None
        if inner is None:
            return []
        model = inner
    return [field.alias or key for key, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
