"""One run on the loop: what it takes, what it left, and where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from framework.compiled.columns import (
    ACCOUNT,
    EVENT,
    EVENTS,
    FILL,
    FILLS,
    LEFT,
    LEFT_ROW,
    ORDER,
    ORDERS,
    PAYMENT,
    PAYMENTS,
    REASONS,
    REFUSALS,
    REFUSED,
    SLOT,
    TAPE_FULL,
)

if TYPE_CHECKING:
    from framework.compiled.columns import Columns
    from framework.compiled.prepare import Prepared, Wished
    from framework.compiled.terms import Terms
    from framework.domain.market import Floats, Integers


class Kernel(Protocol):
    """``loop.play``, compiled or as it is."""

    def __call__(self, terms: Columns, market: Columns, wished: Columns, written: Columns, start: int, begin: int, end: int) -> int:
        """Play the places ``begin:end`` of a run that starts at ``start``; where it was left."""


class Written(NamedTuple):
    """The columns the loop writes, in the order and with the fields of ``World``."""

    counts: Integers
    orders: Integers
    strengths: Floats
    executions: Integers
    refusals: Integers
    figures: Floats
    events: Integers
    payments: Integers
    curve: Integers
    slots: Integers
    account: Integers
    sectors: Integers
    sized: Floats
    ranks: Integers


class Played(NamedTuple):
    """What a run left, from the first decision on. Where it was ``left`` before its end, as that says, the rest counts for nothing.

    It began with ``cash`` micro-dollars.
    """

    left: str
    written: Written
    prepared: Prepared
    cash: int


def play(prepared: Prepared, terms: Terms, wished: Wished, kernel: Kernel) -> Played:
    """Play what is ``wished`` with ``kernel``."""
    return Player(prepared, terms, kernel).play(wished)


class Player:
    """Plays runs over the same bars one after the other; what one has left is overwritten by the next."""

    def __init__(self, prepared: Prepared, terms: Terms, kernel: Kernel) -> None:
        self._prepared, self._terms, self._kernel = prepared, terms, kernel
        self._told = plain(terms), tuple(prepared.bars)
        self._room = 0
        self._written: Written | None = None

    def play(self, wished: Wished) -> Played:
        """Play what is ``wished``."""
        prepared = self._prepared
        orders = 4 if self._terms.exits.attaches else 1  # for a wish, at most but for rare runs: memory that is not touched costs time too
        start, length = prepared.start, len(prepared.panel.timestamp)
        room = orders * len(wished.wish_place) + 64
        while True:
            written = self._columns(room)
            place = self._kernel(*self._told, tuple(wished), tuple(written), start, start, length)
            if written.account[LEFT] != TAPE_FULL:
                return Played(left(written, prepared, place), trimmed(written), prepared, self._terms.cash)
            room = 2 * self._room

    def _columns(self, room: int) -> Written:
        """Columns with at least so much ``room``; the loop itself clears what it counts in."""
        if self._written is None or room > self._room:
            self._room, self._written = room, columns(self._prepared, room)
        return self._written


def plain(terms: Terms) -> Columns:
    """``terms`` as plain tuples."""
    return tuple(tuple(part) if isinstance(part, tuple) else part for part in terms)


def left(written: Written, prepared: Prepared, place: int) -> str:
    """Why the loop was left at ``place``, in words; empty where it was not."""
    reason = int(written.account[LEFT])
    if reason == 0:
        return ""
    symbol = prepared.panel.symbols[int(written.account[LEFT_ROW])]
    moment = np.datetime64(int(prepared.panel.timestamp[place]), "ns").astype("datetime64[m]")
    return f"{REASONS[reason]} ({symbol}, {moment} UTC)"


def columns(prepared: Prepared, room: int) -> Written:
    """Empty columns with ``room`` for so many orders."""
    symbols, length = len(prepared.panel.symbols), len(prepared.panel.timestamp) - prepared.start
    return Written(
        counts=np.zeros(5, np.int64),
        orders=np.empty((room, ORDER), np.int64),
        strengths=np.empty(room),
        executions=np.empty((room, FILL), np.int64),
        refusals=np.empty((room, REFUSED), np.int64),
        figures=np.empty((room, 2)),
        events=np.empty((4 * room + 2 * len(prepared.bars.due_place), EVENT), np.int64),
        payments=np.empty((len(prepared.bars.due_place), PAYMENT), np.int64),
        curve=np.empty(length, np.int64),
        slots=np.zeros((symbols, SLOT), np.int64),
        account=np.zeros(ACCOUNT, np.int64),
        sectors=np.zeros(int(prepared.bars.sector.max()) + 1, np.int64),
        sized=np.zeros((9, 2 * symbols + 1)),
        ranks=np.zeros((5, symbols), np.int64),
    )


def trimmed(written: Written) -> Written:
    """What was written of the columns."""
    orders, fills, refusals, events, payments = (int(written.counts[kind]) for kind in (ORDERS, FILLS, REFUSALS, EVENTS, PAYMENTS))
    return written._replace(
        orders=written.orders[:orders],
        strengths=written.strengths[:orders],
        executions=written.executions[:fills],
        refusals=written.refusals[:refusals],
        figures=written.figures[:refusals],
        events=written.events[:events],
        payments=written.payments[:payments],
    )
