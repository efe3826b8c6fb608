"""Our bars as backtrader reads them, on lines that show neither the future nor a bar that never was.

backtrader loads whole histories in advance. Its own lines answer a question about a bar before the first with the last one of the
array, and a question about the next bar with the next bar; these lines answer with an error.
"""

from __future__ import annotations

import array
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from framework.errors import StrategyError

if TYPE_CHECKING:
    from datetime import datetime

    from framework.domain.market import BarSeries, Floats

_PRICES = ("open", "high", "low", "close", "volume")


class NoBarError(StrategyError, IndexError):
    """A strategy asked for a bar that has not closed yet, or that never was."""


class Feed(bt.feed.DataBase):
    """The bars of ``series`` from ``first`` on; ``stamps`` are their closes as backtrader counts time, float64 [T]."""

    params = (("series", None), ("first", 0), ("stamps", None))

    @property
    def symbol(self) -> str:
        """Whose bars they are."""
        return str(self.p.series.symbol)

    def start(self) -> None:
        """Go back to before the first bar."""
        super().start()
        series: BarSeries = self.p.series
        self._columns: dict[str, Floats] = {name: getattr(series, name)[self.p.first :] for name in _PRICES}
        self._columns["openinterest"] = np.full(len(series) - self.p.first, np.nan)
        self._columns["datetime"] = self.p.stamps
        self._loaded = 0

    def preload(self) -> None:
        """Fill all lines at once; filters and lookahead buffers want them bar by bar."""
        if self._filters or self.lines[0].extension:
            super().preload()
            return
        for name, column in self._columns.items():
            getattr(self.lines, name).array = array.array("d", np.ascontiguousarray(column).tobytes())
        self._loaded = len(self.p.stamps)
        self.home()

    def _load(self) -> bool:
        index = self._loaded
        if index == len(self.p.stamps):
            return False
        for name, column in self._columns.items():
            getattr(self.lines, name)[0] = float(column[index])
        self._loaded = index + 1
        return True


class GuardedLine(bt.linebuffer.LineBuffer):
    """A line that has only what has closed: ``line[0]`` is the bar just closed, ``line[-1]`` the one before."""

    #: How many bars ahead may be seen.
    ahead = 0

    def __getitem__(self, ago: int) -> float:
        """The value ``-ago`` bars back.

        Raises:
            NoBarError: It is still to come, or before the first.
        """
        return float(self.array[self._checked(ago)])

    def get(self, ago: int = 0, size: int = 1) -> Any:
        """The ``size`` values up to ``-ago`` bars back."""
        if ago > 0:
            self._checked(ago)
        return super().get(ago, size)

    def datetime(self, ago: int = 0, tz: Any = None, naive: bool = True) -> datetime:  # noqa: FBT001, FBT002 - backtrader's signature
        """The value as a date with time."""
        self._checked(ago)
        return super().datetime(ago, tz, naive)  # type: ignore[no-any-return]

    def date(self, ago: int = 0, tz: Any = None, naive: bool = True) -> Any:  # noqa: FBT001, FBT002 - backtrader's signature
        """The value as a date."""
        self._checked(ago)
        return super().date(ago, tz, naive)

    def time(self, ago: int = 0, tz: Any = None, naive: bool = True) -> Any:  # noqa: FBT001, FBT002 - backtrader's signature
        """The value as a time of day."""
        self._checked(ago)
        return super().time(ago, tz, naive)

    def _checked(self, ago: int) -> int:
        index: int = self._idx + ago
        if ago > self.ahead:
            raise NoBarError(f"{self.symbol}[{ago}] lies in the future; [0] is the bar that has just closed, [-1] the one before")
        if index < 0:
            raise NoBarError(f"{self.symbol}[{ago}] is before the first bar: {self.lencount} have closed; wait until len(data) > {-ago}")
        return index


class GuardedTimes(GuardedLine):
    """The times of bars; Cerebro looks at the next one to see whose turn it is."""

    ahead = 1


def guard(data: Any) -> None:
    """Let the lines of ``data`` (a feed, or what resample and replay made of one) show closed bars only."""
    for line in data.lines:
        # backtrader makes the lines itself and hands them around at once; their class is the only place to stand between.
        line.__class__ = GuardedTimes if line is data.lines.datetime else GuardedLine
        line.symbol = data._name  # noqa: SLF001 - backtrader's own name for it
