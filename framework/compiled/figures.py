"""What the figures of a run are made of, in one pass over the loop's columns: the sums of ``rules.performance``; plain numbers.

Numbers are added up in numpy's order, so that the figures of a sweep are those of a backtest to the last bit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.compiled.columns import (
    F_ORDER,
    F_PLACE,
    F_QUANTITY,
    IDLE,
    LIMIT,
    O_QUANTITY,
    O_ROW,
    R_CODE,
    TARGET,
)
from framework.compiled.trips import closed_trips
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers

#: What is found of a run. ``SESSIONS`` is how many daily returns there are, ``GROWTH`` the product of 1 + r, ``DEEPEST`` the least part of
#: its highest that equity has been, ``LONGEST`` the most days under water, ``LOWEST`` the least of
#: equity and cash at the start; ``EXPOSED`` counts the decisions that ``EXPOSURE`` is the sum
#: over; ``GAINS`` to ``EARNED`` are sums over round trips, dollars, ``WAITING`` counts orders that nobody has filled.
(
    SESSIONS,
    GROWTH,
    MEAN,
    DEVIATION,
    DOWNSIDE,
    DEEPEST,
    LONGEST,
    LOWEST,
    EQUITY,
    EXPOSURE,
    EXPOSED,
    ENDED,
    WON,
    GAINS,
    LOSSES,
    EARNED,
    WAITING,
    FOUND,
) = range(18)
#: Why there are no figures: something happened that takes more words than there are columns for.
TELLING, UNTELLABLE = 0, 1
#: Numbers that numpy adds up in one stretch, eight sums at a time.
STRETCH, LANES = 128, 8
#: Stretches of stretches, twice as many at each: more than there is memory for.
DEEP = 64


def run_figures(
    days: Integers,
    cash: float,
    closes: Integers,
    session: Integers,
    orders: Integers,
    executions: Integers,
    refusals: Integers,
    payments: Integers,
    curve: Integers,
    slots: Integers,
    start: int,
    scratch: Floats,
    gross: Integers,
    trips: Integers,
    found: Floats,
) -> int:
    """Fill ``found``; whether that is possible.

    ``days`` and ``curve`` are [T], ``closes`` the last closes [N, T] in micro-dollars, all from the first decision on, which is at place
    ``start`` of ``session``. ``scratch`` [3, T] gets the daily returns and equity in dollars, ``trips`` [2, fills] what ``closed_trips``
    finds; the rest of it and ``gross`` [T] are working space.
    """
    if len(curve) == 0 or not is_plain(session, orders, executions, refusals, slots):
        return UNTELLABLE
    ended = closed_trips(orders, executions, payments, len(slots), trips[0], trips[1])
    if ended < 0:
        return UNTELLABLE
    returns, equity, other = scratch[0], scratch[1], scratch[2]
    for place in range(len(curve)):
        equity[place] = curve[place] / MICRO
    of_trips(trips[0, :ended], other, found)
    of_returns(returns[: daily(days, equity, cash, other, returns)], other, found)
    of_water(days, equity, cash, found)
    found[EQUITY] = added(equity)
    gross_into(gross, closes, orders, executions, start)
    of_exposure(gross, equity, other, found)
    waiting = 0
    for row in range(len(slots)):
        waiting += 1 if slots[row, TARGET] >= 0 else 0
    found[WAITING] = waiting
    return TELLING


def is_plain(session: Integers, orders: Integers, executions: Integers, refusals: Integers, slots: Integers) -> bool:
    """Whether nothing has happened that takes more words: an order that waited, a limit's refusal, two fills of a symbol in a session."""
    for number in range(len(refusals)):
        if refusals[number, R_CODE] >= LIMIT:
            return False
    last = np.full(len(slots), -(2**62))
    for row in range(len(slots)):
        if slots[row, IDLE] != 0:
            return False
    for number in range(len(executions)):
        row, now = orders[executions[number, F_ORDER], O_ROW], session[executions[number, F_PLACE]]
        if last[row] == now:
            return False
        last[row] = now
    return True


def daily(days: Integers, equity: Floats, cash: float, wealth: Floats, returns: Floats) -> int:
    """How many ``performance.daily_returns`` there are; ``returns`` gets them. ``wealth`` is working space."""
    count, first = 0, 1 if (len(days) == 1 or days[0] != days[1]) and equity[0] == cash else 0
    for place in range(first, len(days)):
        if place + 1 == len(days) or days[place + 1] != days[place]:
            wealth[count] = equity[place]
            count += 1
            if equity[place] <= 0.0:  # nothing can be earned on it
                break
    if count > 0:
        returns[0] = wealth[0] / cash - 1.0
    for number in range(1, count):
        returns[number] = wealth[number] / wealth[number - 1] - 1.0
    return count


def of_returns(returns: Floats, other: Floats, found: Floats) -> None:
    """Mean, deviation, downside and product of ``returns``; ``other`` is working space."""
    count = len(returns)
    found[SESSIONS], growth = count, 1.0
    for number in range(count):
        growth *= 1.0 + returns[number]
    found[GROWTH] = growth
    if count < 2:
        return
    mean = added(returns) / count
    for number in range(count):
        away = returns[number] - mean
        other[number] = away * away
    found[MEAN], found[DEVIATION] = mean, math.sqrt(added(other[:count]) / (count - 1))
    for number in range(count):
        lost = min(returns[number], 0.0)
        other[number] = lost * lost
    found[DOWNSIDE] = math.sqrt(added(other[:count]) / count)


