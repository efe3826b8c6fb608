"""Dividends on their ex dates: what ``brokers.simulated.custody`` books before anything trades; plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.compiled.columns import (
    CASH,
    DUE,
    ENTITLED,
    HELD,
    P_AMOUNT,
    P_PLACE,
    P_QUANTITY,
    P_ROW,
    PAID,
    PAYMENTS,
    PLACE,
)
from framework.compiled.writing import note
from framework.domain.values import notional

if TYPE_CHECKING:
    from framework.compiled.columns import World


def next_due(world: World, otherwise: int) -> int:
    """Place of the next ex date; ``otherwise`` where none is to come."""
    due = world.account[DUE]
    return int(world.due_place[due]) if due < len(world.due_place) else otherwise


def entitle(world: World) -> None:
    """Pay the dividends of this place to whoever holds the shares: first all are entitled, then all are paid."""
    account, first = world.account, world.counts[PAYMENTS]
    while account[DUE] < len(world.due_place) and world.due_place[account[DUE]] == account[PLACE]:
        due = account[DUE]
        row = world.due_row[due]
        quantity, index = world.slots[row, HELD], world.counts[PAYMENTS]
        account[DUE] = due + 1
        if quantity != 0:
            amount = notional(quantity, world.due_each[due])
            payment = world.payments[index]
            payment[P_PLACE], payment[P_ROW], payment[P_QUANTITY], payment[P_AMOUNT] = account[PLACE], row, quantity, amount
            world.counts[PAYMENTS] = index + 1
            account[CASH] += amount
            note(world, ENTITLED, index, 0)
    for index in range(first, world.counts[PAYMENTS]):
        note(world, PAID, index, 0)
