"""What was held when: shares from fills and account events, prices from the bars, stops from the orders."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.account_event import Delisted, Split
from framework.domain.fill import Fill
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from framework.domain.market import BarSeries, Floats
    from framework.report.tear_sheet_data import TearSheetData


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Positions after a decision: signed shares, prices and stops in the shares of that time (dollars, NaN where there is no stop)."""

    at: int
    equity: float
    symbols: tuple[str, ...]
    quantity: Floats
    price: Floats
    stop: Floats

    @property
    def values(self) -> Floats:
        """Dollars [N], shorts negative."""
        return self.quantity * self.price


class Positions:
    """Every position of a run through time. Symbols without prices at hand are left out; ``unpriced`` names them."""

    def __init__(self, data: TearSheetData) -> None:
        self._steps = _share_counts(data)
        self._series = data.series
        self._stops = {symbol: [one for one in data.stops if one.symbol == symbol] for symbol in self._steps}
        self.unpriced = sorted(symbol for symbol in self._steps if symbol not in data.series)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Everything that was ever held and has prices, sorted."""
        return tuple(sorted(symbol for symbol in self._steps if symbol in self._series))

    def at(self, timestamp: int, equity: float) -> Holdings:
        """What was held after the decision at ``timestamp`` (ns UTC)."""
        held = {symbol: shares for symbol in self.symbols if (shares := self._shares(symbol, timestamp))}
        prices = [_price(self._series[symbol], timestamp) for symbol in held]
        stops = [self._stop(symbol, shares, timestamp) for symbol, shares in held.items()]
        return Holdings(timestamp, equity, tuple(held), *(np.array(one, dtype=np.float64) for one in (list(held.values()), prices, stops)))

    def _shares(self, symbol: str, timestamp: int) -> float:
        times, shares = self._steps[symbol]
        index = int(np.searchsorted(times, timestamp, side="right"))
        return float(shares[index - 1]) if index else 0.0

    def _stop(self, symbol: str, shares: float, timestamp: int) -> float:
        """The nearest of the stops that work."""
        levels = [one.price for one in self._stops[symbol] if one.since <= timestamp < one.until]
        return (max(levels) if shares > 0.0 else min(levels)) if levels else float("nan")


def _share_counts(data: TearSheetData) -> dict[str, tuple[list[int], list[float]]]:
    """Times, and the shares held from each on, by symbol."""
    steps: dict[str, tuple[list[int], list[float]]] = {}
    held: dict[str, int] = {}
    # What happens to the account takes effect before the open: before the fills of its bar.
    for event in sorted((*data.account_events, *data.fills), key=attrgetter("timestamp")):
        if isinstance(event, Split):
            held[event.symbol] = event.held_micros
        elif isinstance(event, Delisted):
            held[event.symbol] = 0
        elif isinstance(event, Fill):
            held[event.symbol] = held.get(event.symbol, 0) + event.side.sign * event.quantity_micros
        else:
            continue
        times, shares = steps.setdefault(event.symbol, ([], []))
        times.append(event.timestamp)
        shares.append(held[event.symbol] / MICRO)
    return steps


def _price(bars: BarSeries, timestamp: int) -> float:
    """The last close by then, in the shares of that day; NaN before the first bar."""
    seen = int(np.searchsorted(bars.timestamp, timestamp, side="right"))
    return float(bars.close[seen - 1] * np.prod(bars.split[seen:])) if seen else float("nan")


def latest_with_positions(data: TearSheetData) -> int | None:
    """Row of the last decision after which something was held; ``None`` where nothing ever was."""
    held = np.flatnonzero(data.exposure > 0.0)
    return int(held[-1]) if held.size else None
