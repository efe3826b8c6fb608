"""A config with another strategy than its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.runtime.loading import validated

if TYPE_CHECKING:
    from framework.runtime.config import Config


def with_strategy(settings: Config, place: str) -> Config:
    """``settings`` for the strategy at ``place``, "module:Class"; parameters and set-up belong to the one they were written for.

    Raises:
        ConfigError: ``place`` is none.
    """
    checked = validated({"strategy": {"class": place}, "universe": {"symbols": settings.universe.symbols}}, "--strategy")
    return settings.model_copy(update={"strategy": checked.strategy})
