"""The life of a bar, from the first decision to the last: what happened, must we get out, what do we want; one loop, plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from framework.compiled.columns import (
    CASH,
    DUE,
    G_SESSION,
    GUARDED,
    HELD,
    IDLE,
    LEFT,
    LINGERS,
    MADE,
    PLACE,
    SESSION,
    SEVERAL,
    STOP,
    TARGET,
    TODAY,
    World,
)
from framework.compiled.decide import decide
from framework.compiled.dividends import entitle, next_due
from framework.compiled.exits import on_close
from framework.compiled.guards import NOT_STARTED, on_equity
from framework.compiled.prices import last_price
from framework.compiled.terms import Exits, Fills, Guards, Limits, Sizing, Venue
from framework.compiled.venue import expire, trade
from framework.compiled.writing import leave
from framework.domain.values import notional

if TYPE_CHECKING:
    from framework.compiled.columns import Columns

Column = TypeVar("Column")


def play(terms: Columns, market: Columns, wished: Columns, written: Columns, start: int) -> int:
    """Play the places from ``start`` on; the place the loop was left at, or the number of places.

    ``terms`` are those of ``terms.Terms`` and the others the columns of ``World``, all of them plain tuples.
    """
    cash, symbols, exits, sizing, limits, venue, fills, guards = terms
    session, opened, high, low, close, volume, sec, taf, taf_most, sector, due_place, due_row, due_each = market
    wish_place, wish_row, strength, measure, risk_first, risk_place, var = wished
    counts, orders, strengths, executions, refusals, figures, events, payments, curve, slots, account, sectors, sized, ranks = written
    world = World(
        cash,
        symbols,
        Exits(*exits),
        Sizing(*sizing),
        Limits(*limits),
        Venue(*venue),
        Fills(*fills),
        Guards(*guards),
        borrowed(session),
        borrowed(opened),
        borrowed(high),
        borrowed(low),
        borrowed(close),
        borrowed(volume),
        borrowed(sec),
        borrowed(taf),
        borrowed(taf_most),
        borrowed(sector),
        borrowed(due_place),
        borrowed(due_row),
        borrowed(due_each),
        borrowed(wish_place),
        borrowed(wish_row),
        borrowed(strength),
        borrowed(measure),
        borrowed(risk_first),
        borrowed(risk_place),
        borrowed(var),
        borrowed(counts),
        borrowed(orders),
        borrowed(strengths),
        borrowed(executions),
        borrowed(refusals),
        borrowed(figures),
        borrowed(events),
        borrowed(payments),
        borrowed(curve),
        borrowed(slots),
        borrowed(account),
        borrowed(sectors),
        borrowed(sized),
        borrowed(ranks),
    )
    return played(world, start)


def borrowed(column: Column) -> Column:
    """``column`` as it is: compiled code does not count who holds it."""
    return column


def played(world: World, start: int) -> int:
    """The same, of all that is known."""
    account, length, wishes = world.account, len(world.session), world.wish_place
    open_account(world, start)
    place, wish = start, 0
    while place < length:
        quiet = is_quiet(world)
        if quiet:
            until = min(wishes[wish] if wish < len(wishes) else length - 1, next_due(world, length - 1))
            value(world, place, until, start)
            place = until
        arrive(world, place)
        entitle(world)
        if not quiet:
            happen(world, place)
            if world.exits.moves:
                tighten(world)
        value(world, place, place + 1, start)
        first = wish
        while wish < len(wishes) and wishes[wish] == place:
            wish += 1
        if wish > first:
            decide(world, first, wish)
        if account[LEFT] != 0:
            return int(account[PLACE])
        place += 1
    return length


def is_quiet(world: World) -> bool:
    """Whether nothing works at the venue."""
    slots = world.slots
    for row in range(len(slots)):  # noqa: SIM110 - compiled code has no generators
        if slots[row, STOP] >= 0 or slots[row, TARGET] >= 0 or slots[row, LINGERS] != 0:
            return False
    return True


def arrive(world: World, place: int) -> None:
    """Time has come to ``place``."""
    account, session = world.account, world.session[place]
    account[PLACE], account[MADE] = place, 0
    if session != account[SESSION]:
        account[SESSION], account[TODAY] = session, 0


def open_account(world: World, start: int) -> None:
    """Everything as before the first bar."""
    world.slots[:] = 0
    world.slots[:, TARGET] = -1
    world.slots[:, STOP] = -1
    world.account[:] = 0
    world.counts[:] = 0
    world.account[CASH] = world.cash
    world.account[G_SESSION] = NOT_STARTED
    world.account[SESSION] = NOT_STARTED
    while next_due(world, start) < start:
        world.account[DUE] += 1


def happen(world: World, place: int) -> None:
    """Let working orders trade on the bars of this place."""
    slots = world.slots
    if world.venue.lifetime:
        expire(world)
    for row in range(len(slots)):
        if not math.isnan(world.close[row, place]):
            if slots[row, STOP] >= 0 or slots[row, TARGET] >= 0:
                trade(world, row)
            elif slots[row, LINGERS] != 0 and not world.volume[row, place] > 0.0:
                slots[row, IDLE] += 1
            slots[row, LINGERS] = 0


def tighten(world: World) -> None:
    """Move the stops of all positions that have a new bar."""
    placed = 0
    for row in range(len(world.slots)):
        if world.slots[row, GUARDED] != 0:
            placed += on_close(world, row)
    if placed > 1:
        leave(world, SEVERAL, 0)


def value(world: World, first: int, last: int, start: int) -> None:
    """Write down what the account is worth at the places ``first:last``; orders of a decision change nothing of it."""
    slots, cash, curve, watched = world.slots, world.account[CASH], world.curve, world.guards.enabled
    for place in range(first, last):
        equity, gross = cash, 0
        for row in range(len(slots)):
            if slots[row, HELD] != 0:
                worth = notional(slots[row, HELD], last_price(world, row, place))
                equity += worth
                gross += abs(worth)
        curve[0, place - start], curve[1, place - start], curve[2, place - start] = equity, cash, gross
        if watched:
            on_equity(world, place, equity)
