"""What a sizer may do: methods, numbers with their defaults, and the codes that say what decided a size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL = "full"
CAPPED = "position_cap"
UNKNOWN = "var_unknown"
DEGENERATE = "var_degenerate"
NO_HISTORY = "kelly_unknown"
NO_EDGE = "kelly_no_edge"
NO_PRICE = "no_price"
NO_SIGNAL = "signal_not_a_number"
WEAK = "signal_below_threshold"
VAR_BUDGET = "var_budget"
EXPOSURE = "total_exposure"
TOO_SMALL = "below_minimum_value"
BELOW_LOT = "below_one_lot"
UNCHANGED = "change_too_small"

#: What a code means, for those that keep a target from being reached.
REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        NO_PRICE: "no price has been seen, or what is held cannot be valued",
        NO_SIGNAL: "the strength is not a number; nothing is changed",
        WEAK: "the strength is below [sizing] min_strength; nothing is added",
        NO_EDGE: "the closed trades show no edge, and Kelly stakes nothing",
        VAR_BUDGET: "the portfolio VaR budget ([sizing] max_portfolio_var_pct) is used up",
        EXPOSURE: "total exposure ([sizing] max_total_exposure_pct) is used up",
        TOO_SMALL: "the position would be worth less than [sizing] min_position_value",
        BELOW_LOT: "the size does not buy the least the venue trades: one share, or the part of one that [broker] fractional allows",
    }
)


class SizingMethod(StrEnum):
    """The sizer; see the table of ``rules.sizing.sizers``."""

    VAR = "var"
    CVAR = "cvar"
    ATR = "atr"
    KELLY = "kelly"
    VOLATILITY = "volatility"
    EQUAL = "equal"
    FIXED = "fixed"


class FixedUnit(StrEnum):
    """Unit of ``SizingPolicy.fixed_amount``."""

    DOLLARS = "dollars"
    SHARES = "shares"


@dataclass(frozen=True, slots=True)
class SizingPolicy:
    """What the sizer may do; fractions of equity unless the name says otherwise.

    ``max_portfolio_var_pct`` binds every method; ``None`` switches the budget off. ``assumed_var`` is charged to it for a symbol whose own
    VaR is not known or not believed, so that a fallback cannot slip under the limit. ``risk_floor`` is the lowest daily risk that is
    believed (a halted or stale symbol shows none). ``fallback_position_pct`` is the size where the risk is not believed or Kelly has no
    history.
    ``min_strength`` is the weakest signal that may add to a position.

    Raises ``ConfigError`` for a number that is not finite or is negative.
    """

    method: SizingMethod = SizingMethod.VAR
    max_position_var_pct: float = 0.005
    max_portfolio_var_pct: float | None = 0.02
    max_position_pct: float = 0.10
    max_total_exposure_pct: float = 0.80
    fallback_position_pct: float = 0.01
    assumed_var: float = 0.05
    risk_floor: float = 0.0005
    min_position_value: float = 100.0
    min_strength: float = 0.1
    risk_per_trade_pct: float = 0.01
    atr_multiple: float = 2.0
    target_volatility_pct: float = 0.10
    kelly_fraction: float = 0.25
    kelly_cap: float = 0.25
    fixed_amount: float = 1_000.0
    fixed_unit: FixedUnit = FixedUnit.DOLLARS

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, float | int) and not 0.0 <= value < math.inf:
                raise ConfigError(f"[sizing] {name} = {value}; it must be a finite number, not below 0")
        for name in ("assumed_var", "atr_multiple"):
            if getattr(self, name) == 0.0:
                raise ConfigError(f"[sizing] {name} = 0; it must be above 0, because sizes are divided by it")
