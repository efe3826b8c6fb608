"""The life of a bar, from the first decision to the last: what happened, must we get out, what do we want; one loop, plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from framework.compiled.columns import (
    CASH,
    COUNTED,
    DUE,
    G_EQUITY,
    G_SAFE,
    G_SESSION,
    GUARDED,
    HELD,
    IDLE,
    IN_BAR,
    LEFT,
    LINGERS,
    MADE,
    PLACE,
    SESSION,
    SEVERAL,
    STOP,
    STOP_EXPIRES,
    TARGET,
    TODAY,
    WISH,
    World,
)
from framework.compiled.decide import decide
from framework.compiled.dividends import entitle, next_due
from framework.compiled.door import NOT_COUNTED
from framework.compiled.exits import on_close
from framework.compiled.guards import NEVER_SAFE, NOT_STARTED, is_safe, on_equity
from framework.compiled.prices import last_price
from framework.compiled.terms import Exits, Fills, Guards, Limits, Sizing, Venue
from framework.compiled.venue import expire, stays_away, trade
from framework.compiled.writing import leave
from framework.domain.values import MICRO, notional, to_micros

if TYPE_CHECKING:
    from framework.compiled.columns import Columns

Column = TypeVar("Column")


def play(terms: Columns, market: Columns, wished: Columns, written: Columns, start: int, begin: int, end: int) -> int:
    """Play the places ``begin:end`` of a run that starts at ``start``; the place the loop was left at, or ``end``.

    The decision of the place before ``begin`` is taken first, if it is wished for by now and was not then.

    ``terms`` are those of ``terms.Terms`` and the others the columns of ``World``, all of them plain tuples.
    """
    cash, symbols, exits, sizing, limits, venue, fills, guards = terms
    session, opened, high, low, close, volume, sec, taf, taf_most, sector, due_place, due_row, due_each = market
    wish_place, wish_row, strength, measure, ordered, risk_first, risk_begin, risk_place, var = wished
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
        borrowed(ordered),
        borrowed(risk_first),
        borrowed(risk_begin),
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
    place = played(world, start, begin, end)
    let_go(world)
    return place


def let_go(world: World) -> None:
    """Nobody looks at ``world`` any more: compiled code does not count who does, and gives its memory back here."""


def borrowed(column: Column) -> Column:
    """``column`` as it is: compiled code does not count who holds it."""
    return column


def played(world: World, start: int, begin: int, end: int) -> int:
    """The same, of all that is known."""
    account, place = world.account, begin
    if begin == start:
        open_account(world, start)
    elif not take(world, begin - 1):
        return int(account[PLACE])
    while place < end:
        works = is_working(world)
        until = calm_until(world, place, end - 1, works)
        if until > place:
            value(world, place, until, start)
            place = until
        arrive(world, place)
        entitle(world)
        if works:
            happen(world, place)
            if world.exits.moves:
                tighten(world)
        value(world, place, place + 1, start)
        if not take(world, place):
            return int(account[PLACE])
        place += 1
    return end


def take(world: World, place: int) -> bool:
    """Take the decision of ``place``, if something is wished for there; whether the loop goes on."""
    account, wishes = world.account, world.wish_place
    first = wish = account[WISH]
    while wish < len(wishes) and wishes[wish] == place:
        wish += 1
    if wish > first:
        account[WISH] = wish
        decide(world, first, wish)
    return bool(account[LEFT] == 0)


def next_stir(world: World, last: int) -> int:
    """The next place, ``last`` at most, with a wish or a dividend: until then nothing happens to an account without working orders."""
    wish, wishes = world.account[WISH], world.wish_place
    until = min(last, next_due(world, last))
    return min(until, int(wishes[wish])) if wish < len(wishes) else until


def is_working(world: World) -> bool:
    """Whether anything works at the venue."""
    slots = world.slots
    for row in range(len(slots)):  # noqa: SIM110 - compiled code has no generators
        if slots[row, STOP] >= 0 or slots[row, TARGET] >= 0 or slots[row, LINGERS] != 0:
            return True
    return False


def calm_until(world: World, place: int, last: int, works: bool) -> int:
    """The first place from ``place`` on, ``last`` at most, with a wish, a dividend, or a bar on which what ``works`` may trade."""
    slots, until = world.slots, next_stir(world, last)
    if not works:
        return until
    if world.exits.moves:
        return place
    for row in range(len(slots)):
        if slots[row, TARGET] >= 0 or slots[row, LINGERS] != 0:
            return place
    for now in range(place, until):
        for row in range(len(slots)):
            if slots[row, STOP] >= 0 and not is_calm(world, row, now):
                return now
    return until


def is_calm(world: World, row: int, place: int) -> bool:
    """Whether the stop of ``row`` still works at ``place``, and the bar there does not reach it."""
    if world.venue.lifetime and world.slots[row, STOP_EXPIRES] < world.session[place]:
        return False
    return math.isnan(world.close[row, place]) or (world.volume[row, place] > 0.0 and stays_away(world, row, place))


def arrive(world: World, place: int) -> None:
    """Time has come to ``place``."""
    account, session = world.account, world.session[place]
    account[PLACE], account[MADE], account[IN_BAR] = place, 0, 0
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
    world.account[COUNTED] = NOT_COUNTED
    world.account[G_SESSION] = NOT_STARTED
    world.account[G_SAFE] = NEVER_SAFE
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
    slots, curve = world.slots, world.curve
    curve[first - start : last - start] = world.account[CASH]
    for row in range(len(slots)):
        if slots[row, HELD] != 0:
            add_worth(world, row, first, last, start)
    if world.guards.enabled:
        for place in range(first, last):
            if is_safe(world, place, curve[place - start]):
                world.account[G_EQUITY] = curve[place - start]
            else:
                on_equity(world, place, curve[place - start])


def add_worth(world: World, row: int, first: int, last: int, start: int) -> None:
    """Add what is held of ``row`` at the last close of each place."""
    held, closes, curve, price = world.slots[row, HELD], world.close, world.curve, last_price(world, row, first)
    whole, is_whole = held // MICRO, held % MICRO == 0
    for place in range(first, last):
        close = closes[row, place]
        if not math.isnan(close):
            price = to_micros(close)
        curve[place - start] += whole * price if is_whole else notional(held, price)
