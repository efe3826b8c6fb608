"""A working order at the simulated venue: where it stands on the path of the current bar."""

from __future__ import annotations

from dataclasses import dataclass

from framework.domain.order import Order, OrderType, TimeInForce, TrailType
from framework.rules import fills

_KINDS = (
    (OrderType.MARKET, fills.MARKET),
    (OrderType.LIMIT, fills.LIMIT),
    (OrderType.STOP_LOSS, fills.STOP),
    (OrderType.STOP_LIMIT, fills.STOP_LIMIT),
    (OrderType.TRAILING_STOP, fills.TRAILING),
)


#: Later than any bar.
NEVER = 2**63


@dataclass(slots=True, eq=False)
class Working:
    """One order and its next trade on the path: ``price`` (NO_FILL for none), on ``leg``, ``distance`` from that leg's start.

    ``expires`` is the close of the first session in which it could trade (ns UTC), known from the first bar on; for day orders only.
    """

    order: Order
    kind: int
    through: bool
    level: int
    triggered: bool = False
    price: int = fills.NO_FILL
    leg: int = 0
    distance: int = 0
    expires: int = NEVER
    since: int = 0
    _after: tuple[bool, int] = (False, 0)

    def at_open(self, price: int) -> bool:
        """Whether it trades at the open print."""
        filled, self.triggered = fills.at_point(
            self.kind, self.order.side.sign, self.order.limit_micros or 0, self.level, self.triggered, price
        )
        if not filled and self.kind == fills.TRAILING:
            self.level = self._ratcheted(self.level, price)
        return filled

    def look_ahead(self, leg: int, price: int, path: tuple[int, int, int, int]) -> None:
        """Find its first trade on ``path`` (open, first extreme, second extreme, close) from ``price`` on ``leg``."""
        order = self.order
        self.since = leg
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

    def close_bar(self) -> None:
        """Keep what the bar has changed: a trigger that was reached, a trail that was raised."""
        self.triggered, self.level = self._after
        self.price = fills.NO_FILL
        if self.kind == fills.TRAILING:
            self.order.stop_micros = self.level

    @property
    def is_unseen_day_order(self) -> bool:
        """Whether it is a day order that no bar has met yet."""
        return self.order.time_in_force is TimeInForce.DAY and self.expires == NEVER

    def reached(self, leg: int, price: int, path: tuple[int, int, int, int]) -> int | None:
        """Its stop level when the market stands at ``price`` on ``leg`` of the path; ``None`` for an order without one."""
        if self.kind != fills.TRAILING:
            return self.order.stop_micros
        level = self.level
        for point in (*path[self.since + 1 : leg + 1], price):
            level = self._ratcheted(level, point)
        return level

    def bounded(self, price: int) -> int:
        """``price`` after slippage, never beyond the order's limit."""
        limit = self.order.limit_micros
        if limit is None:
            return price
        sign = self.order.side.sign
        return sign * min(sign * price, sign * limit)

    def _ratcheted(self, level: int, price: int) -> int:
        order = self.order
        return fills.ratchet(order.side.sign, level, price, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)


def working_order(order: Order, reference: int, *, through: bool) -> Working:
    """``order`` as it starts to work; a trailing stop measures from ``reference``, the price at its acceptance, in micro-dollars."""
    kind = dict(_KINDS)[order.order_type]
    work = Working(order, kind, through, order.stop_micros or 0)
    if kind == fills.TRAILING:
        sign = order.side.sign
        fresh = reference + sign * fills.trail_distance(reference, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)
        work.level = fresh if order.stop_micros is None else sign * min(sign * fresh, sign * order.stop_micros)
        order.stop_micros = work.level
    return work
