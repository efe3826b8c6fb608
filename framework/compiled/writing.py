"""Writing records, and marking what the loop does not model; plain numbers, as they are and as compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.compiled.columns import (
    E_KIND,
    E_NUMBER,
    E_PLACE,
    E_WHY,
    EVENTS,
    ID,
    LEFT,
    LEFT_ROW,
    MADE,
    O_KIND,
    O_PARENT,
    O_PLACE,
    O_QUANTITY,
    O_ROW,
    O_STOP,
    ORDERS,
    PLACE,
    REFUSAL,
    TAPE_FULL,
    WHY,
)

if TYPE_CHECKING:
    from framework.compiled.columns import World


def leave(world: World, reason: int, row: int) -> None:
    """This slice cannot be played here; the first reason counts."""
    account = world.account
    if account[LEFT] == 0:
        account[LEFT] = reason
        account[LEFT_ROW] = row


def note(world: World, kind: int, number: int, why: int) -> None:
    """Write an event down."""
    index = world.counts[EVENTS]
    if index == len(world.events):
        leave(world, TAPE_FULL, 0)
        return
    world.events[index, E_KIND] = kind
    world.events[index, E_PLACE] = world.account[PLACE]
    world.events[index, E_NUMBER] = number
    world.events[index, E_WHY] = why
    world.counts[EVENTS] = index + 1


def made(world: World) -> int:
    """The number in the id of the next order made at this place."""
    world.account[MADE] += 1
    return int(world.account[MADE])


def decided(
    world: World, row: int, quantity: int, kind: int, why: int, stop: int, parent: int, number_in_id: int, refusal: int, strength: float
) -> int:
    """Write an order down (``quantity`` signed); its number."""
    number = int(world.counts[ORDERS])
    if number == len(world.orders):
        leave(world, TAPE_FULL, row)
        return 0
    order = world.orders[number]
    order[O_PLACE], order[O_ROW], order[O_QUANTITY], order[O_KIND] = world.account[PLACE], row, quantity, kind
    order[WHY], order[O_STOP], order[O_PARENT], order[ID], order[REFUSAL] = why, stop, parent, number_in_id, refusal
    world.strengths[number] = strength
    world.counts[ORDERS] = number + 1
    return number
