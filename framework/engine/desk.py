"""The order path: from a wish to an order at the broker, and from the broker's reports back into the books. There is no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from framework.domain.order import Bracket, Order, OrderRole, OrderSide, OrderStatus, OrderType, OrderUpdate, TimeInForce
from framework.domain.values import MICRO, from_micros, rounded_quotient
from framework.engine.blotter import Blotter, closing_side
from framework.engine.breakers import Breakers
from framework.engine.policies import NEVER, TARGETS
from framework.engine.protection import ExitPlan, Protection
from framework.engine.roundtrips import RoundTrips
from framework.engine.standings import Standings
from framework.engine.valuation import Valuation
from framework.errors import InvalidOrderError, InvariantError
from framework.rules import ledger, lifecycle, limits
from framework.rules.orders import Terms, new_order, positive_micros
from framework.rules.pretrade.standing import reducing
from framework.rules.pretrade.validator import PreTradeValidator
from framework.rules.stops.state import seen_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.book import Book
    from framework.domain.fill import Dividend, Fill, Refusal
    from framework.domain.order import ApprovedOrder
    from framework.engine.journal import Journal
    from framework.engine.market import Market
    from framework.engine.policies import Policies
    from framework.engine.ports import Broker
    from framework.rules.orders import Number
    from framework.rules.pretrade.standing import Standing


class Desk:
    """Makes, checks, sends and follows orders. ``hear`` is called with every state change of an order.

    Attributes:
        book: The ledger's view of cash and positions.
        blotter: Orders that may still fill.
        breakers: The circuit breakers.
        trips: Results of closed positions.
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
        self.breakers = Breakers(policies.guards, journal)
        self.trips = RoundTrips()
        self._protection = Protection(self)
        self._standings = Standings(self, self._protection)
        self._validator = PreTradeValidator(policies.limits, broker.capabilities)
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
        self._hear(order, update)
        if not order.is_open:
            self.blotter.remove(order)
            self._standings.forget()
        if update.fill is not None:
            self._book_fill(order, update.fill)
        if not order.is_open:
            self._protection.after_end(order)

    def _book_fill(self, order: Order, fill: Fill) -> None:
        realized = ledger.post_fill(self.book, fill)
        self._standings.on_fill(fill)
        earned = self.trips.on_fill(fill, self.book.quantity(fill.symbol), realized)
        if earned is not None:
            self.breakers.on_trade(fill.timestamp, earned)
        self._protection.after_fill(order, fill)

    def on_dividend(self, dividend: Dividend) -> None:
        """Book a dividend."""
        ledger.post_dividend(self.book, dividend)
        self.journal.paid(dividend)
        self._protection.on_dividend(dividend.symbol, rounded_quotient(abs(dividend.amount_micros) * MICRO, abs(dividend.quantity_micros)))

    def on_close(self, timestamp: int, session: int) -> None:
        """Must we get out? Move stops with the bars that closed, and let the circuit breakers see what the account is worth."""
        self._standings.on_session(session)
        self._protection.on_close()
        self._standings.forget()  # time stops were counted beside levels that had not moved yet
        self.breakers.on_close(timestamp, session, self.valuation.equity())

    # --- what is wanted

    def order(
        self, symbol: str, side: OrderSide, quantity: Number, tag: str | None, plan: ExitPlan | None = None, **terms: Unpack[Terms]
    ) -> Order:
        """Make, check and send an explicit order."""
        row = self.market.row_of(symbol)
        order = new_order(self.next_id(symbol, side), self.market.now, symbol, side, quantity, self._strategy, tag, **terms)
        return self.submit(order, plan or self._plan_for(row, side, OrderRole.EXPLICIT))

    def bracket(self, symbol: str, quantity: Number, take_profit: Number, stop_loss: Number, limit_price: Number | None) -> Bracket:
        """Enter with both exits decided."""
        profit, stop = positive_micros(take_profit, "take_profit", symbol), positive_micros(stop_loss, "stop_loss", symbol)
        entry = (
            positive_micros(limit_price, "limit_price", symbol)
            if limit_price is not None
            else self.market.price_micros(self.market.row_of(symbol))
        )
        if stop >= profit or (entry and not stop < entry < profit):
            where = f"{from_micros(entry)}" if entry else "the entry"
            raise InvalidOrderError(f"{symbol}: stop_loss = {stop_loss} must be below {where} and take_profit = {take_profit} above it")
        kind = OrderType.MARKET if limit_price is None else OrderType.LIMIT
        plan = ExitPlan(stop_micros=stop, target_micros=profit)
        order = self.order(symbol, OrderSide.BUY, quantity, tag="bracket", plan=plan, order_type=kind, limit_price=limit_price)
        return Bracket(order, from_micros(profit), from_micros(stop))

    def close(self, symbol: str, reason: str) -> Order | None:
        """Leave a position at market."""
        self.market.row_of(symbol)
        for order in [order for order in self.blotter.of(symbol) if not order.role.protects]:
            self.cancel(order.order_id, reason)
        held = self.book.quantity(symbol)
        if held == 0:
            return None
        return self.send(symbol, -held, OrderRole.EXPLICIT, None, reason, reason)

    def cancel(self, order_id: str, reason: str) -> bool:
        """Cancel a working order; ``False`` when it has ended."""
        order = self.blotter.orders.get(order_id)
        if order is None:
            return False
        self._step(order, OrderStatus.PENDING_CANCEL, reason)
        return self.broker.cancel_order(order_id)

    # --- may we, write it down, send

    def send(
        self, symbol: str, delta: int, role: OrderRole, plan: ExitPlan | None, reason: str, tag: str | None, limit: int | None = None
    ) -> Order:
        """Send an order that changes the position by ``delta`` micro-shares: at market, or at ``limit`` micro-dollars."""
        side = OrderSide.BUY if delta > 0 else OrderSide.SELL
        order = Order(
            self.next_id(symbol, side),
            symbol,
            side,
            abs(delta),
            OrderType.MARKET if limit is None else OrderType.LIMIT,
            self.market.now,
            limit_micros=limit,
            time_in_force=TimeInForce(self.policies.time_in_force),
            role=role,
            strategy=self._strategy,
            tag=tag,
            reason=reason,
        )
        return self.submit(order, plan or self._plan_for(self.market.row_of(symbol), side, role))

    def submit(self, order: Order, plan: ExitPlan | None) -> Order:
        """The one door: check ``order``, write the decision down, send it. Returns the order as sent, or as denied."""
        standing = self._standings.of(order, plan)
        approved, refusal = self._checked(order, standing)
        if refusal is not None:
            self.journal.refused(refusal)
        if approved is None:
            reason = refusal.code if refusal else "refused"
            order.reason = f"{order.reason}: {reason}"
            self.journal.decided(order)
            self._step(order, OrderStatus.DENIED, reason)
            return order
        order = approved.order
        self._protection.before_send(order, plan)
        self.journal.decided(order)
        self._step(order, OrderStatus.SUBMITTED, "")
        self._standings.on_sent(order, standing)
        self.blotter.add(order)
        self.broker.place_order(approved)
        return order

    def _checked(self, order: Order, standing: Standing) -> tuple[ApprovedOrder | None, Refusal | None]:
        closing = reducing(order, standing)
        halted = self.breakers.refusal(order, reduces=closing == order.quantity_micros)
        if halted is None:
            return limits.check(order, standing, self._validator)
        if order.role is not OrderRole.TARGET or not closing or self.breakers.refusal(order, reduces=True) is not None:
            return None, halted
        # A target on the other side wants out of this one first, and out is allowed.
        return limits.check(replace(order, quantity_micros=closing), standing, self._validator)[0], halted

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

    def _plan_for(self, row: int, side: OrderSide, role: OrderRole) -> ExitPlan | None:
        attach, policy = self.policies.attach, self.policies.exits
        if attach == NEVER or (attach == TARGETS and role is not OrderRole.TARGET) or self.market.cursor[row] < 0:
            return None
        series, count = self.market.series[row], self.market.cursor[row] + 1
        tick = self.broker.capabilities.tick_micros(self.market.price_micros(row))
        return ExitPlan(policy, seen_at(policy, side.sign, series.high[:count], series.low[:count], series.close[:count], tick))
