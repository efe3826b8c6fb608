"""May we? The limits of ``rules.pretrade`` on a target order, in plain numbers: what may be sent of it.

Only the quantity is decided here; what is said about it, ``framework.compiled.said`` asks of the rules themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.compiled.columns import (
    CASH,
    COUNTED,
    ENTERING,
    EQUITY,
    GROSS,
    GUARD,
    GUARDED,
    HELD,
    IN_BAR,
    LEVEL,
    LIMIT,
    PLACE,
    POSITIONS,
    R_APPROVED,
    R_AT_RISK,
    R_CASH,
    R_CODE,
    R_ENTERING,
    R_EQUITY,
    R_FEES,
    R_GROSS,
    R_HELD,
    R_IN_BAR,
    R_PLACE,
    R_POSITIONS,
    R_PRICE,
    R_QUANTITY,
    R_RESERVED,
    R_RISK,
    R_ROW,
    R_SECTOR,
    R_TODAY,
    R_VAR,
    REFUSALS,
    RESERVED,
    TAPE_FULL,
    TARGET,
    TARGET_QUANTITY,
    TODAY,
    VAR,
    WHOLE,
    WORKING,
)
from framework.compiled.exits import NO_PLAN
from framework.compiled.prices import charged_var, last_price
from framework.compiled.venue import fees
from framework.compiled.writing import leave
from framework.domain.values import floor_to_lot, fraction_of, notional, opposed
from framework.domain.venue import tick_at
from framework.rules.pretrade.entry import ALL, fitting
from framework.rules.pretrade.standing import loss_each, var_each, with_collar
from framework.rules.stops.state import Seen, opened_at

if TYPE_CHECKING:
    from framework.compiled.columns import World

#: Nothing is allowed at all.
NONE = 0
#: The place of no decision: the next order counts the account.
NOT_COUNTED = -1


def checked(world: World, row: int, signed: int, price: int, atr: int, whole: bool) -> int:
    """How much of an order of ``signed`` micro-shares may be sent; less than all is written down. Counts what is approved.

    An order that is sent ``whole`` or not at all was asked for share for share.
    """
    if world.account[COUNTED] != world.account[PLACE]:
        count(world)
    held, quantity = world.slots[row, HELD], abs(signed)
    closing = min(quantity, abs(held)) if opposed(held, signed) else 0
    if closing == quantity:
        return quantity
    var = charged_var(world, row, world.account[PLACE]) if world.limits.var >= 0 else 0.0
    stop = stop_distance(world, signed, price, atr)
    allowed = tightest(world, row, signed, closing, price, stop, var)
    approved = quantity if allowed == ALL else reduced(world, closing, allowed, price)
    if approved < quantity:
        approved = 0 if whole else approved
        write(world, row, signed, price, stop, var, approved, WHOLE if whole else LIMIT)
    if approved > closing:
        enter(world, row, signed, approved - closing, price, var)
    return approved


def reduction(world: World, row: int, signed: int) -> int:
    """What a breaker that has tripped leaves of an order: the part that closes. Less than all is written down."""
    held, quantity, index = world.slots[row, HELD], abs(signed), world.counts[REFUSALS]
    closing = min(quantity, abs(held)) if opposed(held, signed) else 0
    if closing < quantity:
        if index == len(world.refusals):
            leave(world, TAPE_FULL, row)
            return 0
        refusal = world.refusals[index]
        refusal[R_PLACE], refusal[R_ROW], refusal[R_CODE], refusal[R_QUANTITY] = world.account[PLACE], row, GUARD, signed
        world.counts[REFUSALS] = index + 1
    return closing


def stop_distance(world: World, signed: int, price: int, atr: int) -> int:
    """Micro-dollars a share entered at ``price`` loses at its stop; 0 without one."""
    exits = world.exits
    if not exits.attaches or atr == NO_PLAN:
        return 0
    sign, seen = (1 if signed > 0 else -1), Seen(0, 0, 0, atr, 0, 0)
    _, risk, _, _, _ = opened_at(exits, seen, price, sign, tick_at(world.venue.ticks, price))
    return risk


def tightest(world: World, row: int, signed: int, closing: int, price: int, stop: int, var: float) -> int:
    """Micro-shares that may be opened, ``ALL`` where everything may."""
    if is_gated(world, row, signed, price):
        return NONE
    account, slot, limits = world.account, world.slots[row], world.limits
    opening, equity = abs(signed) - closing, account[EQUITY]
    value, worth = notional(opening, price), notional(abs(slot[HELD]), price)
    closes = worth if closing > 0 else 0
    worst, risk = with_collar(price, 0, limits.collar), at_risk(world, row, price)
    found = own_size(world, opening, closing, price)
    if limits.position >= 0:
        found = less(found, fitting(value, fraction_of(equity, limits.position) - (worth - closes), price))
    if limits.position_risk >= 0:
        each = loss_each(stop, price)
        used = 0 if closes > 0 and risk < 0 else risk if risk >= 0 else worth
        found = less(found, fitting(notional(opening, each), fraction_of(equity, limits.position_risk) - used, each))
    if limits.sector >= 0:
        used = world.sectors[world.sector[row]] - closes
        found = less(found, fitting(value, fraction_of(equity, limits.sector) - used, price))
    if limits.exposure >= 0:
        used = account[GROSS] + account[ENTERING] - closes
        found = less(found, fitting(value, fraction_of(equity, limits.exposure) - used, price))
    if limits.var >= 0:
        each = var_each(var, price)
        used = account[VAR] - int(closes * var)
        found = less(found, fitting(notional(opening, each), fraction_of(equity, limits.var) - used, each))
    used = account[GROSS] + account[RESERVED] + fees(world, signed, worst) - closes
    return less(found, fitting(notional(opening, worst), equity - used, worst))


def less(first: int, second: int) -> int:
    """The smaller of two quantities, either of which may be ``ALL``."""
    if ALL in (first, second):  # a set would be made anew at every call
        return max(first, second)
    return min(first, second)


def own_size(world: World, opening: int, closing: int, price: int) -> int:
    """What the largest value of an order leaves of this one."""
    most = world.limits.most
    return ALL if most < 0 else fitting(notional(opening, price), most - notional(closing, price), price)


def is_gated(world: World, row: int, signed: int, price: int) -> bool:
    """Whether a limit refuses the entry whatever its size."""
    account, limits = world.account, world.limits
    if signed < 0 and not world.venue.shorting:
        return True
    if 0 <= limits.orders_per_bar <= account[IN_BAR] or 0 <= limits.orders_per_day <= account[TODAY]:
        return True
    if world.slots[row, HELD] == 0 and 0 <= limits.positions <= account[POSITIONS]:
        return True
    return notional(abs(signed), price) < limits.least


def reduced(world: World, closing: int, allowed: int, price: int) -> int:
    """What is sent of an order that closes ``closing`` and may open ``allowed`` micro-shares."""
    lot = world.venue.lot
    quantity = floor_to_lot(closing + allowed, lot)
    if quantity > closing and notional(quantity, price) < max(world.limits.least, 0):
        return floor_to_lot(closing, lot)
    return quantity


def at_risk(world: World, row: int, price: int) -> int:
    """Micro-dollars the position loses from ``price`` to its stop; -1 when nothing guards it."""
    slot = world.slots[row]
    if slot[GUARDED] == 0 or slot[LEVEL] == 0:
        return -1
    return notional(abs(slot[HELD]), max(slot[GUARDED] * (price - slot[LEVEL]), 0))


def count(world: World) -> None:
    """What the limits see of the account, before the first order of a decision."""
    account, slots, sectors = world.account, world.slots, world.sectors
    place = account[PLACE]
    account[COUNTED] = place
    account[GROSS] = account[ENTERING] = account[RESERVED] = account[POSITIONS] = account[VAR] = 0
    account[EQUITY] = account[CASH]
    sectors[:] = 0
    for row in range(len(slots)):
        held, price = slots[row, HELD], 0
        if held != 0:
            price = last_price(world, row, place)
            value = notional(held, price)
            account[EQUITY] += value
            account[GROSS] += abs(value)
            add_position(world, row, abs(value))
        if account[WORKING] > 0 and slots[row, TARGET] >= 0:
            count_working(world, row)
        elif held != 0:
            account[POSITIONS] += 1


def count_working(world: World, row: int) -> None:
    """The same of a symbol whose target order still works."""
    account, slot = world.account, world.slots[row]
    held, signed = slot[HELD], slot[TARGET_QUANTITY]
    opening = max(abs(signed) - abs(held), 0) if opposed(held, signed) else abs(signed)
    if opening > 0:
        price = last_price(world, row, account[PLACE])
        worst, value = with_collar(price, 0, world.limits.collar), notional(opening, price)
        account[ENTERING] += value
        account[RESERVED] += notional(opening, worst) + fees(world, signed, worst)
        add_position(world, row, value)
    account[POSITIONS] += 1 if held != 0 or opening > 0 else 0


def add_position(world: World, row: int, value: int) -> None:
    """``value`` is held, or is being entered."""
    world.sectors[world.sector[row]] += value
    if world.limits.var >= 0:
        world.account[VAR] += round(value * charged_var(world, row, world.account[PLACE]))


def enter(world: World, row: int, signed: int, opened: int, price: int, var: float) -> None:
    """An entry was approved: the next order of the decision sees it."""
    account = world.account
    worst = with_collar(price, 0, world.limits.collar)
    value = notional(opened, price)
    account[ENTERING] += value
    account[RESERVED] += notional(opened, worst) + fees(world, signed, worst)
    account[POSITIONS] += 1 if world.slots[row, HELD] == 0 else 0
    account[IN_BAR] += 1
    account[TODAY] += 1
    account[VAR] += notional(opened, var_each(var, price)) if world.limits.var >= 0 else 0
    world.sectors[world.sector[row]] += value


def write(world: World, row: int, signed: int, price: int, stop: int, var: float, approved: int, code: int) -> None:
    """Write down what the books said when an order was refused or made smaller."""
    account = world.account
    index = world.counts[REFUSALS]
    if index == len(world.refusals):
        leave(world, TAPE_FULL, row)
        return
    refusal = world.refusals[index]
    refusal[R_PLACE], refusal[R_ROW], refusal[R_CODE], refusal[R_QUANTITY] = account[PLACE], row, code, signed
    refusal[R_EQUITY], refusal[R_GROSS], refusal[R_ENTERING] = account[EQUITY], account[GROSS], account[ENTERING]
    refusal[R_RESERVED], refusal[R_CASH], refusal[R_POSITIONS] = account[RESERVED], account[CASH], account[POSITIONS]
    refusal[R_IN_BAR], refusal[R_TODAY], refusal[R_VAR] = account[IN_BAR], account[TODAY], account[VAR]
    refusal[R_SECTOR], refusal[R_HELD] = world.sectors[world.sector[row]], world.slots[row, HELD]
    worst = with_collar(price, 0, world.limits.collar)
    refusal[R_PRICE], refusal[R_RISK], refusal[R_AT_RISK] = price, stop, at_risk(world, row, price)
    refusal[R_FEES], refusal[R_APPROVED] = fees(world, signed, worst), approved
    world.figures[index, 1] = var
    world.counts[REFUSALS] = index + 1