def of_water(days: Integers, equity: Floats, cash: float, found: Floats) -> None:
    """The deepest fall from a high and the longest time below one."""
    high, lowest, deepest, longest, since, least = cash, cash, 1.0, 0, -1, cash
    for place in range(len(equity)):
        value = equity[place]
        if value >= high:
            if since >= 0:
                longest, since = max(longest, days[place] - days[since]), -1
            high = lowest = value
        else:
            if since < 0:
                since = max(place - 1, 0)
            if value < lowest:  # of one high the lowest is the deepest
                lowest, deepest, least = value, min(deepest, value / high), min(least, value)
    if since >= 0:
        longest = max(longest, days[len(days) - 1] - days[since])
    found[DEEPEST], found[LONGEST], found[LOWEST] = deepest, longest, least


def gross_into(gross: Integers, closes: Integers, orders: Integers, executions: Integers, start: int) -> None:
    """The sum of |position value| after each decision, micro-dollars: what ``standing.gross_of`` finds."""
    gross[:] = 0
    held, since = np.zeros(len(closes), np.int64), np.zeros(len(closes), np.int64)
    for number in range(len(executions)):
        order, place = executions[number, F_ORDER], executions[number, F_PLACE] - start
        row, quantity = orders[order, O_ROW], executions[number, F_QUANTITY]
        add_worth(gross[since[row] : place], closes[row, since[row] : place], abs(held[row]))
        held[row] += quantity if orders[order, O_QUANTITY] > 0 else -quantity
        since[row] = place
    for row in range(len(closes)):
        add_worth(gross[since[row] :], closes[row, since[row] :], abs(held[row]))


def add_worth(gross: Integers, closes: Integers, size: int) -> None:
    """Add ``size`` micro-shares at ``closes``; in parts, and prices are so low that a part of a share times one fits int64."""
    if size == 0:
        return
    whole, rest = size // MICRO, size % MICRO
    for place in range(len(gross)):
        gross[place] += whole * closes[place]
    if rest != 0:
        for place in range(len(gross)):
            gross[place] += (rest * closes[place] + MICRO // 2) // MICRO


def of_exposure(gross: Integers, equity: Floats, other: Floats, found: Floats) -> None:
    """The sum of gross exposure over equity, where that is above 0."""
    count = 0
    if found[LOWEST] > 0.0:  # as one stretch, which compiled code goes through faster
        count = len(equity)
        for place in range(count):
            other[place] = gross[place] / MICRO / equity[place]
    else:
        for place in range(len(equity)):
            if equity[place] > 0.0:
                other[count] = gross[place] / MICRO / equity[place]
                count += 1
    found[EXPOSED], found[EXPOSURE] = count, added(other[:count])


def of_trips(money: Integers, other: Floats, found: Floats) -> None:
    """What round trips have earned, ``money`` micro-dollars each."""
    count, won = len(money), 0
    for number in range(count):
        other[number] = money[number] / MICRO
        won += 1 if other[number] > 0.0 else 0
    found[ENDED], found[WON], found[EARNED] = count, won, added(other[:count])
    for number in range(count):
        other[number] = max(money[number] / MICRO, 0.0)
    found[GAINS] = added(other[:count])
    for number in range(count):
        other[number] = min(money[number] / MICRO, 0.0)
    found[LOSSES] = added(other[:count])


def added(values: Floats) -> float:
    """What ``np.add.reduce`` gives: halves are added up each for itself, down to stretches of ``STRETCH``."""
    if len(values) <= STRETCH:
        return 0.0 + added_stretch(values)
    first, count, left, has_left = np.zeros(DEEP, np.int64), np.zeros(DEEP, np.int64), np.zeros(DEEP), np.zeros(DEEP, np.bool_)
    top, count[0] = 0, len(values)
    while True:
        while count[top] > STRETCH:
            first[top + 1], count[top + 1], has_left[top] = first[top], half_of(count[top]), False
            top += 1
        total = added_stretch(values[first[top] : first[top] + count[top]])
        while top > 0 and has_left[top - 1]:
            top -= 1
            total = left[top] + total
        if top == 0:
            return float(0.0 + total)
        half = half_of(count[top - 1])
        left[top - 1], has_left[top - 1] = total, True
        first[top], count[top] = first[top - 1] + half, count[top - 1] - half


def half_of(count: int) -> int:
    """Where numbers are parted: in the middle, but for whole lanes."""
    half = count // 2
    return half - half % LANES


def added_stretch(values: Floats) -> float:
    """Eight sums side by side, and what is left over one by one."""
    count = len(values)
    if count < LANES:
        total = -0.0
        for number in range(count):
            total += values[number]
        return total
    a, b, c, d, e, f, g, h = values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]
    whole = count - count % LANES
    for number in range(LANES, whole, LANES):
        a += values[number]
        b += values[number + 1]
        c += values[number + 2]
        d += values[number + 3]
        e += values[number + 4]
        f += values[number + 5]
        g += values[number + 6]
        h += values[number + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for number in range(whole, count):
        total += values[number]
    return float(total)
