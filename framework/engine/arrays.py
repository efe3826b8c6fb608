"""The arrays driver: a plain loop over the closes of all symbols, with nothing between it and the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from framework.domain.market import nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from framework.domain.market import Integers
    from framework.engine.engine import Engine
    from framework.engine.market import Market

    Slice = tuple[int, Sequence[int]]

#: Closes of all symbols together that are turned into slices at a time: enough to make the turning cheap, few enough to need little memory.
CHUNK = 1 << 18


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
        releases = [one.release for one in market.adjusted if one.release is not nothing]
        for window in windows([one.timestamp[seen + 1 :] for one, seen in zip(market.adjusted, cursor, strict=True)]):
            for now, rows in window:
                for row in rows:
                    cursor[row] += 1
                market.now = now
                on_bars(rows)
                trade(rows)
                decide(now)
                on_slice(now)
            for release in releases:
                release()


def windows(times: Sequence[Integers]) -> Iterator[Iterator[Slice]]:
    """Every close of any symbol, ascending, with the rows of those that have a bar there, ascending; some at a time.

    Args:
        times: For each symbol the closes of its bars, ns UTC, strictly increasing.
    """
    done, each = [0] * len(times), max(CHUNK // len(times), 1)
    while left := [(one, start) for one, start in zip(times, done, strict=True) if start < len(one)]:
        last = min(one[min(start + each, len(one)) - 1] for one, start in left)
        ends = [int(np.searchsorted(one, last, side="right")) for one in times]
        yield slices([one[start:end] for one, start, end in zip(times, done, ends, strict=True)])
        done = ends


def slices(times: Sequence[Integers]) -> Iterator[Slice]:
    """The same of few closes, all at once."""
    if all(np.array_equal(times[0], other) for other in times[1:]):
        rows = range(len(times))
        yield from ((now, rows) for now in times[0].tolist())
        return
    closes = np.concatenate(times)
    order = np.argsort(closes, kind="stable")
    numbers = np.repeat(np.arange(len(times)), [len(one) for one in times])[order].tolist()
    firsts = np.flatnonzero(np.diff(closes[order], prepend=closes[order[0]] - 1))
    ends = [*firsts[1:].tolist(), len(order)]
    for now, first, end in zip(closes[order[firsts]].tolist(), firsts.tolist(), ends, strict=True):
        yield now, numbers[first:end]
