"""How much, what must change, and send it: what ``engine.targets`` does with the targets of one decision; plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.compiled.columns import (
    ATR,
    CANCELED,
    CASH,
    CLOSED,
    COUNTED,
    CROWDED,
    DENIED,
    EQUITY,
    EVENTS,
    EXPLICIT,
    HELD,
    LINGERS,
    NEW_TARGET,
    PLACE,
    R_CODE,
    R_PLACE,
    R_QUANTITY,
    R_ROW,
    REFUSALS,
    REFUSES,
    SENT,
    SESSION,
    TAPE_FULL,
    TARGET,
    TARGET_EXPIRES,
    TARGET_PRICE,
    TARGET_QUANTITY,
    TOO_LARGE,
    TRIPS,
    WHY,
    WORKING,
)
from framework.compiled.door import NOT_COUNTED, checked, reduction
from framework.compiled.exits import LARGEST_POSITION, NEVER, NO_PLAN, align
from framework.compiled.guards import size_multiplier
from framework.compiled.prices import atr_at, charged_var, last_price
from framework.compiled.sums import exact_sum
from framework.compiled.writing import decided, leave, made, note
from framework.domain.values import MICRO, notional, opposed
from framework.rules.fills import MARKET
from framework.rules.sizing.lots import is_worth_it, shares_for
from framework.rules.sizing.numbers import BELOW_LOT, FULL, TOO_SMALL, bases_of, cut, full_size, is_refusal, spend
from framework.rules.sizing.sizers import LARGEST_VALUE

if TYPE_CHECKING:
    from framework.compiled.columns import World
    from framework.domain.market import Floats, Integers

#: Columns of ``Desk.sized``: by target of the decision, dollars.
STRENGTH, WANTED, KEPT, SIZE, CHARGED, TAKEN, PRODUCT, VALUE, PARTIALS = range(9)
#: Columns of ``Desk.ranks``.
CODE, ORDER, WEAK, DELTA, SORTED = range(5)
#: Equity beyond which micros are no exact floats.
LARGEST_EQUITY = 10**14
#: Micro-dollars beyond which a trade is not played here.
LARGEST_TRADE = 10**14


def decide(world: World, first: int, last: int) -> None:
    """Take the decision of this place: the wishes ``first:last``, first orders, then targets."""
    while first < last and world.ordered[first] != 0:
        order(world, first)
        first += 1
    if first < last:
        aim(world, first, last)


def aim(world: World, first: int, last: int) -> None:
    """Size the targets ``first:last`` together and send what must change."""
    for wish in range(first, last):
        withdraw(world, world.wish_row[wish])
    equity = equity_of(world)
    if equity > LARGEST_EQUITY:
        leave(world, TOO_LARGE, 0)
        return
    world.account[EQUITY] = equity
    size(world, first, last, equity)
    for wish in range(first, last):
        change(world, wish, wish - first)
    rank(world, first, last)
    for number in range(last - first):
        send(world, first + world.ranks[SORTED, number], world.ranks[SORTED, number])


def withdraw(world: World, row: int) -> None:
    """A new target replaces what an older one still has working."""
    slot = world.slots[row]
    if slot[TARGET] < 0:
        return
    if world.orders[slot[TARGET], WHY] >= EXPLICIT:
        leave(world, CROWDED, row)
        return
    note(world, CANCELED, slot[TARGET], NEW_TARGET)
    slot[TARGET], slot[LINGERS] = -1, 1
    world.account[WORKING] -= 1
    world.account[COUNTED] = NOT_COUNTED
    align(world, row, 0, last_price(world, row, world.account[PLACE]), False)


def equity_of(world: World) -> int:
    """Cash and positions at the last closes, micro-dollars."""
    slots, total = world.slots, int(world.account[CASH])
    for row in range(len(slots)):
        if slots[row, HELD] != 0:
            total += notional(slots[row, HELD], last_price(world, row, world.account[PLACE]))
    return total


def size(world: World, first: int, last: int, micros: int) -> None:
    """Fill in what each target may be worth and what decided it, as ``rules.sizing.sizers.allocate`` does."""
    sizing, sized, ranks = world.sizing, world.sized, world.ranks
    count = last - first
    equity = min(micros / MICRO, LARGEST_VALUE) if micros > 0 else 0.0
    bases = bases_of(sizing.method, equity, world.symbols, sizing)
    place = world.account[PLACE]
    for number in range(count):
        row, strength = world.wish_row[first + number], min(max(world.strength[first + number], -1.0), 1.0)
        price = last_price(world, row, place)
        held = notional(world.slots[row, HELD], price) / MICRO
        full, code = full_size(sizing.method, world.measure[first + number], bases, equity, sizing)
        sized[STRENGTH, number], sized[WANTED, number] = abs(strength), min(full, LARGEST_VALUE) * strength
        sized[SIZE, number], sized[KEPT, number] = abs(held), abs(held) if held * strength > 0.0 else 0.0
        sized[CHARGED, number], sized[TAKEN, number] = charged_var(world, row, place), 0.0
        ranks[CODE, number], ranks[WEAK, number], ranks[ORDER, number] = code, abs(strength) < sizing.min_strength, number
        sized[PRODUCT, number] = sized[SIZE, number] * sized[CHARGED, number]
    by_strength(sized[STRENGTH], ranks[ORDER], count)
    other_var, other = elsewhere(world, first, last)
    budget = math.inf if sizing.max_portfolio_var_pct == math.inf else sizing.max_portfolio_var_pct * equity
    room = sizing.max_total_exposure_pct * equity - other
    spend(
        sized[WANTED],
        sized[KEPT],
        sized[SIZE],
        sized[CHARGED],
        ranks[CODE],
        ranks[ORDER, :count],  # type: ignore[arg-type]
        ranks[WEAK],
        budget - other_var - exact_sum(sized[PRODUCT], count, sized[PARTIALS]),
        room - exact_sum(sized[SIZE], count, sized[PARTIALS]),
        sizing.min_position_value,
        sized[TAKEN],
    )


def by_strength(strength: Floats, order: Integers, count: int) -> None:
    """Put the numbers of targets into the order of their strength, the strongest first, equals as they were."""
    for number in range(1, count):
        one, place = order[number], number
        while place > 0 and strength[order[place - 1]] < strength[one]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = one


def elsewhere(world: World, first: int, last: int) -> tuple[float, float]:
    """Dollars of VaR, and of value, held and coming in symbols without a target in this decision."""
    slots, place = world.slots, world.account[PLACE]
    products, values, found = world.sized[VALUE], 0, 0
    wish = first
    for row in range(len(slots)):
        if wish < last and world.wish_row[wish] == row:
            wish += 1
            continue
        held = slots[row, HELD]
        if held == 0 and slots[row, TARGET] < 0:
            continue
        price, var = last_price(world, row, place), charged_var(world, row, place)
        if held != 0:
            value = abs(notional(held, price))
            products[found] = value * var
            found, values = found + 1, values + value
        if slots[row, TARGET] >= 0:
            signed = slots[row, TARGET_QUANTITY]
            opening = max(abs(signed) - abs(held), 0) if opposed(held, signed) else abs(signed)
            if opening > 0:
                value = notional(opening, price)
                products[found] = value * var
                found, values = found + 1, values + value
    return exact_sum(products, found, world.sized[PARTIALS]) / MICRO, values / MICRO


def change(world: World, wish: int, number: int) -> None:
    """Find out what the target ``number`` of the decision changes; what is refused is written down."""
    ranks, sized, row = world.ranks, world.sized, world.wish_row[wish]
    strength = world.strength[wish]
    ranks[DELTA, number] = 0
    code, value = ranks[CODE, number], math.copysign(sized[TAKEN, number], strength) + 0.0
    if strength == 0.0:
        code = ranks[CODE, number] = FULL
    if is_refusal(code):
        refuse(world, row, code, strength, value)
    held = world.slots[row, HELD]
    if value == 0.0 and held == 0:
        return
    price = last_price(world, row, world.account[PLACE])
    value = cut(value, notional(held, price) / MICRO, size_multiplier(world))
    wanted = shares_for(value, price, world.venue.lot)
    worth = is_worth_it(held, wanted, price, world.sizing.min_position_value)
    if not is_refusal(code) and strength != 0.0 and held == 0 and (wanted == 0 or not worth):
        refuse(world, row, TOO_SMALL if wanted != 0 else BELOW_LOT, strength, value)
    if worth:
        ranks[DELTA, number] = wanted - held


def refuse(world: World, row: int, code: int, strength: float, value: float) -> None:
    """Write down what the sizer did not give."""
    index = world.counts[REFUSALS]
    if index == len(world.refusals):
        leave(world, TAPE_FULL, row)
        return
    refusal = world.refusals[index]
    refusal[R_PLACE], refusal[R_ROW], refusal[R_CODE], refusal[R_QUANTITY] = world.account[PLACE], row, code, 0
    world.figures[index, 0], world.figures[index, 1] = strength, value
    world.counts[REFUSALS] = index + 1
    note(world, REFUSES, index, 0)


def rank(world: World, first: int, last: int) -> None:
    """Put the changes into order: reductions first, then the strongest, then by row."""
    ranks, sized, count = world.ranks, world.sized, last - first
    for number in range(count):
        held = world.slots[world.wish_row[first + number], HELD]
        adds = not opposed(held, ranks[DELTA, number])
        # Strengths lie in [0, 1]: what reduces comes before all of them.
        sized[WANTED, number] = sized[STRENGTH, number] + (0.0 if adds else 2.0)
        ranks[SORTED, number] = number
    by_strength(sized[WANTED], ranks[SORTED], count)


def send(world: World, wish: int, number: int) -> None:
    """Send the order that reaches a target, as far as the limits let it."""
    if world.ranks[DELTA, number] != 0:
        submit(world, world.wish_row[wish], world.ranks[DELTA, number], world.ranks[CODE, number], world.strength[wish])


def order(world: World, wish: int) -> None:
    """Send an order that was asked for share for share, or deny it."""
    row, signed = world.wish_row[wish], world.ordered[wish]
    quantity, price = abs(signed), last_price(world, row, world.account[PLACE])
    if world.slots[row, TARGET] >= 0:
        leave(world, CROWDED, row)
    elif quantity > LARGEST_POSITION or notional(quantity, price) > LARGEST_TRADE:
        leave(world, TOO_LARGE, row)
    else:
        submit(world, row, signed, EXPLICIT if world.strength[wish] == 0.0 else CLOSED, 0.0)


def submit(world: World, row: int, signed: int, why: int, strength: float) -> None:
    """Check an order, write the decision down, and let it work."""
    slot, account, exits, whole = world.slots[row], world.account, world.exits, why >= EXPLICIT
    price, number_in_id = last_price(world, row, account[PLACE]), made(world)
    atr = NO_PLAN if whole and not exits.explicit else 0
    if atr != NO_PLAN and exits.attaches and exits.atr_multiple > 0.0:
        atr = atr_at(world, row, account[PLACE])
    refused = world.counts[REFUSALS]
    approved = reduction(world, row, signed) if account[TRIPS] else checked(world, row, signed, price, atr, whole)
    if approved < abs(signed):
        note(world, REFUSES, refused, 0)
        approved = 0 if whole else approved
    if approved == 0:
        denied = decided(world, row, signed, MARKET, why, 0, -1, number_in_id, refused, strength)
        note(world, DENIED, denied, 0)
        return
    signed = approved if signed > 0 else -approved
    if opposed(slot[HELD], signed):
        make_room(world, row, approved, price, whole)
    number = decided(world, row, signed, MARKET, why, 0, -1, number_in_id, -1, strength)
    note(world, SENT, number, 0)
    slot[TARGET], slot[TARGET_QUANTITY], slot[TARGET_PRICE], slot[ATR] = number, signed, price, atr
    slot[TARGET_EXPIRES] = account[SESSION] + world.venue.lifetime if world.venue.lifetime else NEVER
    account[WORKING] += 1


def make_room(world: World, row: int, leaving: int, price: int, whole: bool) -> None:
    """Let the stop guard less: so many shares are about to leave. After a cancel the next order counts the account anew."""
    happened = world.counts[EVENTS]
    align(world, row, leaving, price, False)
    if whole and world.counts[EVENTS] != happened:
        world.account[COUNTED] = NOT_COUNTED
