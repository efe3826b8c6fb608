"""The arrays driver: a plain loop over the closes of all symbols, with nothing between it and the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from framework.domain.market import Integers
    from framework.engine.engine import Engine
    from framework.engine.market import Market

#: Closes that are turned into Python numbers at a time: enough to make the turning cheap, few enough to need no memory.
CHUNK = 1 << 16


class Venue(Protocol):
    """The simulated venue, as a driver needs it."""

    def on_slice(self, rows: Sequence[int]) -> None:
        """Trade on the bars of ``rows``, which have just closed."""


class ArraysDriver:
    """Plays the bars of a market that lie after its cursors; earlier ones are history the strategy can look back at."""

    name = "arrays"

    def __init__(self, market: Market, broker: Venue, engine: Engine) -> None:
        self._market = market
        self._broker = broker
        self._engine = engine

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` follows each decision."""
        market, cursor, on_bars = self._market, self._market.cursor, self._market.on_bars
        trade, decide = self._broker.on_slice, self._engine.on_slice
        for now, rows in slices([one.timestamp[seen + 1 :] for one, seen in zip(market.adjusted, cursor, strict=True)]):
            for row in rows:
                cursor[row] += 1
            market.now = now
            on_bars(rows)
            trade(rows)
            decide(now)
            on_slice(now)


def slices(times: Sequence[Integers]) -> Iterator[tuple[int, Sequence[int]]]:
    """Every close of any symbol, ascending, with the rows of those that have a bar there, ascending.

    Args:
        times: For each symbol the closes of its bars, ns UTC, strictly increasing.
    """
    if all(np.array_equal(times[0], other) for other in times[1:]):
        rows = range(len(times))
        for start in range(0, len(times[0]), CHUNK):
            for now in times[0][start : start + CHUNK].tolist():
                yield now, rows
        return
    closes = np.concatenate(times)
    order = np.argsort(closes, kind="stable")
    numbers = np.repeat(np.arange(len(times)), [len(one) for one in times])[order]
    firsts = np.flatnonzero(np.diff(closes[order], prepend=closes[order[0]] - 1))
    ends = np.append(firsts[1:], len(order))
    for start in range(0, len(firsts), CHUNK):
        part = slice(start, start + CHUNK)
        offset = int(firsts[start])
        rows_of = numbers[offset : int(ends[part][-1])].tolist()
        places = zip(closes[order[firsts[part]]].tolist(), (firsts[part] - offset).tolist(), (ends[part] - offset).tolist(), strict=True)
        for now, first, end in places:
            yield now, rows_of[first:end]
