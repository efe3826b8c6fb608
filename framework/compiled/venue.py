"""Trades along the path of a bar: what ``brokers.simulated`` does with a target order and a stop; plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.compiled.columns import (
    BEYOND_COLLAR,
    CALM,
    CALM_AT,
    CASH,
    COST,
    EXPIRED,
    F_FEES,
    F_ORDER,
    F_PLACE,
    F_PRICE,
    F_QUANTITY,
    F_REFERENCE,
    FEES,
    FILLED,
    FILLS,
    HELD,
    IDLE,
    NO_MONEY,
    NO_SHORTS,
    PARTIAL,
    PLACE,
    REALIZED,
    SESSION,
    SEVERAL,
    SLIPPAGE,
    STOP,
    STOP_EXPIRES,
    STOP_LEVEL,
    STOP_QUANTITY,
    TAPE_FULL,
    TARGET,
    TARGET_EXPIRES,
    TARGET_PRICE,
    TARGET_QUANTITY,
    TOO_LARGE,
    TRADED,
    TRAIL,
    TRIP,
    WORKING,
)
from framework.compiled.exits import align, drop, guard, trail_of
from framework.compiled.guards import on_trade
from framework.compiled.prices import last_price
from framework.compiled.writing import leave, note
from framework.domain.values import MICRO, floor_to_lot, fraction_up, notional, opposed, to_micros
from framework.domain.venue import tick_at
from framework.rules.costs.regulatory import activity_fee, sec_fee
from framework.rules.costs.slippage import slipped
from framework.rules.execution.pricing import limit_price
from framework.rules.fills import NO_FILL, TRAILING, at_point, match, path_order, ratchet
from framework.rules.fills import STOP as STOP_KIND
from framework.rules.ledger import moved

if TYPE_CHECKING:
    from framework.compiled.columns import World

#: No trade is worth more micro-dollars: products with fee rates stay in int64.
LARGEST_VALUE = 10**14
#: Where nothing bounds what may trade in a bar.
UNBOUNDED = 2**62


def trade(world: World, row: int) -> None:
    """Trade the orders of ``row`` on its bar at this place."""
    place, slot = world.account[PLACE], world.slots[row]
    volume = world.volume[row, place]
    if not volume > 0.0:
        slot[IDLE] += 1
        return
    if slot[TARGET] < 0 and stays_away(world, row, place):
        return
    share = world.fills.volume_share
    room = floor_to_lot(int(volume * share * MICRO), world.venue.lot) if share > 0.0 else UNBOUNDED
    price = to_micros(world.open[row, place])
    # A stop that is older than the target order comes first.
    if slot[STOP] >= 0 and (slot[TARGET] < 0 or slot[STOP] < slot[TARGET]):
        room = stop_at_open(world, row, price, room)
        room = target_at_open(world, row, price, room)
    elif slot[TARGET] >= 0:
        stop = slot[STOP]
        room = target_at_open(world, row, price, room)
        if stop >= 0 and slot[STOP] == stop:
            room = stop_at_open(world, row, price, room)
    if slot[STOP] >= 0:
        walk(world, row, price, room)


def stays_away(world: World, row: int, place: int) -> bool:
    """Whether the bar does not reach the stop, not even where it moves it to, whatever way it goes: most do not, and are not walked.

    A trailing stop that is not reached ends where the best price of the bar puts it.
    """
    slot, exits = world.slots[row], world.exits
    sign, level = (1 if slot[HELD] < 0 else -1), slot[STOP_LEVEL]
    opened, close = world.open[row, place], world.close[row, place]
    high, low = to_micros(max(world.high[row, place], opened, close)), to_micros(min(world.low[row, place], opened, close))
    worst, best = (high, low) if sign > 0 else (low, high)
    if exits.trails and (slot[CALM_AT] != level or sign * (best - slot[CALM]) < 0):
        level = ratchet(sign, level, best, trail_of(exits, slot[TRAIL]), exits.trail_percent > 0.0)
        if sign * (worst - level) < 0:
            slot[STOP_LEVEL], slot[CALM], slot[CALM_AT] = level, best, level
    return bool(sign * (worst - level) < 0)


def kind_of_stop(world: World) -> int:
    """The kind of all protective stops of a run."""
    return TRAILING if world.exits.trails else STOP_KIND


def stop_at_open(world: World, row: int, price: int, room: int) -> int:
    """Trade the stop at the open print; what is left of ``room``."""
    slot, exits = world.slots[row], world.exits
    sign = 1 if slot[HELD] < 0 else -1
    filled, _ = at_point(kind_of_stop(world), sign, 0, slot[STOP_LEVEL], False, price)
    if filled:
        return stop_filled(world, row, sign, price, room)
    if exits.trails:
        trail, in_percent = trail_of(exits, slot[TRAIL]), exits.trail_percent > 0.0
        slot[STOP_LEVEL] = ratchet(sign, slot[STOP_LEVEL], price, trail, in_percent)
    return room


def walk(world: World, row: int, price: int, room: int) -> None:
    """Let the stop wait for its price on the way from the open to the close."""
    slot, exits, place = world.slots[row], world.exits, world.account[PLACE]
    held = slot[HELD]
    high, low, close = to_micros(world.high[row, place]), to_micros(world.low[row, place]), to_micros(world.close[row, place])
    points = path_order(world.fills.path, 1 if held > 0 else -1, (price, high, low, close))
    sign = 1 if held < 0 else -1
    kind, trail, in_percent = kind_of_stop(world), trail_of(exits, slot[TRAIL]), exits.trail_percent > 0.0
    found, _, _, level = match(kind, sign, 0, slot[STOP_LEVEL], False, trail, in_percent, world.fills.through, 0, price, points)
    if found != NO_FILL:
        stop_filled(world, row, sign, found, room)
    elif exits.trails:
        slot[STOP_LEVEL] = level


def stop_filled(world: World, row: int, sign: int, reference: int, room: int) -> int:
    """All of the stop has traded."""
    slot = world.slots[row]
    quantity = int(slot[STOP_QUANTITY])
    if room < quantity:
        leave(world, PARTIAL, row)
        return 0
    number = slot[STOP]
    slot[STOP] = -1
    book(world, row, number, sign * quantity, moved_price(world, reference, sign), reference)
    if slot[HELD] == 0:
        drop(world, row)
    else:
        align(world, row, 0, reference, True)
    return room - quantity


def moved_price(world: World, reference: int, sign: int) -> int:
    """``reference`` after slippage."""
    fills = world.fills
    return slipped(reference, sign, fraction_up(reference, fills.rate) + fills.amount)


def target_at_open(world: World, row: int, price: int, room: int) -> int:
    """Trade the target order at the open print; what is left of ``room``."""
    slot = world.slots[row]
    if slot[TARGET] < 0:
        return room
    signed = slot[TARGET_QUANTITY]
    sign, quantity = (1 if signed > 0 else -1), abs(int(signed))
    paid = moved_price(world, price, sign)
    rate = world.venue.collar_millionths
    if rate > 0 and sign > 0:
        start, ticks = slot[TARGET_PRICE], world.venue.ticks
        most = limit_price(1, start, rate, 0, tick_at(ticks, limit_price(1, start, rate, 0, 1)))
        if price > most:
            leave(world, BEYOND_COLLAR, row)
        paid = min(paid, most)
    if room == 0:
        return 0
    if room < quantity:
        leave(world, PARTIAL, row)
        return 0
    if not is_payable(world, row, signed, paid):
        leave(world, NO_MONEY if sign > 0 or world.venue.shorting else NO_SHORTS, row)
        return 0
    number = slot[TARGET]
    slot[TARGET] = -1
    world.account[WORKING] -= 1
    book(world, row, number, signed, paid, price)
    if opposed(slot[HELD], -signed):
        guard(world, row, number, sign, paid)
    align(world, row, 0, price, True)
    return room - quantity


def is_payable(world: World, row: int, signed: int, price: int) -> bool:
    """Whether the account can settle all of it: what opens is paid from cash that no short sale keeps."""
    slots, held, quantity = world.slots, world.slots[row, HELD], abs(signed)
    closing = min(quantity, abs(held)) if opposed(held, signed) else 0
    if quantity == closing:
        return True
    if signed < 0 and not world.venue.shorting:
        return False
    sign = 1 if signed > 0 else -1
    taken = notional(quantity - closing, price) + sign * notional(closing, price) + fees(world, signed, price)
    pledged, before = 0, world.account[PLACE] - 1
    for other in range(len(slots)):
        if slots[other, HELD] < 0:
            kept = -slots[other, HELD] - (closing if other == row else 0)
            pledged += 2 * notional(kept, last_price(world, other, before))
    return bool(taken <= world.account[CASH] - pledged)


def fees(world: World, signed: int, price: int) -> int:
    """What the venue charges for all of an order."""
    terms, place = world.fills, world.account[PLACE]
    if signed > 0 or terms.free_value < 0:
        return 0
    value, quantity = notional(-signed, price), -signed
    sec = sec_fee(value, world.sec[place]) if value > terms.free_value else 0
    return sec + (activity_fee(quantity, world.taf[place], world.taf_most[place]) if quantity > terms.free_shares else 0)


def book(world: World, row: int, number: int, signed: int, price: int, reference: int) -> None:
    """Book a fill of all of order ``number``."""
    account, slot = world.account, world.slots[row]
    value = notional(signed, price)
    if abs(value) > LARGEST_VALUE:
        leave(world, TOO_LARGE, row)
        return
    charged = fees(world, signed, price)
    account[CASH] -= value + charged
    account[FEES] += charged
    account[TRADED] += abs(value)
    account[SLIPPAGE] += value - notional(signed, reference)
    index = world.counts[FILLS]
    if index == len(world.executions):
        leave(world, TAPE_FULL, row)
        return
    fill = world.executions[index]
    fill[F_ORDER], fill[F_PLACE], fill[F_QUANTITY] = number, account[PLACE], abs(signed)
    fill[F_PRICE], fill[F_REFERENCE], fill[F_FEES] = price, reference, charged
    world.counts[FILLS] = index + 1
    note(world, FILLED, index, 0)
    before = slot[HELD]
    slot[HELD], slot[COST], realized = moved(before, slot[COST], signed, value)
    slot[TRIP] += realized - charged
    slot[REALIZED] += realized
    if before != 0 and not opposed(before, -slot[HELD]):
        on_trade(world, slot[TRIP])
        slot[TRIP] = 0


def expire(world: World) -> None:
    """End the stops whose last session is over; each is placed again, at the level it had reached."""
    slots, session, ended = world.slots, world.account[SESSION], 0
    for row in range(len(slots)):
        slot = slots[row]
        if slot[TARGET] >= 0 and slot[TARGET_EXPIRES] < session:
            leave(world, SEVERAL, row)
        if slot[STOP] >= 0 and slot[STOP_EXPIRES] < session:
            ended += 1
            note(world, EXPIRED, slot[STOP], 0)
            slot[STOP] = -1
            place = world.account[PLACE]
            opened = world.open[row, place]
            price = last_price(world, row, place - 1) if math.isnan(opened) else to_micros(opened)
            align(world, row, 0, price, False)
    if ended > 1:
        leave(world, SEVERAL, 0)
