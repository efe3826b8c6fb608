"""A steep rise, a short rest, and on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from framework import EntryExitStrategy
from strategies.indicators import check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from framework import Context, MarketData, Position

    Floats = NDArray[np.float64]


class Flag(NamedTuple):
    """A pole from ``start`` to ``top`` and the range of the rest after it, dollars."""

    start: float
    top: float
    high: float
    low: float


def find_flag(high: Floats, low: Floats, volume: Floats, pole: int, rest: int, rise: float, retrace: float) -> Flag | None:
    """The flag that ends at the last of these bars, if there is one.

    The ``pole`` bars before the last ``rest`` rise by ``rise`` (a fraction) at least, from their lowest to their highest later on; the
    rest gives back ``retrace`` of that at most, stays below the top, and trades less a bar.
    """
    if len(high) < pole + rest:
        return None
    first, lows, highs = -pole - rest, low[-pole - rest : -rest], high[-pole - rest : -rest]
    start, top = float(lows.min()), float(highs.max())
    if highs.argmax() < lows.argmin() or top < start * (1.0 + rise):
        return None
    flag = Flag(start, top, float(high[-rest:].max()), float(low[-rest:].min()))
    quiet = volume[-rest:].mean() < volume[first:-rest].mean()
    held = flag.high <= top and flag.low >= top - retrace * (top - start)
    return flag if quiet and held else None


class BullFlagBreakout(EntryExitStrategy):
    """Buys the close above a flag: a steep rise on volume, then a shallow, quiet rest.

    Bets that those who missed the rise buy the first sign that it goes on (Edwards and Magee, Technical Analysis of Stock Trends, 1948;
    Bulkowski, Encyclopedia of Chart Patterns, 2005, has counts of what became of thousands). The stop lies under the flag; it leaves at the
    pole's height above it, below the flag's low, or after ``hold`` bars. It fails when the breakout has no volume behind it, and late in a
    market's rise, when flags are many and followers few.

    Parameters:
        pole: Bars of the rise, 2 to 100.
        rest: Bars of the flag, 2 to 50.
        rise: Least rise of the pole, a fraction, 0.005 to 2.
        retrace: Most of the rise that the flag may give back, 0.1 to 1.
        hold: Bars a position is held at most, 1 to 500.
    """

    pole: int = 10
    rest: int = 5
    rise: float = 0.08
    retrace: float = 0.5
    hold: int = 20

    def on_start(self, ctx: Context) -> None:
        """Check the parameters."""
        check(self, pole=(2, 100), rest=(2, 50), rise=(0.005, 2.0), retrace=(0.1, 1.0), hold=(1, 500))
        self._plans = cast("dict[str, list[float]]", ctx.state.setdefault("plans", {}))

    def should_enter(self, symbol: str, data: MarketData) -> bool:
        """Whether the last close broke out of a flag that ended at the bar before."""
        flag = self._flag(data)
        if flag is None or data.bars.close[-1] <= flag.high:
            return False
        self._plans[symbol] = [flag.low, float(data.bars.close[-1]) + flag.top - flag.start, float(len(data.bars))]
        return True

    def should_exit(self, symbol: str, position: Position) -> bool:  # noqa: ARG002 - document 2's interface
        """Whether the move is made, broken or too old."""
        bars = self.data(symbol).bars
        low, goal, entered = self._plans.get(symbol, [0.0, 0.0, 0.0])
        return bool(bars.close[-1] >= goal or bars.close[-1] < low or len(bars) - entered > self.hold)

    def stop_price(self, symbol: str, data: MarketData) -> float | None:
        """Under the flag."""
        low = round(self._plans[symbol][0], 2)
        return low if 0.0 < low < data.bars.close[-1] else None

    def _flag(self, data: MarketData) -> Flag | None:
        bars, count = data.bars, self.pole + self.rest
        if len(bars) <= count:
            return None
        high, low, volume = (column[-count - 1 : -1] for column in (bars.high, bars.low, bars.volume))
        return find_flag(high, low, volume, self.pole, self.rest, self.rise, self.retrace)
