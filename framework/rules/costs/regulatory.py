"""What do the regulators take of a sale? SEC fee and FINRA trading activity fee, by date, as a venue passes them on."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.values import MICRO
from framework.rules.costs.rates import SECTION_31, TRADING_ACTIVITY_FEE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.rules.costs.fees import Traded

CENT = 10_000
_BILLION = 1_000_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_SEC_DAYS = tuple(row[0].toordinal() - _EPOCH for row in SECTION_31)
_TAF_DAYS = tuple(row[0].toordinal() - _EPOCH for row in TRADING_ACTIVITY_FEE)


def sec_rate(day: int) -> int:
    """Dollars per billion of sales on ``day`` (days since 1970)."""
    return SECTION_31[bisect_right(_SEC_DAYS, day) - 1][1]


def taf_rate(day: int) -> tuple[int, int]:
    """Micro-dollars a share sold on ``day`` (days since 1970), and the most for a trade, in micro-dollars."""
    _, each, most = TRADING_ACTIVITY_FEE[bisect_right(_TAF_DAYS, day) - 1]
    return each, most


@dataclass(frozen=True, slots=True)
class RegulatoryFees:
    """SEC and FINRA fees on sales, short ones included; a buy pays none. Each is rounded up to the cent, for the order as one trade.

    Attributes:
        free_value: Sales worth at most so many micro-dollars are not charged the SEC's fee.
        free_shares: Sales of at most so many micro-shares are not charged the trading activity fee.
    """

    free_value: int = 0
    free_shares: int = 0

    def total(self, traded: Traded) -> int:
        """Both fees at the rates of the day."""
        if traded.sign > 0:
            return 0
        sec = sec_fee(traded.value, sec_rate(traded.day)) if traded.value > self.free_value else 0
        each, most = taf_rate(traded.day)
        return sec + (activity_fee(traded.quantity, each, most) if traded.quantity > self.free_shares else 0)


def sec_fee(value: int, rate: int) -> int:
    """The SEC's fee on sales of ``value`` at ``rate`` dollars per billion."""
    return to_cent(value * rate, _BILLION)


def activity_fee(quantity: int, each: int, most: int) -> int:
    """FINRA's fee for ``quantity`` micro-shares sold at ``each`` micro-dollars a share, at most ``most``."""
    return min(to_cent(quantity * each, MICRO), most)


def to_cent(numerator: int, denominator: int) -> int:
    """The quotient in micro-dollars, rounded up to the cent."""
    return -(-numerator // (denominator * CENT)) * CENT


#: What a venue charges; neither of these takes a commission. Robinhood passes the SEC's fee on for sales above 500 dollars, and the TAF for
#: sales of more than 50 shares (its help page "Trading fees on Robinhood", 2023 to 2026). These waivers are today's, at all dates.
VENUES: Mapping[str, RegulatoryFees] = MappingProxyType(
    {
        "robinhood": RegulatoryFees(free_value=500 * MICRO, free_shares=50 * MICRO),
        "generic": RegulatoryFees(),
    }
)
