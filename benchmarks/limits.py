"""What is possible: ``python limits.py FOLDER KIND BARS REPEATS``.

``callback`` is a loop of plain Python that calls a strategy once a bar, with two running averages, fills at the next open and an equity
curve: the floor of every engine that does so. ``numba`` is the same as one compiled loop, warm. ``numpy`` is W2 by visiting only the days
on which it decides.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from timing import Outcome, report
from workloads import CASH, FAST, FEE, SHARES, SLOW, W2_CASH, decides, load_w1, load_w2, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Ring:
    """A running average of the last values."""

    __slots__ = ("_at", "_kept", "_length", "full", "total")

    def __init__(self, length: int) -> None:
        self._kept, self._at, self._length, self.total, self.full = [0.0] * length, 0, length, 0.0, False

    def push(self, value: float) -> float:
        """Take in a value; returns the average."""
        at = self._at
        self.total += value - self._kept[at]
        self._kept[at] = value
        at += 1
        if at == self._length:
            at, self.full = 0, True
        self._at = at
        return self.total / self._length


class Loop:
    """Account and strategy at once."""

    def __init__(self) -> None:
        self.cash, self.held, self.coming, self.fills = CASH, 0, 0, 0
        self._fast, self._slow, self._side = Ring(FAST), Ring(SLOW), 0

    def on_bar(self, close: float) -> None:
        """W1's rule."""
        fast, slow = self._fast.push(close), self._slow.push(close)
        if not self._slow.full:
            return
        side = 1 if fast > slow else -1
        if side != self._side:
            if self._side:
                if side > 0 and not self.held:
                    self.coming = SHARES
                elif side < 0 and self.held:
                    self.coming = -SHARES
            self._side = side

    def run(self, opens: list[float], closes: list[float]) -> Outcome:
        """All bars."""
        on_bar, curve = self.on_bar, []
        for opened, close in zip(opens, closes, strict=True):
            if self.coming:
                self.cash -= self.coming * opened
                self.held += self.coming
                self.coming, self.fills = 0, self.fills + 1
            on_bar(close)
            curve.append(self.cash + self.held * close)
        return Outcome(curve[-1], self.fills // 2)


def bare(opens: Floats, closes: Floats, fast: int, slow: int) -> tuple[Floats, int]:
    """The same as a loop that numba can compile."""
    curve, cash = np.empty(len(closes)), 1_000_000.0
    short = long = 0.0
    held = coming = fills = side = 0
    for t in range(len(closes)):
        if coming:
            cash -= coming * opens[t]
            held, fills, coming = held + coming, fills + 1, 0
        short += closes[t] - (closes[t - fast] if t >= fast else 0.0)
        long += closes[t] - (closes[t - slow] if t >= slow else 0.0)
        if t >= slow - 1:
            now = 1 if short * slow > long * fast else -1
            if side and now != side:
                coming = 100 if now > 0 and held == 0 else (-held if now < 0 else 0)
            side = now
        curve[t] = cash + held * closes[t]
    return curve, fills


def compiled(opens: Floats, closes: Floats) -> Callable[[], Outcome]:
    """``bare`` compiled."""
    import numba

    loop: Any = numba.njit(bare)

    def work() -> Outcome:
        curve, fills = loop(opens, closes, FAST, SLOW)
        return Outcome(float(curve[-1]), fills // 2)

    return work


def rebalanced(opens: Floats, closes: Floats) -> Outcome:
    """W2 in numpy."""
    cash, held, fills, curve, start = W2_CASH, np.zeros(closes.shape[1]), 0, np.empty(len(closes)), 0
    for day in filter(decides, range(len(closes) - 1)):
        curve[start : day + 1] = cash + closes[start : day + 1] @ held
        wanted = np.floor(weights(closes[day - 126 : day + 1]) * curve[day] / closes[day])
        value = (wanted - held) * opens[day + 1]
        cash -= value.sum() + FEE * np.abs(value).sum()
        fills += int(np.count_nonzero(wanted - held))
        held, start = wanted, day + 1
    curve[start:] = cash + closes[start:] @ held
    return Outcome(float(curve[-1]), fills)


def main() -> None:
    """Run what the command line says."""
    folder, kind, bars, repeats = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    columns = load_w2(folder) if kind == "numpy" else load_w1(folder, bars)
    opens, closes = columns["open"], columns["close"]
    if kind == "numpy":
        report("limit: numpy", lambda: rebalanced(opens, closes), repeats)
    elif kind == "numba":
        report("limit: one numba loop", compiled(opens, closes), repeats)
    else:
        report("limit: Python callback", lambda: Loop().run(opens.tolist(), closes.tolist()), repeats)


if __name__ == "__main__":
    main()
