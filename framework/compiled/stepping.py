"""The loop in steps: played up to where somebody asks about the account, and on from there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.compiled.asked import wished
from framework.compiled.columns import CASH, COST, HELD, LEFT, REALIZED, STOP, TARGET
from framework.compiled.play import Played, columns, left, plain, trimmed
from framework.compiled.prepare import read_only
from framework.domain.values import notional

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.compiled.play import Kernel
    from framework.compiled.prepare import Prepared, Wished
    from framework.compiled.terms import Terms
    from framework.engine.market import Market
    from framework.engine.recording import Wishes
    from framework.rules.sizing.policy import SizingPolicy

#: Orders for which there is room at least; memory nobody writes to costs nothing.
ROOM = 1_000_000
#: Fields of ``Wished`` that have an entry for each wish, and for how many there is room at first.
GROWING = ("wish_place", "wish_row", "strength", "measure", "ordered")
ENTRIES = 1024


class Stepped:
    """``Books`` kept by the loop, of what is written down in ``wishes``.

    Attributes:
        left: Why the loop was left, in words; empty as long as it was not. It says nothing more then.
    """

    def __init__(self, market: Market, prepared: Prepared, terms: Terms, sizing: SizingPolicy, wishes: Wishes, kernel: Kernel) -> None:
        self.left = ""
        self._market = market
        self._prepared = prepared
        self._terms, self._cash = plain(terms), terms.cash
        self._bars = tuple(prepared.bars)
        self._sizing = sizing
        self._wishes = wishes
        self._kernel = kernel
        self._written = columns(prepared, max(ROOM, prepared.bars.close.size))
        self._columns = tuple(self._written)
        prepared.know_all()
        self._wished = _Growing(wished(wishes, slice(0, 0), prepared, sizing))
        self._working, self._stops = self._written.slots[:, TARGET], self._written.slots[:, STOP]
        self._taken = 0
        self._next = prepared.start
        self._is_aligned = all(len(one) == len(prepared.panel.timestamp) for one in prepared.panel.places)
        self._pays = len(prepared.bars.due_place) > 0
        self._is_quiet = False
        self._held: dict[int, tuple[int, int, int]] = {}

    # --- asked by the strategy

    @property
    def is_settled(self) -> bool:
        """See ``Books.is_settled``."""
        return self._is_quiet and self._taken == len(self._wishes.time)

    def position(self, row: int) -> tuple[int, int, int] | None:
        """See ``Books.position``."""
        if not self.is_settled and not self._step():
            return None
        held = self._held.get(row)
        if held is None:
            slot = self._written.slots[row]
            held = self._held[row] = (int(slot[HELD]), int(slot[COST]), int(slot[REALIZED]))
        return held

    def cash(self) -> int | None:
        """See ``Books.cash``."""
        if (self._pays or not self.is_settled) and not self._step():
            return None
        return int(self._written.account[CASH])

    def equity(self) -> int | None:
        """See ``Books.equity``."""
        total, slots = self.cash(), self._written.slots
        if total is None:
            return None
        for row in np.flatnonzero(slots[:, HELD]).tolist():
            total += notional(int(slots[row, HELD]), self._market.price_micros(row))
        return total

    def is_idle(self, row: int) -> bool:
        """See ``Books.is_idle``."""
        return row not in self._wishes.row[self._taken :] and bool(self._written.slots[row, TARGET] < 0)

    # --- playing

    def _step(self) -> bool:
        """Play up to the decision that is being taken; whether the loop could."""
        if self.left:
            return False
        place = self._place()
        if place >= self._next:
            self._take(self._market.now)
            self._play(place + 1)
        return not self.left

    def finish(self) -> Played:
        """Play the rest."""
        if not self.left:
            self._take(self._market.now + 1)
            self._play(len(self._prepared.panel.timestamp))
        return Played(self.left, trimmed(self._written), self._prepared, self._cash)

    def _place(self) -> int:
        """The place of the decision that is being taken."""
        if self._is_aligned:
            return self._market.cursor[0]
        return int(np.searchsorted(self._prepared.panel.timestamp, self._market.now))

    def _take(self, before: int) -> None:
        """Take in what was asked for before a time, ns UTC; what is asked for in one decision is complete when that is over."""
        times, end = self._wishes.time, len(self._wishes.time)
        while end > self._taken and times[end - 1] >= before:
            end -= 1
        while self._taken < end:
            last = self._taken + 1
            while last < end and times[last] == times[self._taken]:
                last += 1
            self._decide(self._taken, last)
            self._taken = last
            self._wished.show()

    def _decide(self, first: int, last: int) -> None:
        """Take in the wishes ``first:last`` of one decision: orders as they came, then targets by row, the last of each symbol."""
        wishes, targets = self._wishes, dict[int, float]()
        place = int(np.searchsorted(self._prepared.panel.timestamp, wishes.time[first]))
        for index in range(first, last):
            row, ordered, strength = wishes.row[index], wishes.ordered[index], wishes.strength[index]
            if ordered:
                self._wished.add((place, row, strength, math.nan, ordered))
            else:
                targets[row] = strength
        for row in sorted(targets):
            measure = self._prepared.measure(place, row, self._sizing)
            self._wished.add((place, row, targets[row], measure, 0))

    def _play(self, end: int) -> None:
        start, written = self._prepared.start, self._written
        place = self._kernel(self._terms, self._bars, self._wished.now, self._columns, start, self._next, end)
        self._next = end
        self._held.clear()
        if written.account[LEFT]:
            self.left = left(written, self._prepared, place)
        self._is_quiet = max(self._working.tolist()) < 0 and max(self._stops.tolist()) < 0


class _Growing:
    """``Wished`` of an event strategy, with more and more entries.

    Attributes:
        now: As the loop takes it.
    """

    def __init__(self, none: Wished) -> None:
        self._fixed = tuple(none[len(GROWING) :])
        self._count = 0
        self._room: list[NDArray[Any]] = [np.empty(ENTRIES, column.dtype) for column in none[: len(GROWING)]]
        self._shown = self._views()
        self.now: tuple[object, ...] = tuple(none)

    def add(self, entry: tuple[int, int, float, float, int]) -> None:
        """Put one ``entry`` behind what there is."""
        count = self._count
        if count == len(self._room[0]):
            self._room = [np.concatenate((column, np.empty_like(column))) for column in self._room]
            self._shown = self._views()
        for column, value in zip(self._room, entry, strict=True):
            column[count] = value
        self._count = count + 1

    def _views(self) -> list[NDArray[Any]]:
        return [read_only(column) for column in self._room]

    def show(self) -> None:
        """Let the loop see what was added."""
        count = self._count
        self.now = (*[column[:count] for column in self._shown], *self._fixed)
