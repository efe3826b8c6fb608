"""What a venue can do: a table of facts, asked by the limits and by the simulated broker alike."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.order import OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALL_TYPES = frozenset(OrderType)
_DAY_AND_GTC = frozenset({TimeInForce.DAY, TimeInForce.GTC})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a broker accepts.

    ``lot_micros`` is the smallest step of a quantity in micro-shares: 1_000_000 for whole shares, 1 where fractions are traded.
    """

    name: str
    shorting: bool
    lot_micros: int
    order_types: frozenset[OrderType] = _ALL_TYPES
    times_in_force: frozenset[TimeInForce] = _DAY_AND_GTC

    def tick_micros(self, price_micros: int) -> int:
        """Smallest price step at ``price_micros``: a cent from one dollar on, a hundredth of a cent below (SEC Rule 612)."""
        return 10_000 if price_micros >= MICRO else 100

    @property
    def fractional(self) -> bool:
        """Whether parts of a share can be traded."""
        return self.lot_micros < MICRO


VENUES: Mapping[str, Capabilities] = MappingProxyType(
    {
        "robinhood": Capabilities("robinhood", shorting=False, lot_micros=MICRO),
        "generic": Capabilities("generic", shorting=True, lot_micros=1),
    }
)


def venue(name: str) -> Capabilities:
    """Capabilities of the venue called ``name``.

    Raises:
        ConfigError: There is no such venue.
    """
    try:
        return VENUES[name]
    except KeyError:
        raise ConfigError(f"[broker] name = {name!r} is not known; choose one of {', '.join(sorted(VENUES))}") from None
