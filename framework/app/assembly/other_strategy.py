"""A config with another strategy than its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from framework.runtime.config import Config
from framework.runtime.loading import load_config, validated


def with_strategy(settings: Config, place: str) -> Config:
    """``settings`` for the strategy at ``place``, "module:Class"; parameters and set-up belong to the one they were written for.

    Raises:
        ConfigError: ``place`` is none.
    """
    checked = validated({"strategy": {"class": place}, "universe": {"symbols": settings.universe.symbols}}, "--strategy")
    return settings.model_copy(update={"strategy": checked.strategy})


def with_class(config: str | Path | Config | Mapping[str, object], kind: type[object]) -> Config:
    """``config`` for the class ``kind``, which may stand in no file; the section of a dict keeps its ``params``.

    Raises:
        ConfigError: The config is wrong.
    """
    place = f"{kind.__module__}:{kind.__name__}"
    if isinstance(config, Mapping):
        section = config.get("strategy", {})
        named = {**section, "class": place} if isinstance(section, Mapping) else section
        return validated({**config, "strategy": named}, "config")
    return with_strategy(config if isinstance(config, Config) else load_config(Path(config)), place)
