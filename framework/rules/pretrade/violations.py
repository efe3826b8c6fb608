"""Why not? Codes of the pre-trade checks beside the venue's (``domain.reasons``), and a violation with its figure and limit."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.fill import Refusal
from framework.domain.reasons import BUYING_POWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import Order

# Never an order at all, or not at this venue: these bind exits too.
INVALID_ORDER = "invalid_order"
NOTHING_TO_PROTECT = "nothing_to_protect"
# Entries that are refused, whatever their size.
NO_PRICE = "no_price"
ENTRY_TYPE = "order_type_not_allowed"
DUPLICATE = "duplicate_order"
ORDERS_PER_BAR = "orders_per_bar"
ORDERS_PER_DAY = "orders_per_day"
PRICE_BAND = "price_band"
MARKET_CAP = "market_cap"
AVERAGE_VOLUME = "average_volume"
CORRELATION = "correlation_limit"
POSITIONS = "max_positions"
# Entries that are too large.
MAX_ORDER_VALUE = "order_value_above_maximum"
VOLUME_SHARE = "volume_share"
POSITION = "position_limit"
POSITION_RISK = "position_risk_limit"
SECTOR = "sector_limit"
EXPOSURE = "exposure_limit"
HEAT = "portfolio_heat_limit"
VAR = "portfolio_var_limit"
TURNOVER = "turnover_limit"
SETTLED_CASH = "unsettled_cash"


class Measure(NamedTuple):
    """What a limit on size measures: the words, the unit and the key that sets it."""

    what: str
    unit: str
    key: str


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        MAX_ORDER_VALUE: Measure("the order's value", "dollars", "max_order_value_dollars"),
        VOLUME_SHARE: Measure("the entry", "shares", "max_average_volume_pct"),
        POSITION: Measure("the position", "dollars", "max_position_pct"),
        POSITION_RISK: Measure("the position's loss at its stop", "dollars", "max_position_risk_pct"),
        SECTOR: Measure("all positions of the sector", "dollars", "max_sector_exposure_pct"),
        EXPOSURE: Measure("all positions together", "dollars", "max_total_exposure_pct"),
        HEAT: Measure("the loss of all positions at their stops", "dollars", "max_portfolio_heat_pct"),
        VAR: Measure("the portfolio's one-day VaR", "dollars", "max_portfolio_var_pct"),
        TURNOVER: Measure("the value traded today", "dollars", "max_turnover_pct_per_day"),
        SETTLED_CASH: Measure("what is spent", "dollars of settled cash", "settled_cash_only"),
        BUYING_POWER: Measure("what is held, reserved and spent", "dollars of buying power", "entry_collar_pct"),
    }
)


@dataclass(frozen=True, slots=True)
class LimitViolation:
    """One limit that an order as it stands would break.

    ``code`` is stable and machine-readable. ``figure`` and ``limit`` are what it would come to and what is allowed, in the unit that
    ``detail`` names; ``None`` where there is none. ``allowed_micros`` is how many micro-shares may be entered all the same.
    """

    symbol: str
    code: str
    detail: str
    figure: float | None = None
    limit: float | None = None
    allowed_micros: int = 0

    def refusal(self, timestamp: int) -> Refusal:
        """The violation as an entry of the record, at ``timestamp`` (ns UTC)."""
        return Refusal(timestamp, self.symbol, self.code, self.detail, self.figure, self.limit)


def violation(order: Order, code: str, detail: str, figure: float | None = None, limit: float | None = None) -> LimitViolation:
    """A violation that leaves nothing of ``order``'s entry; the detail is put behind what was asked for."""
    return LimitViolation(order.symbol, code, f"{order.side} {order.quantity} {order.symbol}: {detail}", figure, limit)
