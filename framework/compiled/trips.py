"""What closed positions have earned, from the loop's fills: the two figures that a sweep asks of ``report.trades``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.compiled.columns import O_PARENT, O_PLACE, O_QUANTITY, O_ROW, O_STOP
from framework.domain.values import MICRO, notional, rounded_quotient

if TYPE_CHECKING:
    from framework.compiled.play import Written
    from framework.domain.market import Floats


class _Trip:
    """One round trip while its fills arrive: micros, ``held`` signed."""

    __slots__ = ("cash", "entered", "entries", "held", "sign", "weight")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.held = self.cash = self.entered = self.weight = 0
        self.entries: list[int] = []

    def add(self, direction: int, quantity: int, price: int, money: int) -> None:
        """``quantity`` micro-shares at ``price`` have traded, and cost ``money``."""
        self.held += direction * quantity
        self.cash -= money
        if direction == self.sign:
            self.entered += quantity
            self.weight += quantity * price


def closed_trips(written: Written) -> tuple[Floats, Floats]:
    """Dollars that each round trip has earned, in the order they ended, and R multiples of those that had a stop; float64."""
    orders: list[list[int]] = written.orders.tolist()
    stops: dict[int, list[int]] = {}
    for order in orders:
        if order[O_PARENT] >= 0:
            stops.setdefault(order[O_PARENT], order)
    working: dict[int, _Trip] = {}
    earned: list[float] = []
    multiples: list[float] = []
    for number, _, quantity, price, _, fees in written.executions.tolist():
        row, sign = orders[number][O_ROW], 1 if orders[number][O_QUANTITY] > 0 else -1
        ended = _fold(working, row, number, sign, quantity, price, fees)
        if ended is not None:
            earned.append(ended.cash / MICRO)
            risk = _at_risk(ended, stops)
            if risk > 0:
                multiples.append(ended.cash * MICRO / risk)
    return np.array(earned, dtype=np.float64), np.array(multiples, dtype=np.float64)


def _fold(working: dict[int, _Trip], row: int, number: int, sign: int, quantity: int, price: int, fees: int) -> _Trip | None:
    """Post a fill; the round trip that ended with it, if one did. One through zero ends one and begins the next."""
    trip, ended = working.get(row), None
    value = notional(quantity, price)
    closing = 0 if trip is None or trip.sign == sign else min(quantity, abs(trip.held))
    closing_value = value if closing == quantity else notional(closing, price)
    closing_fees = rounded_quotient(fees * closing, quantity)
    if trip is not None and closing:
        trip.add(sign, closing, price, sign * closing_value + closing_fees)
        if trip.held == 0:
            ended = working.pop(row)
    if closing < quantity:
        trip = working.setdefault(row, _Trip(sign))
        trip.add(sign, quantity - closing, price, sign * (value - closing_value) + fees - closing_fees)
        trip.entries.append(number)
    return ended


def _at_risk(trip: _Trip, stops: dict[int, list[int]]) -> int:
    """What is lost if everything entered leaves at the first stop's level, 1e-12 dollars; 0 without a stop."""
    own = [stops[number] for number in trip.entries if number in stops]
    if not own:
        return 0
    first = min(own, key=lambda stop: stop[O_PLACE])
    return trip.sign * (trip.weight - trip.entered * first[O_STOP])
