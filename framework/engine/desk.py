"""The order path: from a wish to an order at the broker, and from the broker's reports back into the books. There is no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from framework.domain.order import Bracket, Order, OrderRole, OrderSide, OrderStatus, OrderType, OrderUpdate
from framework.domain.values import from_micros, notional
from framework.engine.blotter import Blotter, closing_side
from framework.engine.policies import NEVER, TARGETS
from framework.engine.protection import Protection
from framework.engine.valuation import Valuation
from framework.errors import InvalidOrderError, InvariantError
from framework.rules import ledger, lifecycle, limits
from framework.rules.orders import Terms, new_order, positive_micros
from framework.rules.stops import StopPlan, plan, wilder_atr

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.book import Book
    from framework.domain.fill import Dividend
    from framework.engine.journal import Journal
    from framework.engine.market import Market
    from framework.engine.policies import Policies
    from framework.engine.ports import Broker
    from framework.rules.orders import Number


class Desk:
    """Makes, checks, sends and follows orders. ``hear`` is called with every state change of an order.

    Attributes:
        book: The ledger's view of cash and positions.
        blotter: Orders that may still fill.
    """

    def __init__(
        self,
        strategy: str,
        market: Market,
        broker: Broker,
        book: Book,
        policies: Policies,
        journal: Journal,
        hear: Callable[[Order, OrderUpdate], None],
    ) -> None:
        self.market = market
        self.broker = broker
        self.book = book
        self.policies = policies
        self.journal = journal
        self.blotter = Blotter(book)
        self.valuation = Valuation(market, book, policies)
        self._strategy = strategy
        self._hear = hear
        self._protection = Protection(self)
        self._counter = (0, 0)
        broker.subscribe(self)

    # --- what happened to our orders

    def on_update(self, update: OrderUpdate) -> None:
        """Fold a report of the broker into order and book, and keep the position protected."""
        order = self.blotter.orders.get(update.order_id)
        if order is None:
            raise InvariantError(f"the broker reports order {update.order_id!r} as {update.status}, which is not working here")
        lifecycle.apply(order, update)
        self.journal.reported(update)
        if not order.is_open:
            del self.blotter.orders[order.order_id]
        if update.fill is not None:
            ledger.post_fill(self.book, update.fill)
            self._protection.after_fill(order, update.fill)
        if not order.is_open:
            self._protection.after_end(order)
        self._hear(order, update)

    def on_dividend(self, dividend: Dividend) -> None:
        """Book a dividend."""
        ledger.post_dividend(self.book, dividend)
        self.journal.paid(dividend)

    # --- what is wanted

    def order(
        self, symbol: str, side: OrderSide, quantity: Number, tag: str | None, stop: StopPlan | None = None, **terms: Unpack[Terms]
    ) -> Order:
        """Make, check and send an explicit order."""
        row = self.market.row_of(symbol)
        order = new_order(self.next_id(symbol, side), self.market.now, symbol, side, quantity, self._strategy, tag, **terms)
        return self.submit(order, stop or self._plan_for(row, OrderRole.EXPLICIT))

    def bracket(self, symbol: str, quantity: Number, take_profit: Number, stop_loss: Number, limit_price: Number | None) -> Bracket:
        """Enter with both exits decided."""
        profit, stop = positive_micros(take_profit, "take_profit", symbol), positive_micros(stop_loss, "stop_loss", symbol)
        if stop >= profit:
            raise InvalidOrderError(f"{symbol}: stop_loss = {stop_loss} must be below take_profit = {take_profit}")
        kind = OrderType.MARKET if limit_price is None else OrderType.LIMIT
        plan = StopPlan(price_micros=stop, take_profit_micros=profit)
        entry = self.order(symbol, OrderSide.BUY, quantity, tag="bracket", stop=plan, order_type=kind, limit_price=limit_price)
        return Bracket(entry, from_micros(profit), from_micros(stop))

    def close(self, symbol: str) -> Order | None:
        """Leave a position at market."""
        self.market.row_of(symbol)
        for order in [order for order in self.blotter.of(symbol) if not order.role.protects]:
            self.cancel(order.order_id, "closing")
        held = self.book.quantity(symbol)
        if held == 0:
            return None
        return self.send(symbol, -held, OrderRole.EXPLICIT, None, "close", "close")

    def cancel(self, order_id: str, reason: str) -> bool:
        """Cancel a working order; ``False`` when it has ended."""
        order = self.blotter.orders.get(order_id)
        if order is None:
            return False
        self._step(order, OrderStatus.PENDING_CANCEL, reason)
        return self.broker.cancel_order(order_id)

    # --- may we, write it down, send

    def send(self, symbol: str, delta: int, role: OrderRole, stop: StopPlan | None, reason: str, tag: str | None) -> Order:
        """Send a market order that changes the position by ``delta`` micro-shares."""
        side = OrderSide.BUY if delta > 0 else OrderSide.SELL
        order = Order(
            self.next_id(symbol, side),
            symbol,
            side,
            abs(delta),
            OrderType.MARKET,
            self.market.now,
            role=role,
            strategy=self._strategy,
            tag=tag,
            reason=reason,
        )
        return self.submit(order, stop or self._plan_for(self.market.row_of(symbol), role))

    def submit(self, order: Order, stop: StopPlan | None) -> Order:
        """The one door: check ``order``, write the decision down, send it. Returns the order as sent, or as denied."""
        approved, refusal = limits.check(order, self._standing(order.symbol), self.broker.capabilities, self.policies.limits)
        if refusal is not None:
            self.journal.refused(refusal)
        if approved is None:
            reason = refusal.code if refusal else "refused"
            order.reason = f"{order.reason}: {reason}"
            self.journal.decided(order)
            self._step(order, OrderStatus.DENIED, reason)
            return order
        order = approved.order
        self._protection.before_send(order, stop)
        self.journal.decided(order)
        self._step(order, OrderStatus.SUBMITTED, "")
        self.blotter.orders[order.order_id] = order
        self.broker.place_order(approved)
        return order

    def _step(self, order: Order, status: OrderStatus, reason: str) -> None:
        """A step of an order's life that is ours to take."""
        lifecycle.change(order, status, self.market.now, reason)
        update = OrderUpdate(order.order_id, self.market.now, status, reason)
        self.journal.reported(update)
        self._hear(order, update)

    def protective(self, symbol: str, direction: int, quantity: int, kind: OrderType, role: OrderRole, parent_id: str) -> Order:
        """A new order that guards a position of ``direction``."""
        side = closing_side(direction)
        return Order(
            self.next_id(symbol, side),
            symbol,
            side,
            quantity,
            kind,
            self.market.now,
            role=role,
            parent_id=parent_id,
            strategy=self._strategy,
            tag=role.value,
            reason=role.value,
        )

    def next_id(self, symbol: str, side: OrderSide) -> str:
        """The next order id: derived from strategy, symbol, decision time, side and a counter, so that a restart derives the same."""
        time, count = self._counter
        self._counter = (self.market.now, count + 1 if time == self.market.now else 1)
        return f"{self._strategy}-{symbol}-{self.market.now // 10**9}-{side.value}-{self._counter[1]}"

    def _standing(self, symbol: str) -> limits.Standing:
        row, reserved, pending = self.market.row_of(symbol), 0, 0
        for order, opening in self.blotter.entering():
            price = limits.worst_price(order, self.market.price_micros(self.market.row_of(order.symbol)), self.policies.limits)
            value = notional(opening, price)
            reserved += value
            pending += value if order.symbol == symbol else 0
        return limits.Standing(
            held=self.book.quantity(symbol),
            exits=self.blotter.exiting(symbol),
            price=self.market.price_micros(row),
            equity=self.valuation.equity(),
            gross=self.valuation.gross(),
            reserved=reserved,
            pending=pending,
        )

    def _plan_for(self, row: int, role: OrderRole) -> StopPlan | None:
        attach = self.policies.attach
        if attach == NEVER or (attach == TARGETS and role is not OrderRole.TARGET):
            return None
        series, count = self.market.series[row], self.market.cursor[row] + 1
        atr = wilder_atr(series.high[:count], series.low[:count], series.close[:count], self.policies.stops.atr_period)
        return plan(self.policies.stops, atr)
