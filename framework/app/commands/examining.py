"""Which examination ``onetape doctor`` is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from framework.app.checks.doctor import Check


def examination(config: Path, broker: str | None, phrase: str | None, *, alerts: bool) -> list[Check]:
    """What was found: of this machine and the config, of the account at ``broker``, or of who is told (``alerts``).

    Raises:
        ConfigError: There is no such broker, a phrase without one, or a broker and alerts at once.
    """
    if alerts:
        from framework.app.arming.alerting import examine_alerts
        from framework.runtime.loading import load_config

        if broker is not None or phrase is not None:
            raise ConfigError("--alerts is looked at by itself; leave --broker and --arm out")
        return examine_alerts(load_config(config), config.resolve().parent)
    if broker is None:
        from framework.app.checks.doctor import examine

        if phrase is not None:
            raise ConfigError("--arm is for --broker robinhood")
        return examine(config)
    if broker != "robinhood":
        raise ConfigError(f"--broker {broker}: only robinhood can be looked at")
    from framework.app.checks.robinhood_probes import examine_robinhood
    from framework.runtime.loading import load_config

    return examine_robinhood(load_config(config), phrase)
