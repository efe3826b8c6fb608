"""Stops in reaction to fills and closes: what ``engine.protection`` does, for positions of one plan; plain numbers.

``price`` is where the market stands when an order is placed, micro-dollars.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.compiled.columns import (
    ATR,
    BARS,
    BEST,
    CALM_AT,
    CANCELED,
    COST,
    ENTERED,
    ENTRY,
    GUARDED,
    HELD,
    INITIAL,
    LEVEL,
    LEVEL_MOVED,
    MENDED,
    PARENT,
    PLACE,
    POSITION_CLOSED,
    RESIZED,
    RISK,
    SENT,
    SESSION,
    STOP,
    STOP_EXPIRES,
    STOP_LEVEL,
    STOP_PASSED,
    STOP_QUANTITY,
    TARGET,
    TARGET_QUANTITY,
    TOO_LARGE,
    TRAIL,
    Stop,
)
from framework.compiled.writing import decided, leave, made, note
from framework.domain.values import each_of, opposed, to_micros
from framework.domain.venue import tick_at
from framework.rules.fills import STOP as STOP_KIND
from framework.rules.fills import TRAILING, ratchet, trail_distance
from framework.rules.stops.atr import on_tick
from framework.rules.stops.state import Seen, added_at, advanced_to, known_price, nearer, opened_at

if TYPE_CHECKING:
    from framework.compiled.columns import World
    from framework.compiled.terms import Exits
    from framework.rules.stops.state import StopState

#: In the place of the ATR of an entry that gets no stop.
NO_PLAN = -1
#: A stop that works for ever.
NEVER = 2**62
#: Micro-shares beyond which an average price does not fit.
LARGEST_POSITION = 9 * 10**12


def trail_of(exits: Exits, trail: int) -> int:
    """The venue's trail: micro-percent, or micro-dollars a share."""
    return to_micros(exits.trail_percent) if exits.trail_percent > 0.0 else trail


def state_of(world: World, row: int) -> StopState:
    """The stop's state, as a tuple with its fields."""
    slot = world.slots[row]
    return Stop(  # type: ignore[return-value]
        slot[GUARDED], slot[ENTRY], slot[INITIAL], slot[LEVEL], slot[BEST], slot[RISK], slot[TRAIL], slot[BARS]
    )


def drop(world: World, row: int) -> None:
    """Nothing is left to guard."""
    if world.slots[row, STOP] >= 0:
        cancel_stop(world, row, POSITION_CLOSED)
    world.slots[row, GUARDED] = 0


def cancel_stop(world: World, row: int, why: int) -> None:
    """Take the stop back."""
    slot = world.slots[row]
    note(world, CANCELED, slot[STOP], why)
    slot[STOP] = -1


def align(world: World, row: int, leaving: int, price: int, walking: bool) -> None:
    """Make the stop's quantity that of the shares held, less those about to leave; ``walking`` along a bar's path."""
    slot, exits = world.slots[row], world.exits
    direction, held = slot[GUARDED], slot[HELD]
    if direction == 0:
        return
    if held == 0 or opposed(held, direction):
        drop(world, row)
        return
    exiting = abs(slot[TARGET_QUANTITY]) if slot[TARGET] >= 0 and opposed(held, slot[TARGET_QUANTITY]) else 0
    wanted = max(abs(held) - exiting - leaving, 0)
    if exits.trails and slot[STOP_LEVEL] > 0:
        reached = slot[STOP_LEVEL]
        if walking:
            reached = ratchet(-direction, reached, price, trail_of(exits, slot[TRAIL]), exits.trail_percent > 0.0)
        slot[LEVEL] = nearer(direction, slot[LEVEL], reached)
    if slot[LEVEL] == 0 or (slot[STOP] >= 0 and slot[STOP_QUANTITY] == wanted):
        return
    if slot[STOP] >= 0:
        cancel_stop(world, row, RESIZED)
    if wanted > 0:
        place_stop(world, row, wanted, price)


