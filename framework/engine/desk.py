"""The order path: from a wish to an order at the broker, and from the broker's reports back into the books. There is no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from framework.domain import reasons
from framework.domain.account_event import CashInLieu, Delisted, Entitlement, Split, TradeCorrection
from framework.domain.fill import Refusal
from framework.domain.order import Bracket, Order, OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO, from_micros, rounded_quotient
from framework.engine.blotter import Blotter, closing_side
from framework.engine.breakers import Breakers
from framework.engine.contingencies import Contingencies
from framework.engine.emulation import HELD, Emulation
from framework.engine.guarded import ExitPlan
from framework.engine.margin import Margin
from framework.engine.market import session_end
from framework.engine.numbering import Numbering
from framework.engine.policies import NEVER, TARGETS
from framework.engine.protection import Protection
from framework.engine.roundtrips import RoundTrips
from framework.engine.standings import Standings
from framework.engine.valuation import Valuation
from framework.errors import BrokerError
from framework.rules import ledger, lifecycle, limits
from framework.rules.account.policy import AccountType
from framework.rules.orders import Terms, buys_nothing, check_exits, new_order, optional_micros
from framework.rules.pretrade.standing import reducing
from framework.rules.pretrade.validator import PreTradeValidator
from framework.rules.pretrade.venue_rules import exits_off_tick
from framework.rules.stops.state import seen_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.account_event import AccountEvent
    from framework.domain.book import Book
    from framework.domain.fill import Fill
    from framework.domain.order import ApprovedOrder
    from framework.engine.freshness import Freshness
    from framework.engine.journal import Journal
    from framework.engine.market import Market
    from framework.engine.policies import Policies
    from framework.engine.ports import Broker
    from framework.rules.orders import Number, Worth
    from framework.rules.pretrade.standing import Standing


class Desk:
    """Makes, checks, sends and follows orders. ``hear`` is called with every state change of an order.

    Attributes:
        book: The ledger's view of cash and positions.
        blotter: Orders that may still fill.
        breakers, protection: The circuit breakers; the exits of all positions.
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
        freshness: Freshness,
    ) -> None:
        self.market = market
        self.broker = broker
        self.book = book
        self.policies = policies
        self.journal = journal
        self.blotter = Blotter(book, market)
        self.valuation = Valuation(market, book, policies)
        self._strategy = strategy
        self._hear = hear
        self._freshness = freshness
        self.breakers = Breakers(policies.guards, journal)
        self.trips = RoundTrips()
        self.protection = Protection(self, exits_outlive=policies.exits_outlive)
        self._contingencies = Contingencies(self, self.protection)
        self._emulation = Emulation(self, self._step)
        self._margin = Margin(self) if policies.account.type is AccountType.MARGIN else None
        self._standings = Standings(self, self.protection)
        self.validator = PreTradeValidator(policies.limits, broker.capabilities)
        self._numbers = Numbering()
        #: Until when there is nothing to look at, ns UTC, unless more than so many events have happened by then.
        self._rest = (-1, 0)
        broker.subscribe(self)

    # --- what happened to our orders

    def on_update(self, update: OrderUpdate) -> None:
        """Fold a report of the broker into order and book, and keep the position protected."""
        order = self.blotter.told_of(update)
        news = lifecycle.after_our_step(order, update)
        if news is not None:
            self._fold(order, news)

    def _fold(self, order: Order, update: OrderUpdate) -> None:
        was = order.status
        lifecycle.apply(order, update)
        self.journal.reported(update)
        if was is OrderStatus.SUBMITTED or update.status.is_failure:
            self.breakers.on_broker_answer(update.timestamp, failed=update.status.is_failure)
        self._hear(order, update)
        if not order.is_open:
            self.blotter.remove(order)
            self._standings.forget()
        if update.fill is not None:
            self._book_fill(order, update.fill)
        if not order.is_open:
            self.protection.after_end(order, update)
            if update.status is OrderStatus.REJECTED:
                self._note_bare(order, f"the venue says {update.reason}")
        elif update.status is OrderStatus.SUBMITTED:
            self._emulation.on_reached(order)

    def _book_fill(self, order: Order, fill: Fill) -> None:
        realized = ledger.post_fill(self.book, fill)
        self._standings.on_fill(fill)
        self._trip_ended(fill.timestamp, self.trips.on_fill(fill, self.book.quantity(fill.symbol), realized))
        self.protection.after_fill(order, fill)
        self._contingencies.after_fill(order, fill)

    def on_account(self, event: AccountEvent) -> None:
        """Book what happened to the account without a trade, and let what guards a position follow its shares."""
        realized = ledger.post(self.book, event)
        self.journal.posted(event)
        self._standings.on_account(event)
        match event:
            case Split():
                self.protection.on_split(event)
            case TradeCorrection() | CashInLieu() | Delisted():
                earned = realized - (event.fees_micros if isinstance(event, TradeCorrection) else 0)
                self._trip_ended(event.timestamp, self.trips.on_payout(event.symbol, self.book.quantity(event.symbol), earned))
                self.protection.align(event.symbol)
            case Entitlement():
                each = rounded_quotient(abs(event.amount_micros) * MICRO, abs(event.quantity_micros))
                self.protection.on_dividend(event.symbol, each)

    def _trip_ended(self, timestamp: int, earned: int | None) -> None:
        if earned is not None:
            self.breakers.on_trade(timestamp, earned)

    def rests(self, timestamp: int) -> bool:
        """Whether nothing is held, works, or has happened since the last close of the session: ``on_close`` would change nothing."""
        until, events = self._rest
        return timestamp <= until and len(self.journal.events) == events

    def on_close(self, timestamp: int, session: int) -> None:
        """Must we get out? Move stops with the bars that closed, and let the circuit breakers see what the account is worth."""
        guards, orders = self.protection.guards_any, self.blotter.orders
        self._standings.on_session(session)
        if guards or orders:
            self.protection.on_close()
            self._emulation.on_close()
            self._standings.forget()  # time stops were counted beside levels that had not moved yet
        if self._margin is not None:
            self._margin.on_close()
        self.breakers.on_close(timestamp, session, self.valuation.equity())
        if not (guards or orders or self.valuation.positions() or self.breakers.data_is_stale):
            self._rest = (session_end(session), len(self.journal.events))

    def on_clock(self, now: int) -> None:
        """Let the circuit breakers see whether the data of what is held or worked on still come."""
        if self.breakers.watches_data:
            rows = self.blotter.rows_with(self.valuation.held_rows())
            if not self._freshness.all_came(rows, now):
                self.breakers.on_data(now, self._freshness.worst([self.market.symbols[row] for row in rows], now))
            elif self.breakers.data_is_stale:
                self.breakers.on_data(now, None)

    # --- what is wanted

    def order(
        self,
        symbol: str,
        side: OrderSide,
        quantity: Number | Worth,
        tag: str | None,
        plan: ExitPlan | None = None,
        oco: Order | None = None,
        **terms: Unpack[Terms],
    ) -> Order:
        """Make, check and send an explicit order; of it and the group of ``oco`` only one is to fill."""
        self.market.row_of(symbol)  # only what is in the universe
        order = new_order(self.next_id(symbol, side), self.market.now, symbol, side, quantity, self._strategy, tag, **terms)
        refusal = buys_nothing(order, quantity)
        if refusal is None and oco is not None:
            refusal = self._contingencies.join(order, oco)
        return self._with_plan(order, plan) if refusal is None else self._denied(order, refusal)

    def bracket(
        self,
        symbol: str,
        side: OrderSide,
        quantity: Number | Worth,
        take_profit: Number | None,
        stop_loss: Number | None,
        limit_price: Number | None,
        time_in_force: str,
    ) -> Bracket:
        """Enter with the exits decided; a stop that is left out is the configured one."""
        row, limit = self.market.row_of(symbol), optional_micros(limit_price, "limit_price", symbol)
        profit, stop = optional_micros(take_profit, "take_profit", symbol), optional_micros(stop_loss, "stop_loss", symbol)
        check_exits(symbol, side, self.market.price_micros(row) if limit is None else limit, profit, stop)
        plan = ExitPlan(stop_micros=stop or 0, target_micros=profit or 0)
        configured = self.plan_for(row, side, OrderRole.EXPLICIT)
        if stop is None and configured is not None:
            plan = replace(configured, target_micros=profit or 0)
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        terms: Terms = {"order_type": kind, "limit_price": limit_price, "time_in_force": time_in_force}
        order = self.order(symbol, side, quantity, tag="bracket", plan=plan, **terms)
        return Bracket(order, None if profit is None else from_micros(profit), None if stop is None else from_micros(stop))

    def close(self, symbol: str, reason: str, role: OrderRole = OrderRole.EXPLICIT) -> Order | None:
        """Leave a position at market."""
        self.market.row_of(symbol)
        for order in [order for order in self.blotter.of(symbol) if not order.role.protects]:
            self.cancel(order.order_id, reason)
        held = self.book.quantity(symbol)
        if held == 0:
            return None
        return self.send(symbol, -held, role, None, reason, reason)

    def cancel(self, order_id: str, reason: str) -> bool:
        """Cancel a working order; ``False`` when it has ended, or cannot be canceled now: its own or its cancel's answer is not known."""
        order = self.blotter.orders.get(order_id)
        if order is None or order.status.is_unsettled:
            return False
        was = order.status
        self._step(order, OrderStatus.PENDING_CANCEL, reason)
        try:
            canceled = self.broker.cancel_order(order_id)
        except BrokerError as error:
            self.breakers.on_broker_answer(self.market.now, failed=True)
            if order.status is OrderStatus.PENDING_CANCEL and was in lifecycle.TRANSITIONS[OrderStatus.PENDING_CANCEL]:
                self._step(order, was, f"not canceled: {error}")
            return False
        self.breakers.on_broker_answer(self.market.now, failed=False)
        return canceled

    def reduce(self, order: Order, quantity: int, reason: str) -> None:
        """Put a smaller order in the place of a working one; for a ``quantity`` of 0 cancel it."""
        self._contingencies.reduce(order, quantity, reason)

    def give_up(self, order: Order) -> bool:
        """Cancel a working order at the strategy's word; a position that loses its stop by it is recorded."""
        order = self._contingencies.current(order)
        canceled = self.cancel(order.order_id, "strategy")
        if canceled:
            self._note_bare(order, "as the strategy asked")
        return canceled

    def _note_bare(self, order: Order, why: str) -> None:
        held = from_micros(self.book.quantity(order.symbol))
        if held and order.role is OrderRole.STOP:
            detail = f"stop {order.order_id}: nothing guards {held} {order.symbol} any more, {why}"
            self.journal.refused(Refusal(self.market.now, order.symbol, reasons.UNPROTECTED, detail))

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
        return self._with_plan(order, plan)

    def _with_plan(self, order: Order, plan: ExitPlan | None) -> Order:
        """Submit ``order`` with the exits given for it, or else the configured ones; an entry whose exits no venue could have is denied."""
        if plan is None:
            return self.submit(order, self.plan_for(self.market.row_of(order.symbol), order.side, order.role))
        broken = exits_off_tick(order, plan.stop_micros, plan.target_micros, self.broker.capabilities)
        if broken is not None and self.book.quantity(order.symbol) * order.side.sign >= 0:
            return self._denied(order, broken.refusal(order.created_at))
        return self.submit(order, plan)

    def submit(self, order: Order, plan: ExitPlan | None) -> Order:
        """The one door: check ``order``, write the decision down, send it. Returns the order as sent, or as denied."""
        standing = self._standings.of(order, plan)
        approved, refusal = self._checked(order, standing)
        if approved is None:
            return self._denied(order, refusal)
        if refusal is not None:
            self.journal.refused(refusal)
        order = approved.order
        self.protection.before_send(order, plan, reducing(order, standing))
        self.journal.decided(order)
        if self._emulation.holds(order):
            self._step(order, OrderStatus.EMULATED, HELD)
        else:
            self._emulation.make_way(order)
            self._step(order, OrderStatus.SUBMITTED, "")
        self._standings.on_sent(order, standing)
        self.blotter.add(order)
        try:
            self.broker.place_order(approved)
        except BrokerError as error:
            self._lost(order, error)
        return order

    def release(self, order: Order) -> None:
        """Send an approved order that was held by us."""
        try:
            self.broker.release_order(order.order_id)
        except BrokerError as error:
            self._lost(order, error)

    def _denied(self, order: Order, refusal: Refusal | None) -> Order:
        """``order`` as refused, which is a decision too."""
        if refusal is not None:
            self.journal.refused(refusal)
        reason = refusal.code if refusal else "refused"
        order.reason = f"{order.reason}: {reason}"
        self.journal.decided(order)
        self._step(order, OrderStatus.DENIED, reason)
        return order

    def _lost(self, order: Order, error: BrokerError) -> None:
        """No answer to a submission: it may work or not. It counts as working until the broker says which, and is never sent again."""
        self.breakers.on_broker_answer(self.market.now, failed=True)
        if order.status is OrderStatus.SUBMITTED:
            self._step(order, OrderStatus.UNKNOWN, f"no answer: {error}")

    def _checked(self, order: Order, standing: Standing) -> tuple[ApprovedOrder | None, Refusal | None]:
        closing = reducing(order, standing)
        if closing < order.quantity_micros and self.breakers.watches_data:
            self._ask_for_data(order)
        halted = self.breakers.refusal(order, reduces=closing == order.quantity_micros)
        if halted is None:
            return limits.check(order, standing, self.validator)
        if order.role is not OrderRole.TARGET or not closing or self.breakers.refusal(order, reduces=True) is not None:
            return None, halted
        # A target on the other side wants out of this one first, and out is allowed.
        return limits.check(replace(order, quantity_micros=closing), standing, self.validator)[0], halted

    def _ask_for_data(self, order: Order) -> None:
        missed = self._freshness.missing(order.symbol, self.market.now)
        if missed:  # one without any bar is refused for its missing price
            self.breakers.on_wanted(self.market.now, order.symbol, missed)

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
        number = self._numbers.next(self.market.now)
        return f"{self._strategy}-{symbol}-{self.market.now // 10**9}-{side.value}-{number}"

    def plan_for(self, row: int, side: OrderSide, role: OrderRole) -> ExitPlan | None:
        """The configured exits of an entry of ``role``; ``None`` where it gets none."""
        attach, policy = self.policies.attach, self.policies.exits
        if attach == NEVER or (attach == TARGETS and role is not OrderRole.TARGET) or self.market.cursor[row] < 0:
            return None
        series, count = self.market.series[row], self.market.cursor[row] + 1
        tick = self.broker.capabilities.tick_micros(self.market.price_micros(row))
        return ExitPlan(policy, seen_at(policy, side.sign, series.high[:count], series.low[:count], series.close[:count], tick))
