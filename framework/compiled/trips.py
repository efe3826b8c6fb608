"""What closed positions have earned, from the loop's fills: the two figures that a sweep asks of ``report.trades``; plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.compiled.columns import (
    F_FEES,
    F_ORDER,
    F_PLACE,
    F_PRICE,
    F_QUANTITY,
    O_PARENT,
    O_PLACE,
    O_QUANTITY,
    O_ROW,
    O_STOP,
    P_AMOUNT,
    P_PLACE,
    P_ROW,
)
from framework.domain.values import notional, opposed, rounded_share

if TYPE_CHECKING:
    from framework.domain.market import Integers

#: Fields of a round trip while its fills arrive: shares held (signed), what it brought in, shares entered and their price times quantity
#: (1e-12 dollars, which may wrap around), that in micro-dollars, and the first stop's order, -1 without.
HOLDS, MONEY, ENTERED, WEIGHT, PRICED, FIRST_STOP, TRIP = range(7)
#: Micro-dollars at risk beyond which 1e-12 dollars do not fit int64.
LARGEST_RISK = 9 * 10**12


def closed_trips(orders: Integers, executions: Integers, payments: Integers, symbols: int, money: Integers, risk: Integers) -> int:
    """How many round trips have ended, -1 where a risk does not fit; ``money`` gets what each has earned, micro-dollars, as they ended.

    ``risk`` gets what would have been lost at the first stop's level, 1e-12 dollars, 0 without a stop.
    """
    stops = first_stops(orders)
    trips, ended, paid = np.zeros((symbols, TRIP), np.int64), 0, 0
    trips[:, FIRST_STOP] = -1
    for index in range(len(executions)):
        fill = executions[index]
        while paid < len(payments) and payments[paid, P_PLACE] <= fill[F_PLACE]:  # a dividend goes ex before anything trades
            trips[payments[paid, P_ROW], MONEY] += payments[paid, P_AMOUNT]
            paid += 1
        number, quantity, price = fill[F_ORDER], fill[F_QUANTITY], fill[F_PRICE]
        sign, trip = (1 if orders[number, O_QUANTITY] > 0 else -1), trips[orders[number, O_ROW]]
        closing = min(quantity, abs(trip[HOLDS])) if opposed(trip[HOLDS], sign) else 0
        value = notional(quantity, price)
        closing_value = value if closing == quantity else notional(closing, price)
        closing_fees = rounded_share(fill[F_FEES], closing, quantity)
        if closing > 0:
            trip[MONEY] -= sign * closing_value + closing_fees
            trip[HOLDS] += sign * closing
            if trip[HOLDS] == 0:
                if is_too_large(trip, orders):
                    return -1
                money[ended], risk[ended] = trip[MONEY], at_risk(trip, orders, -sign)
                ended += 1
                trip[:] = 0
                trip[FIRST_STOP] = -1
        if closing < quantity:
            opening = quantity - closing
            trip[MONEY] -= sign * (value - closing_value) + fill[F_FEES] - closing_fees
            trip[HOLDS] += sign * opening
            trip[ENTERED] += opening
            trip[WEIGHT] += opening * price
            trip[PRICED] += value - closing_value
            if stops[number] >= 0 and (trip[FIRST_STOP] < 0 or orders[stops[number], O_PLACE] < orders[trip[FIRST_STOP], O_PLACE]):
                trip[FIRST_STOP] = stops[number]
    return ended


def first_stops(orders: Integers) -> Integers:
    """The number of the first stop of each order, -1 without one; int64."""
    stops = np.full(len(orders), -1)
    for number in range(len(orders) - 1, -1, -1):
        if orders[number, O_PARENT] >= 0:
            stops[orders[number, O_PARENT]] = number
    return stops


def is_too_large(trip: Integers, orders: Integers) -> bool:
    """Whether more is lost at the first stop's level than ``at_risk`` can say."""
    return bool(trip[FIRST_STOP] >= 0 and abs(trip[PRICED] - notional(trip[ENTERED], orders[trip[FIRST_STOP], O_STOP])) > LARGEST_RISK)


def at_risk(trip: Integers, orders: Integers, sign: int) -> int:
    """What is lost if everything entered leaves at the first stop's level; 0 without one."""
    if trip[FIRST_STOP] < 0:
        return 0
    return int(sign * (trip[WEIGHT] - trip[ENTERED] * orders[trip[FIRST_STOP], O_STOP]))
