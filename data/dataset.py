"""What ``load`` hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.finding import Finding
    from framework.domain.market import BarSeries


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Validated bars of every symbol.

    Attributes:
        series: Bars by symbol, sorted by symbol; bars of history before the first session traded come with them.
        first_trade: ns UTC; bars with ``timestamp >= first_trade`` are traded, earlier ones are history.
        findings: What was found and let pass by policy, sorted by symbol and time.
    """

    series: Mapping[str, BarSeries]
    first_trade: int
    findings: tuple[Finding, ...]
