"""Who is told: the targets of [alerts], their addresses from the environment, ``.env`` or the keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.app.checks.doctor import Check
from framework.errors import ConfigError
from framework.runtime.alerts import Alert, Alerts, Channel, RateGate, Severity, delivered
from framework.runtime.clock import MonotonicClock
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from framework.runtime.config import Config

#: The address that needs no config: everything goes there.
ALERT_URL = "ONETAPE_ALERT_URL"


def channels_of(config: Config, secrets: SecretStore) -> list[Channel]:
    """The targets of the config, and that of ``ONETAPE_ALERT_URL`` unless one of them is it.

    Raises:
        ConfigError: A target's address is nowhere.
    """
    targets = sorted(config.alerts.targets.items())
    found = [Channel(secrets.need(target.variable), Severity[target.least.upper()], name) for name, target in targets]
    plain = secrets.find(ALERT_URL)
    if plain is not None and all(target.variable != ALERT_URL for _, target in targets):
        found.append(Channel(plain))
    return found


def alerts_of(config: Config, channels: list[Channel], redact: Callable[[str], str]) -> Alerts | None:
    """Alerts to ``channels`` at the pace of the config; ``None`` where nobody is to be told.

    Raises:
        ConfigError: The extra ``alerts`` is not installed, or an address is not understood.
    """
    section = config.alerts
    gate = RateGate(MonotonicClock(), section.quiet_seconds, section.most_an_hour)
    return Alerts(channels, redact, gate) if channels else None


def examine_alerts(config: Config, beside: Path) -> list[Check]:
    """Send every target of ``config`` a test alert, and say which took it; a target that hears less gets it too.

    Raises:
        ConfigError: A target's address is nowhere, or there is no target.
    """
    redact = Redactor()
    channels = channels_of(config, SecretStore(beside, redact))
    if not channels:
        raise ConfigError(f"there is nobody to tell: give [alerts] a target, or set {ALERT_URL}; see docs/sessions.md")
    return [_examined(channel) for channel in channels]


def _examined(channel: Channel) -> Check:
    """Its severity is the least that goes there, so that a filter of the service is tried, too."""
    test = Alert(channel.least, "test alert", "onetape doctor --alerts sent this; nothing is wrong")
    passed = delivered(channel, test)
    name = f"alerts {channel.name or channel.url.name}"
    told = f"hears {channel.least.name.lower()} and above"
    return Check(
        name, passed, f"delivered; {told}" if passed else f"not delivered to the address in {channel.url.name}; check it, and the network"
    )
