"""Which examination ``onetape doctor`` is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from framework.app.doctor import Check


def examination(config: Path, broker: str | None, phrase: str | None) -> list[Check]:
    """What was found: of this machine and the config, or of the account at ``broker``.

    Raises:
        ConfigError: There is no such broker, or a phrase without one.
    """
    if broker is None:
        from framework.app.doctor import examine

        if phrase is not None:
            raise ConfigError("--arm is for --broker robinhood")
        return examine(config)
    if broker != "robinhood":
        raise ConfigError(f"--broker {broker}: only robinhood can be looked at")
    from framework.app.robinhood_probes import examine_robinhood
    from framework.runtime.loading import load_config

    return examine_robinhood(load_config(config), phrase)
