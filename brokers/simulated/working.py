"""A working order at the simulated venue: where it stands on the path of the current bar."""

from __future__ import annotations

from dataclasses import dataclass

from framework.domain.order import Order, OrderSide, OrderType, TimeInForce, TrailType
from framework.rules import fills

KINDS = (
    (OrderType.MARKET, fills.MARKET),
    (OrderType.LIMIT, fills.LIMIT),
    (OrderType.STOP_LOSS, fills.STOP),
    (OrderType.STOP_LIMIT, fills.STOP_LIMIT),
    (OrderType.TRAILING_STOP, fills.TRAILING),
)


@dataclass(slots=True, eq=False)
class Working:
    """One order and its next trade on the path: ``price`` (NO_FILL for none), on ``leg``, ``distance`` from that leg's start.

    It trades on bars that close after ``starts`` and not after ``expires`` (ns UTC), and not while it ``sleeps``, outside of its hours.
    ``measured`` is the price at its acceptance.
    """

    order: Order
    kind: int
    through: bool
    level: int
    starts: int
    expires: int
    measured: int
    triggered: bool = False
    sleeps: bool = False
    price: int = fills.NO_FILL
    leg: int = 0
    distance: int = 0
    since: int = 0
    _after: tuple[bool, int] = (False, 0)

    def at_print(self, price: int) -> bool:
        """Whether it trades at a print, the open or the close."""
        filled, self.triggered = fills.at_point(
            self.kind, self.order.side.sign, self.order.limit_micros or 0, self.level, self.triggered, price
        )
        if not filled and self.kind == fills.TRAILING:
            self.level = self._ratcheted(self.level, price)
        return filled

    def waits_beyond(self, low: int, high: int) -> bool:
        """Whether it waits for a price that no print from ``low`` to ``high`` reaches, and nothing else can happen to it there."""
        order = self.order
        if self.kind in {fills.STOP, fills.TRAILING}:
            rising, price = order.side is OrderSide.BUY, self.level
        elif self.kind == fills.LIMIT:
            rising, price = order.side is OrderSide.SELL, order.limit_micros or 0
        else:
            return False
        if self.triggered or order.time_in_force.is_momentary or not order.is_open:
            return False
        if high >= price if rising else low <= price:
            return False
        return self.kind != fills.TRAILING or self._trails_on(low if rising else high)

    def _trails_on(self, best: int) -> bool:
        """Whether its level, as the venue shows it, is not raised by any price up to ``best``."""
        return self.order.stop_micros == self.level == self._ratcheted(self.level, best)

    def is_due_at_open(self, now: int) -> bool:
        """Whether it takes part in the open print of the bar that closes at ``now``."""
        return self.order.is_open and not self.sleeps and now > self.starts and self.order.time_in_force is not TimeInForce.CLS

    def is_due_at_close(self, now: int) -> bool:
        """Whether it takes part in the close of the bar that closes at ``now``: that of its session, which no other bar can tell."""
        return self.order.is_open and now == self.expires and self.order.time_in_force is TimeInForce.CLS

    def look_ahead(self, leg: int, price: int, path: tuple[int, int, int, int]) -> None:
        """Find its first trade on ``path`` (open, first extreme, second extreme, close) from ``price`` on ``leg``."""
        order = self.order
        self.since = leg
        self._after = (self.triggered, self.level)
        if order.time_in_force.is_momentary or self.sleeps:
            return  # it does not wait for a price
        self.price, self.leg, triggered, level = fills.match(
            self.kind,
            order.side.sign,
            order.limit_micros or 0,
            self.level,
            self.triggered,
            order.trail_micros or 0,
            order.trail_type is TrailType.PERCENTAGE,
            self.through,
            leg,
            price,
            path[1:],
        )
        self._after = (triggered, level)
        if self.price != fills.NO_FILL:
            self.distance = abs(self.price - path[self.leg])

    def note_trigger(self, leg: int, price: int, path: tuple[int, int, int, int]) -> None:
        """The market has come to ``price`` on ``leg``: tell whether a stop-limit was triggered on the way."""
        if self.kind == fills.STOP_LIMIT and self.order.is_open and not self.sleeps:
            sign, passed = self.order.side.sign, (*path[self.since + 1 : leg + 1], price)
            self.order.triggered = self.triggered or any(sign * (point - self.level) >= 0 for point in passed)

    def close_bar(self) -> None:
        """Keep what the bar has changed: a trigger that was reached, a trail that was raised."""
        self.triggered, self.level = self._after
        self.order.triggered = self.triggered
        self.price = fills.NO_FILL
        if self.kind == fills.TRAILING:
            self.order.stop_micros = self.level

    def reached(self, leg: int, price: int, path: tuple[int, int, int, int]) -> int | None:
        """Its stop level when the market stands at ``price`` on ``leg`` of the path; ``None`` for an order without one."""
        if self.kind != fills.TRAILING or self.sleeps:
            return self.order.stop_micros
        level = self.level
        for point in (*path[self.since + 1 : leg + 1], price):
            level = self._ratcheted(level, point)
        return level

    def _ratcheted(self, level: int, price: int) -> int:
        order = self.order
        return fills.ratchet(order.side.sign, level, price, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)


def working_order(order: Order, reference: int, *, through: bool, starts: int, expires: int) -> Working:
    """``order`` as it starts to work; a trailing stop measures from ``reference``, the price at its acceptance, in micro-dollars."""
    kind = dict(KINDS)[order.order_type]
    work = Working(order, kind, through, order.stop_micros or 0, starts, expires, reference)
    if kind == fills.TRAILING:
        sign = order.side.sign
        fresh = reference + sign * fills.trail_distance(reference, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)
        work.level = fresh if order.stop_micros is None else sign * min(sign * fresh, sign * order.stop_micros)
        order.stop_micros = work.level
    return work
