"""What was known of prices and risk at a place; plain numbers, as they are and as compiled code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.compiled.columns import RISK_AT
from framework.domain.values import to_micros
from framework.rules.sizing.numbers import charged
from framework.rules.stops.atr import ATR_PERIODS_OF_HISTORY, smoothed, true_ranges
from framework.rules.stops.state import known_price

if TYPE_CHECKING:
    from framework.compiled.columns import World


def last_price(world: World, row: int, place: int) -> int:
    """The last close up to ``place``, micro-dollars; 0 before the first bar."""
    closes = world.close
    while place >= 0:
        close = closes[row, place]
        if not math.isnan(close):
            return to_micros(close)
        place -= 1
    return 0


def charged_var(world: World, row: int, place: int) -> float:
    """VaR of the symbol that counts against budgets at ``place``."""
    sizing, index = world.sizing, known_at(world, row, place)
    own = world.var[index] if index >= 0 else math.nan
    return charged(own, sizing.risk_floor, sizing.assumed_var)


def known_at(world: World, row: int, place: int) -> int:
    """Where the risk of the symbol stands that is known at ``place``, -1 before the first; most often a place is a session further."""
    first, begin, places = world.risk_first[row], world.risk_begin[row], world.risk_place
    many = world.risk_first[row + 1] - first
    number = world.slots[row, RISK_AT]
    if number < many:
        number += place - places[begin + number]
        if 0 <= number < many and places[begin + number] == place:
            world.slots[row, RISK_AT] = number
            return int(first + number)
    number = int(np.searchsorted(places[begin : begin + many], place, side="right")) - 1
    world.slots[row, RISK_AT] = max(number, 0)
    return int(first + number) if number >= 0 else -1


def atr_at(world: World, row: int, place: int) -> int:
    """Average true range at the close of ``place``, as stops use it; micro-dollars, 0 where it is not known."""
    period = world.exits.atr_period
    wanted = ATR_PERIODS_OF_HISTORY * period + 1
    high, low, close = np.empty(wanted), np.empty(wanted), np.empty(wanted)
    count = 0
    while place >= 0 and count < wanted:
        if not math.isnan(world.close[row, place]):
            count += 1
            high[wanted - count] = world.high[row, place]
            low[wanted - count] = world.low[row, place]
            close[wanted - count] = world.close[row, place]
        place -= 1
    if count < period + 1:
        return 0
    start = wanted - count
    ranges = true_ranges(high[start:], low[start:], close[start:])
    return known_price(smoothed(ranges, period))  # type: ignore[arg-type]
