"""Support and resistance as zones: where prices have turned before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from framework import EntryExitStrategy
from framework.errors import ConfigError
from strategies.indicators import check, needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework import Context, MarketData, Position

    Floats = NDArray[np.float64]

MODES = ("bounce", "breakout")


class Zone(NamedTuple):
    """Prices from ``low`` to ``high``, dollars, at which the market turned ``touches`` times."""

    low: float
    high: float
    touches: int

    def holds(self, price: float) -> bool:
        """Whether ``price`` lies in it."""
        return self.low <= price <= self.high


def pivots(high: Floats, low: Floats, wing: int) -> Floats:
    """Prices of the highs and lows that are the most extreme of ``wing`` bars on both sides; the last ``wing`` bars cannot be known yet."""
    if len(high) < 2 * wing + 1:
        return np.empty(0)
    width = 2 * wing + 1
    tops = np.lib.stride_tricks.sliding_window_view(high, width).max(axis=1) == high[wing:-wing]
    bottoms = np.lib.stride_tricks.sliding_window_view(low, width).min(axis=1) == low[wing:-wing]
    return np.concatenate([high[wing:-wing][tops], low[wing:-wing][bottoms]])


def find_zones(turns: Floats, width: float, touches: int) -> list[Zone]:
    """Groups of at least ``touches`` of the prices ``turns`` that lie within ``width`` dollars, lowest first; no price in two of them."""
    prices, found, start = np.sort(turns), [], 0
    while start < len(prices):
        stop = int(np.searchsorted(prices, prices[start] + width, "right"))
        if stop - start >= touches:
            found.append(Zone(float(prices[start]), float(prices[stop - 1]), stop - start))
            start = stop
        else:
            start += 1
    return found


class ZoneTrader(EntryExitStrategy):
    """Buys at a zone of support that holds (``bounce``), or a close through a zone of resistance (``breakout``).

    Bets that buyers remember where they were right, and that once resistance is passed its sellers are gone (Osler, Support for Resistance,
    Federal Reserve Bank of New York, 2000, found that published levels do turn prices more often than others). It leaves at the next zone
    above, or on a close below the zone it entered at. It fails when a zone that everybody sees is run through for the stops below it.

    Parameters:
        mode: ``bounce`` or ``breakout``.
        lookback: Bars in which zones are looked for, 20 to 1000.
        wing: Bars on both sides over which a turn must be the extreme, 1 to 50.
        width: Width of a zone in average true ranges, 0.1 to 5.
        touches: Turns that make a zone, 2 to 20.
    """

    mode: str = "bounce"
    lookback: int = 250
    wing: int = 3
    width: float = 1.0
    touches: int = 3

    def on_start(self, ctx: Context) -> None:
        """Check the parameters."""
        check(self, lookback=(20, 1000), wing=(1, 50), width=(0.1, 5.0), touches=(2, 20))
        if self.mode not in MODES:
            raise ConfigError(f"[strategy] params: ZoneTrader.mode = {self.mode!r}; allowed: {', '.join(MODES)}")
        self._floors = cast("dict[str, float]", ctx.state.setdefault("floors", {}))

    def zones(self, data: MarketData) -> list[Zone]:
        """The zones that the bars before the last one show."""
        bars = data.bars
        span = slice(max(len(bars) - 1 - self.lookback, 0), len(bars) - 1)
        high, low, close = (np.ascontiguousarray(column[span]) for column in (bars.high, bars.low, bars.close))
        if len(close) < 20:
            return []
        true_range = float(needed("talib", "indicators").ATR(high, low, close, timeperiod=14)[-1])
        return find_zones(pivots(high, low, self.wing), self.width * true_range, self.touches)

    def should_enter(self, symbol: str, data: MarketData) -> bool:
        """Whether the last bar turned at support, or closed through resistance."""
        wanted = self._bounced if self.mode == "bounce" else self._broken
        zone = next((one for one in reversed(self.zones(data)) if wanted(one, data)), None)
        if zone is not None:
            self._floors[symbol] = zone.low
        return zone is not None

    def _bounced(self, zone: Zone, data: MarketData) -> bool:
        """The bar reached into the zone and closed above it, higher than it opened."""
        bars = data.bars
        return bool(bars.low[-1] <= zone.high < bars.close[-1] and bars.low[-1] >= zone.low and bars.close[-1] > bars.open[-1])

    def _broken(self, zone: Zone, data: MarketData) -> bool:
        """The close before was in the zone or below it, the last one is above."""
        return bool(data.bars.close[-2] <= zone.high < data.bars.close[-1])

    def should_exit(self, symbol: str, position: Position) -> bool:  # noqa: ARG002 - document 2's interface
        """Whether the zone is lost, or the next one above is reached."""
        data = self.data(symbol)
        bars, floor = data.bars, self._floors.get(symbol, 0.0)
        lost = bars.close[-1] < floor
        return bool(lost or any(bars.open[-1] < zone.low <= bars.high[-1] for zone in self.zones(data) if not zone.holds(floor)))
