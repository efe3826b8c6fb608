"""The true book of a venue: orders, executions, shares and cash, as they are and not as anybody shows them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from framework.domain.order import Order, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO, rounded_quotient
from framework.domain.venue_order import Execution, VenueOrder
from tests.venue.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

S = OrderStatus
WORDS = {
    S.ACCEPTED: "confirmed",
    S.PARTIALLY_FILLED: "partially_filled",
    S.FILLED: "filled",
    S.PENDING_CANCEL: "pending_cancelled",
    S.CANCELED: "cancelled",
    S.EXPIRED: "expired",
    S.REJECTED: "rejected",
}
OPEN = (S.ACCEPTED, S.PARTIALLY_FILLED, S.PENDING_CANCEL)


@dataclass
class TrueOrder:
    """An order at the venue; ``history`` are all pictures that were ever true, oldest first."""

    history: list[VenueOrder]
    is_foreign: bool = False

    @property
    def now(self) -> VenueOrder:
        return self.history[-1]

    @property
    def left(self) -> int:
        return self.now.quantity_micros - self.now.cumulative_micros

    @property
    def is_open(self) -> bool:
        return self.now.status in OPEN


@dataclass
class Truth:
    """What a venue really has. ``arrivals`` counts the requests that arrived under each client id; ``changed`` ends with the newest."""

    clock: FakeClock = field(default_factory=FakeClock)
    holds: bool = True
    time: int = 0
    orders: dict[str, TrueOrder] = field(default_factory=dict)
    changed: dict[str, TrueOrder] = field(default_factory=dict)
    open: dict[str, TrueOrder] = field(default_factory=dict)
    clients: dict[str, TrueOrder] = field(default_factory=dict)
    arrivals: dict[str, int] = field(default_factory=dict)
    shares: dict[str, int] = field(default_factory=dict)
    cash: int = 0
    executions: int = 0
    accepted: int = 0

    def accept(self, order: Order, client_id: str | None, quantity: int, *, is_foreign: bool = False) -> TrueOrder:
        """Take an order; one that sells more shares than are free is rejected."""
        self._tick()
        self.accepted += 1
        name = f"v{self.accepted}"
        short = self.holds and order.side is OrderSide.SELL and quantity > self.free(order.symbol)
        status = S.REJECTED if short else S.ACCEPTED
        shown = VenueOrder(
            name, client_id, order.symbol, order.side, quantity, order.order_type, order.limit_micros, order.stop_micros,
            order.trail_micros, order.trail_type, order.time_in_force, status, WORDS[status], 0, None, (), self.time, self.time,
            "not enough shares" if short else "",
        )  # fmt: skip
        one = self.orders[name] = TrueOrder([shown], is_foreign)
        if client_id is not None:
            self.arrivals[client_id] = self.arrivals.get(client_id, 0) + 1
            self.clients.setdefault(client_id, one)
        self._note(one)
        return one

    def _tick(self) -> None:
        self.time = max(self.time + 1, self.clock.now())

    def _note(self, one: TrueOrder) -> None:
        name = one.now.venue_order_id
        self.changed.pop(name, None)
        self.changed[name] = one
        if one.is_open:
            self.open[name] = one
        else:
            self.open.pop(name, None)

    def changed_since(self, since: int) -> list[TrueOrder]:
        """Orders that were made or changed at or after ``since``, oldest change first."""
        found = []
        for one in reversed(self.changed.values()):
            if one.now.updated_at < since:
                break
            found.append(one)
        return found[::-1]

    def free(self, symbol: str) -> int:
        """Shares that no working sale has reserved."""
        sales = [one for one in self.open.values() if one.now.symbol == symbol and one.now.side is OrderSide.SELL]
        return self.shares.get(symbol, 0) - sum(one.left for one in sales)

    def by_client_id(self, client_id: str) -> TrueOrder | None:
        return self.clients.get(client_id)

    def set_status(self, one: TrueOrder, status: OrderStatus | None, word: str = "", reason: str = "") -> None:
        self._tick()
        said = word or WORDS[status]
        one.history.append(replace(one.now, status=status, word=said, updated_at=self.time, reason=reason))
        self._note(one)

    def fill(self, one: TrueOrder, quantity: int, price: int, fees: int = 0) -> Execution:
        """Trade ``quantity`` of an order, whatever its state: what has traded has traded."""
        self._tick()
        self.executions += 1
        shown = one.now
        execution = Execution(f"x{self.executions}", quantity, price, self.time, fees)
        executions = (*shown.executions, execution)
        filled = shown.cumulative_micros + quantity
        status = shown.status
        if filled >= shown.quantity_micros:
            status = S.FILLED
        elif status is S.ACCEPTED:
            status = S.PARTIALLY_FILLED
        self._pictured(one, executions, status)
        self._move(shown.symbol, shown.side.sign * quantity, -shown.side.sign * execution.value_micros - fees)
        return execution

    def bust(self, one: TrueOrder, execution_id: str) -> None:
        """Take a trade back."""
        self._tick()
        gone = next(each for each in one.now.executions if each.execution_id == execution_id)
        self._pictured(one, tuple(each for each in one.now.executions if each is not gone), one.now.status)
        sign = one.now.side.sign
        self._move(one.now.symbol, -sign * gone.quantity_micros, sign * gone.value_micros + gone.fees_micros)

    def _pictured(self, one: TrueOrder, executions: tuple[Execution, ...], status: OrderStatus | None) -> None:
        filled = sum(each.quantity_micros for each in executions)
        value = sum(each.value_micros for each in executions)
        average = rounded_quotient(value * MICRO, filled) if filled else None
        word = WORDS[status] if status else one.now.word
        one.history.append(
            replace(
                one.now,
                executions=executions,
                cumulative_micros=filled,
                average_micros=average,
                status=status,
                word=word,
                updated_at=self.time,
            )
        )
        self._note(one)

    def _move(self, symbol: str, shares: int, cash: int) -> None:
        self.shares[symbol] = self.shares.get(symbol, 0) + shares
        self.cash += cash

    def forget(self, before: int) -> None:
        """Let go of what ended and has not changed since ``before``; shares and cash stay."""
        for name, one in list(self.changed.items()):
            if one.now.updated_at >= before:
                return
            if not one.is_open:
                client = one.now.client_id
                for book, key in ((self.changed, name), (self.orders, name), (self.clients, client), (self.arrivals, client)):
                    book.pop(key, None)

    def trade_by_hand(self, symbol: str, side: OrderSide, quantity: int, price: int, *, fills: bool = True) -> TrueOrder:
        """Somebody else's order in the same account."""
        order = Order("", symbol, side, quantity, OrderType.LIMIT, 0, limit_micros=price, time_in_force=TimeInForce.GTC)
        one = self.accept(order, None, quantity, is_foreign=True)
        if fills and one.is_open:
            self.fill(one, quantity, price)
        return one

    def ours(self) -> Iterator[TrueOrder]:
        return (one for one in self.orders.values() if not one.is_foreign)
