"""What a venue can do: facts, asked by the limits and by the simulated broker alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from framework.domain.values import MICRO
from framework.domain.venue_rules import ALL_FORCES, ALL_TYPES, DAY_AND_GTC, RULES, US_TICKS
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import OrderType, TimeInForce
    from framework.domain.venue_rules import VenueRule


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a broker accepts, and how it works what it has accepted.

    Attributes:
        name: Of the venue.
        shorting: Whether shares can be sold that are not held.
        lot_micros: The smallest step of a quantity, micro-shares: 1_000_000 for whole shares, 1 where fractions are traded.
        order_types: Types it knows.
        times_in_force: Times in force it knows.
        gtc_days: Calendar days after its acceptance on which a gtc order still works; ``None`` for ever.
        ticks: (price from which on it holds, step of prices), micro-dollars, dearest first.
        fractional_types: Types that may ask for parts of a share.
        fractional_forces: Times in force that may.
        fractional_in_extended_hours: Whether orders for extended hours may.
        fractional_least_micros: Least value of an order that does and leaves something of the position, micro-dollars.
        takes_passed_stops: Whether a stop order is accepted whose price has been reached already.
        reserves_shares: Whether a working sell order keeps its shares from all others.
        collar_millionths: How far above the last price, or its stop, a buy may fill, in millionths of that price. Where the market is
            beyond, it rests there as a limit order. 0: no such collar.
        extended_types: Types that can work outside of regular hours.
        extended_hours: How long before the open and after the close of a session they do, ns.
        trails_apart: Whether trailing stops follow prices there that nobody here sees, so that their level is known now and then only.
    """

    name: str
    shorting: bool
    lot_micros: int
    order_types: frozenset[OrderType] = ALL_TYPES
    times_in_force: frozenset[TimeInForce] = DAY_AND_GTC
    gtc_days: int | None = None
    ticks: tuple[tuple[int, int], ...] = US_TICKS
    fractional_types: frozenset[OrderType] = ALL_TYPES
    fractional_forces: frozenset[TimeInForce] = ALL_FORCES
    fractional_in_extended_hours: bool = True
    fractional_least_micros: int = 0
    takes_passed_stops: bool = True
    reserves_shares: bool = False
    collar_millionths: int = 0
    extended_types: frozenset[OrderType] = ALL_TYPES
    extended_hours: tuple[int, int] = (0, 0)
    trails_apart: bool = False

    def tick_micros(self, price_micros: int) -> int:
        """Smallest price step at ``price_micros``."""
        return tick_at(self.ticks, price_micros)

    def lot_of(self, order_type: OrderType) -> int:
        """Smallest step of a quantity for orders of ``order_type``, micro-shares."""
        return self.lot_micros if order_type in self.fractional_types else max(self.lot_micros, MICRO)

    @property
    def fractional(self) -> bool:
        """Whether parts of a share can be traded."""
        return self.lot_micros < MICRO

    @property
    def collar(self) -> float:
        """``collar_millionths`` as a fraction."""
        return self.collar_millionths / MICRO


def tick_at(ticks: tuple[tuple[int, int], ...], price: int) -> int:
    """The step of prices at ``price``; ``ticks`` as in ``Capabilities``, micro-dollars."""
    for start, step in ticks:
        if price >= start:
            return step
    return ticks[-1][1]


def _made_of(name: str, rules: tuple[VenueRule, ...]) -> Capabilities:
    values: dict[str, Any] = {rule.capability: rule.value for rule in rules}
    return Capabilities(name, **values)


VENUES: Mapping[str, Capabilities] = MappingProxyType({name: _made_of(name, rules) for name, rules in RULES.items()})


def venue(name: str, *, fractional: bool | None = None) -> Capabilities:
    """Capabilities of the venue called ``name``; ``fractional`` says whether parts of a share are traded, ``None`` is the venue's row.

    Raises:
        ConfigError: There is no such venue.
    """
    try:
        found = VENUES[name]
    except KeyError:
        raise ConfigError(f"[broker] name = {name!r} is not known; choose one of {', '.join(sorted(VENUES))}") from None
    return found if fractional is None else replace(found, lot_micros=1 if fractional else MICRO)
