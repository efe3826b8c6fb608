"""Market days on a double: prices move along bars while time passes, and nothing else is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.testing.clock import SECOND, iso
from brokers.robinhood.testing.hours import REGULAR, next_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from brokers.robinhood.testing.double import RobinhoodDouble

MOST = 4 * 3_600 * SECOND
#: Longer than a session waits between two looks at anything.
CALM = 7 * SECOND


class Move(NamedTuple):
    """At a time (ns UTC) a symbol trades at a price, as the last of so many shares of the day."""

    at: int
    symbol: str
    price: float
    volume: int


def moves_of(symbol: str, rows: Sequence[Sequence[float]], opens: Sequence[int]) -> Iterator[Move]:
    """Rows of open, high, low, close and volume as moves within the sessions that open at ``opens`` (ns UTC).

    The opening auction finds its price before the bell; the low comes before the high.
    """
    for (opened, high, low, close, volume), at in zip(rows, opens, strict=True):
        closes = next_window(at + 1, REGULAR)[1]
        parts = [(-SECOND, opened, 0), (8 * SECOND, opened, 1), (3_600 * SECOND, low, 2), (7_200 * SECOND, high, 3)]
        for after, price, quarter in [*parts, (closes - 60 * SECOND - at, close, 4)]:
            yield Move(at + after, symbol, price, int(volume) * quarter // 4)


class Days:
    """The clock of a session at the double; whoever sleeps wakes when something has happened.

    Args:
        double: Its time goes on only here.
        moves: What happens there.
        half_spread: Half of what lies between bid and ask, dollars.
    """

    def __init__(self, double: RobinhoodDouble, moves: Sequence[Move], half_spread: float = 0.0) -> None:
        self.double, self._half = double, half_spread
        self._moves = [one for one in sorted(moves) if one.at > self.now()]
        self._last: dict[str, float] = {}
        self._awake = 0

    def now(self) -> int:
        """The double's time, ns UTC."""
        return self.double.venue.clock.now()

    def sleep(self, length: int) -> None:
        """Until the next move, a close or four hours from now, whichever comes first; seconds only when something has just happened."""
        now = self.now()
        if length > SECOND or now < self._awake:
            wake = now + max(length, SECOND)
        else:
            close = next_window(now + 1, REGULAR)[1] + 3 * SECOND
            wake = max(min(self._moves[0].at if self._moves else close, close, now + MOST), now + SECOND // 100)
        self.double.move_to(iso(wake))
        self._move()

    def follow_split(self, symbol: str, ratio: float) -> None:
        """A share that traded has become ``ratio`` times as dear: no market passes the prices between."""
        self._last[symbol] = self._last[symbol] * ratio

    def _move(self) -> None:
        while self._moves and self._moves[0].at <= self.now():
            one = self._moves.pop(0)
            self._awake = one.at + CALM
            self._walk(one.symbol, self._last.get(one.symbol, one.price), one.price)
            self._last[one.symbol] = one.price
            self.double.change_stock(one.symbol, fundamentals={"volume": str(one.volume)})

    def _walk(self, symbol: str, before: float, price: float) -> None:
        """A market passes every price on its way, once it is open: stops there are met where they stand."""
        working = [one for one in self.double.book()["orders"] if one["symbol"] == symbol and one["state"] in ("confirmed", "queued")]
        levels = {one["stop"] / 1e6 for one in working if one["stop"]}
        for level in sorted((level for level in levels if min(before, price) < level < max(before, price)), reverse=price < before):
            self._trade(symbol, level)
        self._trade(symbol, price)

    def _trade(self, symbol: str, price: float) -> None:
        self.double.quote(symbol, f"{price - self._half:.2f}", f"{price + self._half:.2f}", f"{price:.2f}")
