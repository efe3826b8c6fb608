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

    def __call__(self, terms: Columns, market: Columns, wished: Columns, written: Columns, start: int) -> int:
        """Play the places from ``start`` on; where it was left."""


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
    """What a run left, from the first decision on. Where it was ``left`` before its end, as that says, the rest counts for nothing."""

    left: str
    written: Written
    prepared: Prepared


def play(prepared: Prepared, terms: Terms, wished: Wished, kernel: Kernel) -> Played:
    """Play what is ``wished`` with ``kernel``."""
    room = 4 * len(wished.wish_place) + 64
    plain = tuple(tuple(part) if isinstance(part, tuple) else part for part in terms)
    while True:
        written = _columns(prepared, room)
        place = kernel(plain, tuple(prepared.bars), tuple(wished), tuple(written), prepared.start)
        if written.account[LEFT] != TAPE_FULL:
            return Played(_left(written, prepared, place), _trimmed(written), prepared)
        room *= 2


def _left(written: Written, prepared: Prepared, place: int) -> str:
    reason = int(written.account[LEFT])
    if reason == 0:
        return ""
    symbol = prepared.panel.symbols[int(written.account[LEFT_ROW])]
    moment = np.datetime64(int(prepared.panel.timestamp[place]), "ns").astype("datetime64[m]")
    return f"{REASONS[reason]} ({symbol}, {moment} UTC)"


def _columns(prepared: Prepared, room: int) -> Written:
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
        curve=np.empty((3, length), np.int64),
        slots=np.zeros((symbols, SLOT), np.int64),
        account=np.zeros(ACCOUNT, np.int64),
        sectors=np.zeros(int(prepared.bars.sector.max()) + 1, np.int64),
        sized=np.zeros((9, 2 * symbols + 1)),
        ranks=np.zeros((5, symbols), np.int64),
    )


def _trimmed(written: Written) -> Written:
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
