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
    REASONS,
    REFUSALS,
    REFUSED,
    SLOT,
    TAPE_FULL,
    Desk,
    Tape,
    World,
)

if TYPE_CHECKING:
    from framework.compiled.columns import Risks, Wishes
    from framework.compiled.prepare import Prepared
    from framework.compiled.terms import Terms


class Kernel(Protocol):
    """``loop.play``, compiled or as it is."""

    def __call__(self, world: World, start: int) -> int:
        """Play the places from ``start`` on; where it was left."""


class Played(NamedTuple):
    """What a run left, from the first decision on. ``left`` says why and when it was left before its end; then the rest counts for nothing."""

    left: str
    tape: Tape
    desk: Desk
    prepared: Prepared


def play(prepared: Prepared, terms: Terms, wishes: Wishes, risks: Risks, kernel: Kernel) -> Played:
    """Play ``wishes`` with ``kernel``, which is ``loop.play``, compiled or as it is."""
    room = 4 * len(wishes.place) + 64
    while True:
        world = World(terms, prepared.bars, wishes, risks, _tape(room, len(prepared.bars.time) - prepared.start), _desk(prepared, wishes))
        place = kernel(world, prepared.start)
        if world.desk.account[LEFT] != TAPE_FULL:
            break
        room *= 2
    return Played(_left(world, prepared, place), _trimmed(world.tape), world.desk, prepared)


def _left(world: World, prepared: Prepared, place: int) -> str:
    reason = int(world.desk.account[LEFT])
    if reason == 0:
        return ""
    symbol = prepared.panel.symbols[int(world.desk.account[LEFT_ROW])]
    moment = np.datetime64(int(prepared.bars.time[place]), "ns").astype("datetime64[m]")
    return f"{REASONS[reason]} ({symbol}, {moment} UTC)"


def _tape(room: int, length: int) -> Tape:
    return Tape(
        count=np.zeros(4, np.int64),
        orders=np.empty((room, ORDER), np.int64),
        strengths=np.empty(room),
        fills=np.empty((room, FILL), np.int64),
        refusals=np.empty((room, REFUSED), np.int64),
        figures=np.empty((room, 2)),
        events=np.empty((4 * room, EVENT), np.int64),
        curve=np.empty((3, length), np.int64),
    )


def _trimmed(tape: Tape) -> Tape:
    orders, fills, refusals, events = (int(tape.count[kind]) for kind in (ORDERS, FILLS, REFUSALS, EVENTS))
    return tape._replace(
        orders=tape.orders[:orders],
        strengths=tape.strengths[:orders],
        fills=tape.fills[:fills],
        refusals=tape.refusals[:refusals],
        figures=tape.figures[:refusals],
        events=tape.events[:events],
    )


def _desk(prepared: Prepared, wishes: Wishes) -> Desk:
    symbols = len(prepared.panel.symbols)
    return Desk(
        slots=np.zeros((symbols, SLOT), np.int64),
        account=np.zeros(ACCOUNT, np.int64),
        sectors=np.zeros(int(prepared.bars.sector.max()) + 1, np.int64),
        sized=np.zeros((8, max(2 * symbols, 1))),
        ranks=np.zeros((5, max(symbols, 1)), np.int64),
    )
