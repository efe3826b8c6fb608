"""What ``load`` hands over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.engine.indicators import Indicators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.finding import Finding
    from framework.domain.market import BarSeries, FinerBars


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Validated bars of every symbol.

    Attributes:
        series: Bars by symbol, sorted by symbol; bars of history before the first session traded come with them.
        first_trade: ns UTC; bars with ``timestamp >= first_trade`` are traded, earlier ones are history.
        findings: What was found and let pass by policy, sorted by symbol and time.
        finer: The bars of a finer resolution by symbol, if they were asked for.
        indicators: What runs over these bars have worked out of them.
    """

    series: Mapping[str, BarSeries]
    first_trade: int
    findings: tuple[Finding, ...]
    finer: Mapping[str, FinerBars] = field(default_factory=dict)
    indicators: Indicators = field(default_factory=Indicators)