def order_level(world: World, row: int) -> int:
    """The level as an order has it."""
    slot, level = world.slots[row], world.slots[row, LEVEL]
    return level if world.exits.trails else on_tick(level, tick_at(world.venue.ticks, level), slot[GUARDED])


def place_stop(world: World, row: int, quantity: int, price: int) -> None:
    """Let a new stop work."""
    slot, exits, venue = world.slots[row], world.exits, world.venue
    sign, level = -slot[GUARDED], order_level(world, row)
    if not venue.takes_passed_stops and price > 0 and sign * (price - level) >= 0:
        leave(world, STOP_PASSED, row)
    kind = TRAILING if exits.trails else STOP_KIND
    number = decided(world, row, sign * quantity, kind, slot[MENDED], level, slot[PARENT], made(world), -1, 0.0)
    note(world, SENT, number, 0)
    slot[STOP], slot[STOP_QUANTITY], slot[STOP_LEVEL], slot[CALM_AT] = number, quantity, level, 0
    slot[STOP_EXPIRES] = world.account[SESSION] + venue.lifetime if venue.lifetime else NEVER
    if exits.trails:
        fresh = price + sign * trail_distance(price, trail_of(exits, slot[TRAIL]), exits.trail_percent > 0.0)
        slot[STOP_LEVEL] = sign * min(sign * fresh, sign * level)


def guard(world: World, row: int, number: int, sign: int, price: int) -> None:
    """Order ``number`` has filled at ``price`` and opened, or added to, a position."""
    slot, exits = world.slots[row], world.exits
    if slot[GUARDED] != 0 and slot[GUARDED] != sign:
        drop(world, row)
    if not exits.attaches or slot[ATR] == NO_PLAN:
        return
    seen, tick = Seen(0, 0, 0, slot[ATR], 0, 0), tick_at(world.venue.ticks, price)
    if slot[GUARDED] == 0:
        level, risk, _, trail, mended = opened_at(exits, seen, price, sign, tick)
        slot[GUARDED], slot[ENTRY], slot[INITIAL], slot[LEVEL], slot[BEST] = sign, price, level, level, price
        slot[RISK], slot[TRAIL], slot[BARS], slot[MENDED] = risk, trail, 0, mended
        slot[ENTERED], slot[PARENT], slot[STOP_LEVEL] = world.account[PLACE], number, 0
        return
    if abs(slot[HELD]) > LARGEST_POSITION:
        leave(world, TOO_LARGE, row)
        return
    average = max(each_of(abs(slot[COST]), abs(slot[HELD])), 1)
    initial, level, _, _ = added_at(state_of(world, row), exits, seen, average, price, tick)
    slot[ENTRY], slot[INITIAL], slot[LEVEL] = average, initial, level


def on_close(world: World, row: int) -> bool:
    """Move the stop with the bar that has closed; whether it was placed anew."""
    slot, exits = world.slots[row], world.exits
    place = world.account[PLACE]
    if slot[GUARDED] == 0 or math.isnan(world.close[row, place]):
        return False
    close = known_price(world.close[row, place])
    high, low = known_price(world.high[row, place]), known_price(world.low[row, place])
    if slot[ENTERED] == place:  # only the close came after the entry for certain
        high = low = close
    if exits.breakeven_r == 0.0 and slot[BEST] == nearer(slot[GUARDED], slot[BEST], high if slot[GUARDED] > 0 else low):
        return False  # no new best price: what follows from it was done when it came
    seen = Seen(high, low, close, 0, 0, 0)
    slot[BEST], slot[LEVEL], slot[BARS] = advanced_to(state_of(world, row), exits, seen)
    if slot[STOP] < 0 or slot[GUARDED] * (order_level(world, row) - slot[STOP_LEVEL]) <= 0:
        return False
    quantity = slot[STOP_QUANTITY]
    cancel_stop(world, row, LEVEL_MOVED)
    place_stop(world, row, quantity, close)
    return True
