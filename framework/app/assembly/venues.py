"""From the config to the rules of the venue that is imitated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.order import TimeInForce
from framework.domain.venue import venue
from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.domain.venue import Capabilities
    from framework.runtime.config import Config

#: Any micro-dollar is a price.
_NO_TICKS = ((0, 1),)


def venue_of(config: Config) -> Capabilities:
    """The venue's rules; a cash account has no short sales anywhere. backtrader's own broker knows no ticks, collar or reserved shares.

    Raises:
        ConfigError: Parts of a share are to be traded with a time in force in which the venue has none.
    """
    rules = venue(config.broker.name, fractional=config.broker.fractional)
    force = TimeInForce(config.orders.time_in_force)
    if rules.fractional and force not in rules.fractional_forces:
        allowed = " or ".join(f'"{one}"' for one in sorted(rules.fractional_forces))
        raise ConfigError(
            f'[broker] fractional = true with [orders] time_in_force = "{force}": {rules.name} takes parts of a share for the day only; '
            f"set [orders] time_in_force = {allowed}"
        )
    if config.account.type == "cash":
        rules = replace(rules, shorting=False)
    if config.fills.compat == "backtrader":
        return replace(rules, ticks=_NO_TICKS, collar_millionths=0, reserves_shares=False, takes_passed_stops=True)
    return rules
