"""What an entry may not exceed: the limits, their defaults and the two profiles."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import OrderType
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: No limit is meant to be larger; products with prices and quantities stay finite.
LARGEST = 1e15
#: Safety of a first live run: entries as limit orders and nothing else.
LIMIT_ONLY = frozenset({OrderType.LIMIT})


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """All limits on entries; ``None`` is no limit. ``_pct`` is a fraction (0.05 = 5 %), of equity unless said otherwise.

    The defaults are the profile ``conservative``: the numbers of the requirements, and no limit where they give none.
    A limit whose figure is not known (a VaR, a market capitalisation) refuses: what cannot be measured is not allowed.

    Attributes:
        max_position_pct: Value of one position, working entries included.
        max_position_risk_pct: Loss of one position at its stop; without a stop its whole value is at risk.
        max_sector_exposure_pct: Sum of |value| in one sector.
        max_total_exposure_pct: Sum of |value| of all positions.
        max_portfolio_heat_pct: Sum of the losses of all positions at their stops.
        max_portfolio_var_pct: Simple sum of the one-day VaR of all positions, after the trade.
        max_turnover_pct_per_day: Value traded in a day, both sides; exits count but are never stopped.
        max_average_volume_pct: Shares of one entry, as a fraction of the symbol's average daily volume.
        max_correlation: Highest correlation with a holding, signed by the directions of both.
        max_positions: Symbols held or being entered.
        max_orders_per_bar: Entries of one decision.
        max_orders_per_day: Entries of one session.
        min_order_value_dollars: Value of an entry at least.
        max_order_value_dollars: Value of an entry at most.
        min_market_cap_dollars: Smallest company that may be entered.
        min_average_volume_shares: Smallest average daily volume that may be entered.
        price_band_pct: How far a limit price may be on the costly side of the last price, as a fraction of it; more is a typing error.
        entry_collar_pct: How far above the last price a market entry is assumed to fill when cash is reserved for it, as a fraction of it.
        settled_cash_only: Buy only with money that has settled (a cash account).
        refuse_duplicates: Refuse an entry equal to one that is working; another tag makes it another order.
        allowed_entry_types: Order types an entry may have. Protective orders and exits are free.

    Raises:
        ConfigError: A number is negative, absurdly large or none.
    """

    max_position_pct: float | None = 0.05
    max_position_risk_pct: float | None = 0.05
    max_sector_exposure_pct: float | None = 0.30
    max_total_exposure_pct: float | None = 0.80
    max_portfolio_heat_pct: float | None = None
    max_portfolio_var_pct: float | None = 0.02
    max_turnover_pct_per_day: float | None = None
    max_average_volume_pct: float | None = None
    max_correlation: float | None = None
    max_positions: int | None = None
    max_orders_per_bar: int | None = 10
    max_orders_per_day: int | None = None
    min_order_value_dollars: float | None = 1.0
    max_order_value_dollars: float | None = None
    min_market_cap_dollars: float | None = None
    min_average_volume_shares: float | None = None
    price_band_pct: float | None = 0.50
    entry_collar_pct: float = 0.05
    settled_cash_only: bool = False
    refuse_duplicates: bool = True
    allowed_entry_types: frozenset[OrderType] = frozenset(OrderType)

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not 0.0 <= value <= LARGEST:
                raise ConfigError(f"[limits] {name} = {value}; it must be a number from 0 to {LARGEST:.0e}")


#: ``conservative`` is the default; ``venue`` keeps only cash, what the venue can do, and sanity.
PROFILES: Mapping[str, RiskLimits] = MappingProxyType(
    {
        "conservative": RiskLimits(),
        "venue": RiskLimits(
            max_position_pct=None,
            max_position_risk_pct=None,
            max_sector_exposure_pct=None,
            max_total_exposure_pct=None,
            max_portfolio_var_pct=None,
            max_orders_per_bar=None,
            refuse_duplicates=False,
        ),
    }
)


def profile(name: str) -> RiskLimits:
    """The limits called ``name``.

    Raises:
        ConfigError: There is no such profile.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ConfigError(f"[limits] profile = {name!r} is not known; choose one of {', '.join(PROFILES)}") from None
