"""What is paid beside the price of a trade? Commissions, each a small model that adds up with others.

A model says what an order has cost in all after it has traded so much (``total``); a fill is charged the difference it makes
(``charge``). So an order is charged as one trade, in however many fills it comes: its minimum once, its rounding once. Money in
micro-dollars; every part is rounded up, to the micro-dollar unless its model says otherwise, and nothing is ever paid back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from framework.domain.values import MICRO, fraction_up, notional

_EPOCH = date(1970, 1, 1).toordinal()


class Traded(NamedTuple):
    """What of an order has traded so far, and when.

    Attributes:
        sign: +1 for a buy, -1 for a sell.
        day: Session of the next fill, days since 1970.
        quantity: Micro-shares, not negative.
        value: What they were worth, micro-dollars.
        month: Micro-shares the account has traded in the calendar month before the next fill, less ``quantity``.
    """

    sign: int
    day: int
    quantity: int = 0
    value: int = 0
    month: int = 0


class FeeSchedule(Protocol):
    """A way to charge. ``total`` never falls when quantity and value grow and the rest stays, and is 0 for nothing."""

    def total(self, traded: Traded) -> int:
        """Fees of an order that has traded ``traded``, micro-dollars."""


def charge(schedule: FeeSchedule, before: Traded, quantity: int, price: int) -> int:
    """Fees of the next fill: ``quantity`` micro-shares at ``price``, after ``before`` of the same order. Never negative."""
    if schedule is FREE:
        return 0
    after = before._replace(quantity=before.quantity + quantity, value=before.value + notional(quantity, price))
    return schedule.total(after) - schedule.total(before)


@dataclass(frozen=True, slots=True)
class PerOrder:
    """A fixed ``amount`` for an order, however large."""

    amount: int

    def total(self, traded: Traded) -> int:
        """The amount, once something has traded."""
        return self.amount if traded.quantity else 0


@dataclass(frozen=True, slots=True)
class PerShare:
    """``each`` micro-dollars a share."""

    each: int

    def total(self, traded: Traded) -> int:
        """Shares times the amount, rounded up."""
        return fraction_up(traded.quantity, self.each)


@dataclass(frozen=True, slots=True)
class Percent:
    """``rate`` millionths of the value (1 basis point = 100)."""

    rate: int

    def total(self, traded: Traded) -> int:
        """Value times the rate, rounded up."""
        return fraction_up(traded.value, self.rate)


@dataclass(frozen=True, slots=True)
class Tiered:
    """A price a share that depends on the shares the account has traded in the calendar month.

    ``tiers`` are (micro-shares a month up to which it holds, micro-dollars a share), ascending; the last one holds beyond its end too. Each
    share is charged at the tier it falls into, so that an order can lie in several (as Interactive Brokers' tiered pricing does).
    """

    tiers: tuple[tuple[int, int], ...]

    def total(self, traded: Traded) -> int:
        """The sum over the tiers the order lies in, rounded up."""
        # An order from last month has traded before this month began: its first shares are below 0, in the first tier.
        first, end, start, cost = traded.month, traded.month + traded.quantity, min(traded.month, 0), 0
        for number, (upto, each) in enumerate(self.tiers):
            stop = end if number == len(self.tiers) - 1 else min(end, upto)
            cost += max(stop - max(first, start), 0) * each
            start = upto
        return -(-cost // MICRO)


@dataclass(frozen=True, slots=True)
class Bounded:
    """Another schedule between a ``minimum`` an order and ``maximum`` millionths of its value; the maximum goes first where they cross."""

    schedule: FeeSchedule
    minimum: int = 0
    maximum: int | None = None

    def total(self, traded: Traded) -> int:
        """The schedule's fees, at least the minimum, at most the share of the value (rounded up)."""
        if not traded.quantity:
            return 0
        fees = max(self.schedule.total(traded), self.minimum)
        return fees if self.maximum is None else min(fees, fraction_up(traded.value, self.maximum))


@dataclass(frozen=True, slots=True)
class Together:
    """The sum of ``parts``; without any, nothing is charged."""

    parts: tuple[FeeSchedule, ...] = ()

    def total(self, traded: Traded) -> int:
        """The sum."""
        return sum(part.total(traded) for part in self.parts)


#: No fees at all.
FREE = Together()


def month_of(day: int) -> int:
    """A number for the calendar month of ``day`` (days since 1970), one more for each month that follows."""
    found = date.fromordinal(day + _EPOCH)
    return found.year * 12 + found.month
