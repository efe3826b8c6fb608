"""A config as it was resolved: in words for a person, as a hash for a comparison."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from framework.runtime.config import Config


#: Sections that change no decision.
_WATCHING = MappingProxyType({"shadow": True, "promotion": True, "alerts": True, "session": True})


def config_hash(config: Config) -> str:
    """SHA-256, hexadecimal, of everything in ``config`` but where files lie and who is told: of what decides."""
    return _digest(_portable(config))


def config_hasher(config: Config) -> Callable[[Mapping[str, object]], str]:
    """``config_hash`` of ``config`` with other parameters of the strategy, for many of them."""
    tree = _portable(config)
    section: dict[str, object] = tree["strategy"]  # type: ignore[assignment]
    before, after = _around(tree, "strategy")
    within = _around(section, "params")
    begun, rest = hashlib.sha256((before + within[0]).encode()), (within[1] + after).encode()

    def hashed(params: Mapping[str, object]) -> str:
        found = begun.copy()
        found.update(json.dumps({**params}, sort_keys=True).encode())
        found.update(rest)
        return found.hexdigest()

    return hashed


def _around(tree: Mapping[str, object], name: str) -> tuple[str, str]:
    """What ``json.dumps`` writes before and after the value of ``name``."""
    parts = {key: f"{json.dumps(key)}: {json.dumps(tree[key], sort_keys=True)}" for key in sorted(tree) if key != name}
    before = "".join(f"{text}, " for key, text in parts.items() if key < name)
    return f"{{{before}{json.dumps(name)}: ", "".join(f", {text}" for key, text in parts.items() if key > name) + "}"


def _digest(tree: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _portable(config: Config) -> dict[str, object]:
    """The config without what differs between machines; a file of fitted parameters counts by what is in it."""
    tree: dict[str, object] = config.model_dump(
        mode="json",
        by_alias=True,
        exclude={
            "data": {"path", "actions", "finer_path"},
            "limits": {"sectors_file"},
            "fills": {"slippage": {"file"}},
            "tape": {"url"},
            **_WATCHING,
        },
    )
    fitted = config.fills.slippage.file
    return tree if fitted is None else tree | {"fitted": hashlib.sha256(fitted.read_bytes()).hexdigest()}


def config_text(config: Config, without: Collection[str] = ()) -> str:
    """The config as resolved, as TOML, without some sections; it holds no secrets, since none can be in it."""
    import tomli_w

    tree = config.model_dump(mode="python", by_alias=True, exclude_none=True)
    for section, key in (("data", "path"), ("data", "actions"), ("data", "finer_path"), ("limits", "sectors_file")):
        if key in tree[section]:
            tree[section][key] = str(tree[section][key])
    if "file" in tree["fills"]["slippage"]:
        tree["fills"]["slippage"]["file"] = str(tree["fills"]["slippage"]["file"])
    if config.fills.compat != "none":  # which has its own rules for these, and takes them from nobody
        tree["fills"] = {name: value for name, value in tree["fills"].items() if name not in {"path", "limit_fill", "max_volume_share"}}
    tree = {name: value for name, value in tree.items() if value != {} and name not in without}
    return tomli_w.dumps(tree)
