"""What counts as large, as a spike and as pressure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Lowest and highest value of each figure.
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "large_shares": (1.0, 1e9),
        "large_dollars": (0.0, 1e12),
        "sightings": (1, 1000),
        "sighting_seconds": (1, 3600),
        "spike_ratio": (1.0, 1000.0),
        "burst_ratio": (1.0, 1000.0),
        "burst_sell_share": (0.0, 1.0),
        "usual_minutes": (1, 60),
        "least_minutes": (1, 60),
    }
)


@dataclass(frozen=True, slots=True)
class FlowPolicy:
    """Thresholds of the order flow; every one has a range, ``RANGES``.

    Attributes:
        large_shares: Shares of one trade or of one level of the book from which on it is large.
        large_dollars: Dollars that it must be worth besides; 0 asks for none.
        sightings: Sightings of a large seller that make pressure.
        sighting_seconds: Within so many seconds.
        spike_ratio: Shares of the last minute against the mean of the minutes before it: a spike from here on.
        burst_ratio: And a burst from here on, when most of them were sold.
        burst_sell_share: What most is: sold shares of those whose side is known.
        usual_minutes: Minutes that the mean is taken over.
        least_minutes: Minutes with trades among them without which nothing is said.
    """

    large_shares: float = 10_000.0
    large_dollars: float = 0.0
    sightings: int = 3
    sighting_seconds: int = 120
    spike_ratio: float = 3.0
    burst_ratio: float = 4.0
    burst_sell_share: float = 0.6
    usual_minutes: int = 5
    least_minutes: int = 3

    def __post_init__(self) -> None:
        for field in fields(self):
            (low, high), value = RANGES[field.name], getattr(self, field.name)
            if not low <= value <= high:
                raise ConfigError(f"order flow: {field.name} = {value}; allowed: {low:g} to {high:g}")
        if self.least_minutes > self.usual_minutes:
            raise ConfigError(f"order flow: least_minutes = {self.least_minutes} is above usual_minutes = {self.usual_minutes}")
