"""Limits, sizing caps and breakers that an operator has set otherwise for a while; at the end of it the config's are back.

They end by the time of decisions, not by a clock, so that a session taken again from its tape ends them at the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from framework.errors import ConfigError
from framework.rules.guards import state as guards
from framework.rules.pretrade.validator import PreTradeValidator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.engine.desk import Desk
    from framework.engine.policies import Policies

SECOND = 1_000_000_000
#: The longest time an override is given for, seconds.
LONGEST = 7 * 86_400
_LIMITS = (
    "max_position_pct", "max_position_risk_pct", "max_sector_exposure_pct", "max_total_exposure_pct", "max_portfolio_heat_pct",
    "max_portfolio_var_pct", "max_turnover_pct_per_day", "max_average_volume_pct", "max_correlation", "max_positions",
    "max_orders_per_bar", "max_orders_per_day", "min_order_value_dollars", "max_order_value_dollars", "price_band_pct",
)  # fmt: skip
_SIZING = ("max_position_pct", "max_total_exposure_pct", "max_position_var_pct", "max_portfolio_var_pct")
#: What a breaker's limit is called in the config, and the breaker.
_GUARDS: Mapping[str, str] = MappingProxyType(
    {
        "max_daily_loss_pct": guards.DAILY_LOSS,
        "max_drawdown_pct": guards.DRAWDOWN,
        "max_consecutive_losses": guards.CONSECUTIVE_LOSSES,
        "profit_give_back": guards.PROFIT_PROTECTION,
        "max_violations": guards.EMERGENCY_SHUTDOWN,
        "max_missed_bars": guards.STALE_DATA,
        "max_broker_errors": guards.BROKER_ERRORS,
    }
)
NAMES = (*(f"limits.{name}" for name in _LIMITS), *(f"sizing.{name}" for name in _SIZING), *(f"guards.{name}" for name in _GUARDS))


@dataclass(frozen=True, slots=True)
class Override:
    """``name``, such as limits.max_position_pct, is ``value`` until ``until`` (ns UTC)."""

    name: str
    value: float
    until: int


def checked(name: str, value: object, seconds: object) -> tuple[str, float, float]:
    """An override as it was asked for.

    Raises:
        ConfigError: There is no such name, the value is no number, or the time is too long.
    """
    if name not in NAMES:
        raise ConfigError(f"{name!r} cannot be overridden; these can: {', '.join(NAMES)}")
    for what, number in (("value", value), ("time", seconds)):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < float("inf"):
            raise ConfigError(f"override of {name}: the {what} is {number!r}; it must be a number not below 0")
    given, length = float(str(value)), float(str(seconds))
    if not 0 < length <= LONGEST:
        raise ConfigError(f"override of {name}: it is for {length:g} seconds; it must be above 0 and at most a week")
    return name, given, length


class Overrides:
    """What is overridden at ``desk``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._base: Policies = desk.policies
        self._active: dict[str, Override] = {}

    def give(self, now: int, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Override what ``arguments`` name (name, value, seconds) from ``now`` on (ns UTC); returns what came of it.

        A breaker that has tripped by the limit is released; by the new one it trips again where that is reached too.
        """
        try:
            name, value, seconds = checked(str(arguments.get("name")), arguments.get("value"), arguments.get("seconds"))
            one = Override(name, value, now + round(seconds * SECOND))
            self._apply({**self._active, name: one})
        except ConfigError as error:
            return {"refused": str(error)}
        section, _, key = name.partition(".")
        if section == "guards":
            self._desk.breakers.on_override(now, _GUARDS[key])
        return {"override": name, "value": value, "until": one.until}

    def expire(self, now: int) -> None:
        """End those whose time is over at a decision of ``now`` (ns UTC)."""
        over = [name for name, one in self._active.items() if one.until <= now]
        if not over:
            return
        self._apply({name: one for name, one in self._active.items() if name not in over})
        for name in over:
            section, _, key = name.partition(".")
            if section == "guards":
                self._desk.breakers.on_limit(now, _GUARDS[key])

    def _apply(self, active: Mapping[str, Override]) -> None:
        base, values = self._base, {name: one.value for name, one in active.items()}
        changed = replace(
            base,
            limits=replace(base.limits, **_of(values, "limits")),
            sizing=replace(base.sizing, **_of(values, "sizing")),
            guards=None if base.guards is None else replace(base.guards, **_of(values, "guards")),
        )
        if base.guards is None and _of(values, "guards"):
            raise ConfigError("the breakers are switched off in this session ([guards] enabled = false): there is nothing to override")
        self._active, self._desk.policies = dict(active), changed
        self._desk.validator = PreTradeValidator(changed.limits, self._desk.broker.capabilities)
        self._desk.breakers.follow(changed.guards)


def _of(values: Mapping[str, float], section: str) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{section}.")}
