"""Where signals change, in one pass over them: what ``engine.panel.issued`` finds; plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.compiled.prepare import read_only
from framework.engine.panel import Issued

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.compiled.prepare import Prepared
    from framework.domain.market import Floats, Integers


class Changes:
    """Finds where signals over the bars of ``prepared`` change, with ``find``, which is ``changes``, compiled or as it is."""

    def __init__(self, prepared: Prepared, find: Callable[[Floats, Floats, int, Integers, Integers, Floats], int]) -> None:
        self._closes, self._start, self._find = prepared.bars.close, prepared.start, find
        self._shape = prepared.panel.close.shape
        size = max(prepared.panel.close.size, 1)  # memory that is not written to costs nothing
        self._columns: tuple[Integers, Integers, Floats] = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
        place, row, strength = self._columns
        self._found = Issued(read_only(place), read_only(row), read_only(strength))

    def of(self, signals: object) -> Issued | None:
        """As ``issued``, until the next time; ``None`` for what is not simply an array of strengths, which only that can tell."""
        if type(signals) is not np.ndarray or signals.dtype != np.float64 or signals.shape != self._shape:
            return None
        count = self._find(read_only(signals.T), self._closes, self._start, *self._columns)
        if count < 0:
            return None
        place, row, strength = self._found
        return Issued(place[:count], row[:count], strength[:count])


def changes(signals: Floats, closes: Floats, start: int, places: Integers, rows: Integers, strengths: Floats) -> int:
    """How many targets ``signals`` [N, T] ask for from the place ``start`` on, -1 where one is no strength; the others get them.

    A symbol has an opinion only where it has one of ``closes`` [N, T].
    """
    last, count = np.zeros(len(signals)), 0
    for place in range(signals.shape[1]):
        for row in range(len(signals)):
            wanted = signals[row, place]
            if wanted > 1.0 or wanted < -1.0:
                return -1
            if place >= start and wanted != last[row] and not math.isnan(wanted) and not math.isnan(closes[row, place]):
                places[count], rows[count], strengths[count] = place, row, wanted + 0.0  # -0.0 is 0.0
                last[row], count = wanted, count + 1
    return count
