"""From a file and the environment to a ``Config``, or to one message that says which key is wrong and what would be right."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from framework.errors import ConfigError, SecretInConfigError
from framework.runtime.config import SECRET_NAME, Config
from framework.runtime.environment import environment_of, overrides
from framework.runtime.explaining import explain, key_name, near

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.runtime.environment import Override

#: More levels than any key of a config needs; a YAML alias can make a tree without end.
_DEEPEST = 8
_NOTHING: Mapping[tuple[str, ...], str] = MappingProxyType({})


def load_config(path: str | Path, environment: Mapping[str, str] | None = None) -> Config:
    """The config in ``path`` (TOML, or JSON and YAML by suffix), overridden by ``ONETAPE__SECTION__KEY`` variables.

    Relative paths are relative to the file. ``environment`` is the process's own, and a ``.env`` beside the file, by default.

    Raises:
        ConfigError: The file is missing or unreadable, or a key or value is wrong (named, with the nearest known name).
        SecretInConfigError: The file holds a secret.
    """
    path = Path(path)
    tree = _parsed(path)
    origins: dict[tuple[str, ...], str] = {}
    for override in overrides(environment_of(path.parent) if environment is None else environment):
        _set(tree, override)
        origins[override.names] = override.variable
    config, folder = validated(tree, path.name, origins), path.resolve().parent
    # An absolute path stays what it is when it is put behind a folder.
    places = {name: folder / place for name in ("path", "actions", "finer_path") if (place := getattr(config.data, name)) is not None}
    config = config.model_copy(update={"data": config.data.model_copy(update=places)})
    if config.limits.sectors_file is not None:
        limits = config.limits.model_copy(update={"sectors_file": folder / config.limits.sectors_file})
        config = config.model_copy(update={"limits": limits})
    if config.fills.slippage.file is not None:
        slippage = config.fills.slippage.model_copy(update={"file": folder / config.fills.slippage.file})
        config = config.model_copy(update={"fills": config.fills.model_copy(update={"slippage": slippage})})
    return config


def _parsed(path: Path) -> dict[str, object]:
    tree = _decoded(path, _text(path))
    if not isinstance(tree, dict):
        found = "is empty" if tree is None else f"holds a {type(tree).__name__}"
        raise ConfigError(f"{path.name} {found}; it must hold sections with keys (`onetape init` writes an example)")
    return tree


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"config file {path} does not exist{_near_file(path)}; `onetape init` writes one") from None
    except IsADirectoryError:
        raise ConfigError(f"config file {path} is a folder; name the file in it, such as {path / 'onetape.toml'}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"config file {path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"config file {path} cannot be read: {error.strerror}; check its name and permissions") from None


def _near_file(path: Path) -> str:
    try:
        return near(path.name, sorted(entry.name for entry in path.parent.iterdir() if entry.is_file()))
    except OSError:
        return ""


def _decoded(path: Path, text: str) -> object:
    kind = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML"}.get(path.suffix, "TOML")
    try:
        if kind == "YAML":
            return _yaml(text)
        return json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except ValueError as error:  # tomllib and json both derive their errors from it
        raise ConfigError(
            f"{path.name} is not valid {kind}: {error}; correct it there, or start from the file `onetape init` writes"
        ) from None
    except RecursionError:
        raise ConfigError(f"{path.name} is nested too deeply; a config has sections with keys, no more") from None


def _yaml(text: str) -> object:
    try:
        import yaml
    except ImportError:
        raise ConfigError('a YAML config needs PyYAML: pip install "onetape[yaml]"') from None
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f" (at line {mark.line + 1}, column {mark.column + 1})"
        raise ValueError(f"{error.problem}{place}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _set(tree: dict[str, object], override: Override) -> None:
    for name in override.names[:-1]:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"the variable {override.variable} sets a key below {name}, which is a single value, not a section")
        tree = inner
    tree[override.names[-1]] = _value(override.text)


def _value(text: str) -> object:
    """A variable's text as TOML would read it (numbers, booleans, lists, tables), else as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def validated(tree: Mapping[str, object], where: str, origins: Mapping[tuple[str, ...], str] = _NOTHING) -> Config:
    """``tree`` as a ``Config``; ``where`` names it in messages, ``origins`` the variables that set some of its keys.

    Raises:
        ConfigError: Every wrong key and value, a line each.
        SecretInConfigError: A key is called like a secret.
    """
    _refuse_secrets(tree, where, ())
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(explain(error.errors(), where, origins)) from None


def _refuse_secrets(tree: object, where: str, names: tuple[str, ...]) -> None:
    if len(names) > _DEEPEST:
        raise ConfigError(f"{where}: {key_name(names[:2])} is nested too deeply; a config has sections with keys, no more")
    for key, value in _children(tree):
        place = (*names, key)
        if SECRET_NAME.search(key):
            raise SecretInConfigError(
                f"{where}: {key_name(place)} looks like a secret; a config must not hold one. Move it to the environment, "
                ".env or the keyring, and change it: it has been on disk in clear"
            )
        _refuse_secrets(value, where, place)


def _children(tree: object) -> list[tuple[str, object]]:
    if isinstance(tree, dict):
        return [(str(key), value) for key, value in tree.items()]
    return [(str(index), value) for index, value in enumerate(tree)] if isinstance(tree, list) else []
