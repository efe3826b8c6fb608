"""Is a decision the same when the future is another? The first one that is not, and the moments at which it is worth asking."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from framework.domain.market import Floats, Integers

#: Signals nearer than this are one signal: sums over arrays of another length round otherwise.
TOLERANCE = 1e-9


class Decision(NamedTuple):
    """Something decided at ``timestamp`` (ns UTC): ``line`` says it exactly, ``words`` to a person."""

    timestamp: int
    symbol: str
    line: str
    words: str


class Difference(NamedTuple):
    """The first decision that is not the same with another future.

    Attributes:
        timestamp: When it was taken, ns UTC.
        symbol: For which symbol.
        known: What was decided with the real future, in words.
        other: What was decided with the other one.
        future: What the other future was.
        cut: The bars after this moment, ns UTC, were others.
    """

    timestamp: int
    symbol: str
    known: str
    other: str
    future: str
    cut: int


NOTHING = "nothing"


def first_difference(known: Sequence[Decision], other: Sequence[Decision], future: str, cut: int) -> Difference | None:
    """Where two lists of decisions, oldest first, part; those after ``cut`` are left out."""
    pairs = zip_longest(_until(known, cut), _until(other, cut))
    parted = next(((one, two) for one, two in pairs if one is None or two is None or one.line != two.line), None)
    if parted is None:
        return None
    there = [one for one in parted if one is not None]
    first = min(there, key=lambda one: one.timestamp)
    words = [one.words if one is not None and one.timestamp == first.timestamp else NOTHING for one in parted]
    return Difference(first.timestamp, first.symbol, words[0], words[1], future, cut)


def _until(decisions: Iterable[Decision], cut: int) -> list[Decision]:
    return [one for one in decisions if one.timestamp <= cut]


def first_signal_difference(
    known: Floats, other: Floats, times: Integers, symbols: Sequence[str], first: int, future: str, cut: int
) -> Difference | None:
    """The first row of two arrays of signals [T, N] whose values differ, from the moment ``first`` to ``cut`` (ns UTC, both included).

    ``times`` int64 [T] are those of ``known``; ``other`` has the same rows up to ``cut`` at least.
    """
    rows = slice(int(np.searchsorted(times, first)), int(np.searchsorted(times, cut, "right")))
    one, two = known[rows], other[rows]
    same = (np.abs(one - two) <= TOLERANCE * np.maximum(np.abs(one), 1.0)) | (np.isnan(one) & np.isnan(two))
    places = np.argwhere(~same)
    if not len(places):
        return None
    row, column = (int(place) for place in places[0])
    words = [f"signal {values[row, column]:.6g}" for values in (one, two)]
    return Difference(int(times[rows][row]), symbols[column], words[0], words[1], future, cut)


def moments(times: Integers, decided: Integers, wanted: int) -> list[int]:
    """Up to ``wanted`` of ``times`` (ns UTC, ascending) to cut at: half when something was ``decided``, half evenly apart.

    Whoever looks one bar ahead is seen only in what is decided, or left undone, at the cut itself.
    """
    inner = times[:-1]  # after the last bar nothing is left to change
    busy = np.intersect1d(decided, inner)
    chosen = np.concatenate([_spread(busy, wanted // 2), _spread(inner, wanted - min(wanted // 2, len(busy)))])
    return [int(one) for one in np.unique(chosen)]


def _spread(times: Integers, wanted: int) -> Integers:
    if len(times) <= wanted:
        return times
    places = (np.arange(wanted) + 0.5) * len(times) / wanted
    return times[places.astype(np.int64)]
