"""Follows a run event by event, keeps books of its own, and objects to whatever must not happen.

It reads the bars, the journal, and what broker and engine say of themselves; it shares no rule with them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.account_event import CashInLieu, Dividend, Entitlement, Interest, Split
from framework.domain.order import Order, OrderStatus, OrderTerms, OrderType, TimeInForce, TrailType
from framework.domain.order_update import OrderUpdate
from framework.engine.emulation import LEAVING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.app.assembly.assemble import Simulation
    from framework.domain.fill import Fill

MICRO = 1_000_000
S = OrderStatus
#: What may follow what where no answer is ever lost; nothing follows an end.
STEPS = {
    S.INITIALIZED: {S.DENIED, S.EMULATED, S.SUBMITTED},
    S.EMULATED: {S.SUBMITTED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED},
    S.SUBMITTED: {S.ACCEPTED, S.REJECTED, S.PENDING_CANCEL},
    S.ACCEPTED: {S.EMULATED, S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED},
    S.PARTIALLY_FILLED: {S.EMULATED, S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED},
    S.PENDING_CANCEL: {S.CANCELED},
}
MOMENTS = {TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG, TimeInForce.CLS}
TRIGGERED = {OrderType.STOP_LOSS, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}


class Quoted(NamedTuple):
    """A bar as it was quoted on its day: micro-dollars, and shares as a float. ``is_split``: a split came before its open."""

    open: int
    high: int
    low: int
    close: int
    volume: float
    is_split: bool = False


@dataclass
class Watched:
    """One order as the auditor sees it. ``low`` and ``high`` are the extremes it has lived through, ``first`` its first fill's time."""

    order: Order
    terms: OrderTerms
    status: OrderStatus = S.INITIALIZED
    filled: int = 0
    first: int = 0
    low: int = 0
    high: int = 0
    is_restated: bool = False
    is_smaller: bool = False  # it took the place of one for which less is left
    spent: int = 0
    fees: int = 0


@dataclass(frozen=True)
class Terms:
    """What the run was told: cash, share of volume, lot, whether shares and money can be borrowed, whether fills cost anything, and by bar
    close the session and whether it is the session's last.
    """

    share: float
    lot: int
    shorting: bool
    lends: bool
    sessions: Mapping[int, int]
    ends: frozenset[int]
    is_costless: bool
    cash: int


def value(quantity: int, price: int) -> int:
    """Micro-dollars of a trade: the exact product, halves away from zero, signed as the quantity."""
    size = (abs(quantity) * price * 2 + MICRO) // (2 * MICRO)
    return size if quantity >= 0 else -size


@dataclass
class Auditor:
    """Books, orders and bars of one run; ``bar(symbol, time)`` is the bar that closed then, ``None`` without one."""

    bar: Callable[[str, int], Quoted | None]
    terms: Terms
    cash: int = 0
    receivable: int = 0
    held: Counter[str] = field(default_factory=Counter)
    orders: dict[str, Watched] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    traded: Counter[str] = field(default_factory=Counter)
    executions: set[str] = field(default_factory=set)
    groups: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    bars: dict[str, Quoted] = field(default_factory=dict)
    seen: int = 0
    now: int = 0

    def __post_init__(self) -> None:
        self.cash = self.terms.cash

    def after_slice(self, simulation: Simulation) -> None:
        """Take in what happened since the last slice, then compare what everybody says."""
        now = simulation.market.now
        assert now > self.now, "time stands still"
        self.now = now
        self.traded.clear()
        bars = {symbol: found for symbol in simulation.market.symbols if (found := self.bar(symbol, now)) is not None}
        self.last |= {symbol: found.close for symbol, found in bars.items()}
        for one in self.orders.values():
            found = bars.get(one.order.symbol)
            if found is not None and found.volume > 0 and one.status in STEPS:
                one.low, one.high = min(one.low, found.low), max(one.high, found.high)
        self.bars = bars
        self.settle(simulation)

    def settle(self, simulation: Simulation) -> None:
        """Take in what has happened since, at the same time, and compare."""
        events = simulation.journal.events
        for event in events[self.seen :]:
            self.take(event, self.bars)
        self.seen = len(events)
        self.check_working(simulation)
        self.check_books(simulation)

    def take(self, event: object, bars: Mapping[str, Quoted]) -> None:
        match event:
            case Order():
                self.on_order(event, bars)
            case OrderUpdate():
                self.on_update(event, bars)
            case Split():
                self.on_split(event)
            case CashInLieu() | Interest():
                self.cash += event.amount_micros
            case Entitlement():
                assert event.quantity_micros == self.held[event.symbol], "a dividend on shares that are not held"
                self.receivable += event.amount_micros
            case Dividend():
                self.receivable -= event.amount_micros
                self.cash += event.amount_micros

    # --- orders

    def on_order(self, order: Order, bars: Mapping[str, Quoted]) -> None:
        assert order.order_id not in self.orders, "an order id was used twice"
        assert order.created_at == self.now, "an order was decided at another time"
        price, found = self.last.get(order.symbol, 0), bars.get(order.symbol)
        low, high = (found.low, found.high) if found is not None and order.role.protects else (price, price)
        is_smaller = self.groups.get(order.group_id, 0) > 0 or order.good_from is not None
        self.orders[order.order_id] = Watched(order, order.decided, low=low, high=high, is_smaller=is_smaller)
        if order.oco_id is not None:
            self.asked.setdefault(order.oco_id, order.decided.quantity_micros)
            self.groups.setdefault(order.oco_id, 0)

    def on_update(self, update: OrderUpdate, bars: Mapping[str, Quoted]) -> None:
        assert update.timestamp == self.now, "an update of another time"
        assert update.order_id in self.orders, "an update of an order that had ended"
        one = self.orders[update.order_id]
        if update.restated is not None:
            self.restate(one, update.restated, is_split=bars[one.order.symbol].is_split)
            return
        assert update.status in STEPS.get(one.status, set()), f"{one.status} -> {update.status}"
        if (one.status, update.status) == (S.SUBMITTED, S.PENDING_CANCEL):
            assert update.reason == LEAVING, "an exit that was held is given up as it is reached, for one that leaves at market"
        one.status = update.status
        if update.fill is not None:
            self.on_fill(one, update.fill, bars.get(one.order.symbol))
        left = one.terms.quantity_micros - one.filled
        assert (update.status is S.FILLED) == (left == 0), f"{update.status} with {left} left"
        assert update.status is not S.PARTIALLY_FILLED or update.fill is not None, "a part without a fill"

    def restate(self, one: Watched, terms: OrderTerms, *, is_split: bool) -> None:
        assert one.status in STEPS, "an order that had ended was restated"
        assert 0 <= terms.filled_micros < terms.quantity_micros, "restated as more than whole"
        assert is_split or terms.quantity_micros <= one.terms.quantity_micros, "an order grew"
        one.terms, one.filled, one.is_restated = terms, terms.filled_micros, True
        if is_split:
            self.broken.add(one.order.group_id)

    def on_split(self, event: Split) -> None:
        new, old = event.new, event.old
        assert abs(event.held_micros) * old <= abs(self.held[event.symbol]) * new, "a split made shares"
        assert event.held_micros % self.terms.lot == 0, "a split left a part of a lot"
        self.held[event.symbol] = event.held_micros

    # --- fills

    def on_fill(self, one: Watched, fill: Fill, bar: Quoted | None) -> None:
        order = one.order
        assert (fill.order_id, fill.symbol, fill.side, fill.timestamp) == (order.order_id, order.symbol, order.side, self.now), (
            "another's fill"
        )
        assert fill.execution_id not in self.executions, "an execution was reported twice"
        self.executions.add(fill.execution_id)
        left = one.terms.quantity_micros - one.filled
        assert fill.quantity_micros > 0, "an empty fill"
        assert fill.quantity_micros % self.terms.lot == 0 or fill.quantity_micros == left, "a part of a lot"
        one.filled += fill.quantity_micros
        assert one.filled <= one.terms.quantity_micros, "more was filled than was asked for"
        assert bar is not None, "a fill without a bar"
        assert bar.volume > 0, "a fill without volume"
        self.check_time(one, fill)
        self.check_price(one, fill, bar)
        self.traded[fill.symbol] += fill.quantity_micros
        if self.terms.share:
            assert self.traded[fill.symbol] <= self.terms.share * bar.volume * MICRO + 1e-3, "more than the share of the bar's volume"
        self.book(one, fill)
        self.count(order, fill)

    def check_time(self, one: Watched, fill: Fill) -> None:
        order, now = one.order, self.now
        assert order.created_at <= now, "a fill before the order"
        if order.created_at == now:
            # Made along the path of this bar: in reply to another fill, or to a dividend or a split before the open.
            assert order.role.protects or order.oco_id is not None, "a fill on the bar of the decision"
        if order.time_in_force is not TimeInForce.GTC:
            assert self.terms.sessions[now] == self.session_for(one), "a fill outside of the order's session"
        if order.time_in_force in MOMENTS:
            assert one.first in (0, now), "an order of one moment has traded at two"
        assert order.time_in_force is not TimeInForce.FOK or fill.quantity_micros == one.terms.quantity_micros, "a part of all or nothing"
        assert order.time_in_force is not TimeInForce.CLS or now in self.terms.ends, "a closing order before the close"
        one.first = one.first or now

    def session_for(self, one: Watched) -> int:
        """The session an order that does not wait for ever is for."""
        made, force = one.order.created_at, one.order.time_in_force
        return self.terms.sessions[made] + (force is TimeInForce.OPG or (made in self.terms.ends and not one.is_smaller))

    def check_price(self, one: Watched, fill: Fill, bar: Quoted) -> None:
        order, sign = one.order, fill.side.sign
        assert bar.low <= fill.reference_micros <= bar.high, "a price outside of the bar"
        assert sign * (fill.price_micros - fill.reference_micros) >= 0, "slippage helps"
        assert not self.terms.is_costless or fill.price_micros == fill.reference_micros, "slippage where there is none"
        assert fill.fees_micros >= 0, "a negative fee"
        limit = one.terms.limit_micros
        assert limit is None or sign * (fill.price_micros - limit) <= 0, "worse than the limit"
        assert order.time_in_force is not TimeInForce.OPG or fill.reference_micros == bar.open, "an opening order at another price"
        assert order.time_in_force is not TimeInForce.CLS or fill.reference_micros == bar.close, "a closing order at another price"
        if order.order_type in TRIGGERED and not (one.is_restated or one.is_smaller):
            self.check_trigger(one, sign)

    def check_trigger(self, one: Watched, sign: int) -> None:
        """The price an order waited for lies between the extremes it has lived through."""
        worst, best = (one.high, one.low) if sign > 0 else (one.low, one.high)
        if one.order.order_type is not OrderType.TRAILING_STOP:
            assert sign * (worst - (one.terms.stop_micros or 0)) >= 0, "a stop filled before it was triggered"
            return
        trail = one.terms.trail_micros or 0
        away = best * trail / (100 * MICRO) if one.order.trail_type is TrailType.PERCENTAGE else trail
        level = best + sign * away
        reached = one.terms.stop_micros
        nearest = level if reached is None else sign * min(sign * level, sign * reached)
        assert sign * (worst - nearest) >= -1, "a trailing stop filled before its level"

    def book(self, one: Watched, fill: Fill) -> None:
        spent = value(fill.side.sign * fill.quantity_micros, fill.price_micros)
        self.cash -= spent + fill.fees_micros
        self.held[fill.symbol] += fill.side.sign * fill.quantity_micros
        one.spent += abs(spent)
        one.fees += fill.fees_micros
        assert self.terms.shorting or self.held[fill.symbol] >= 0, "a short position where there are none"
        assert self.terms.lends or self.cash >= 0, "cash that is not there was spent"

    def count(self, order: Order, fill: Fill) -> None:
        """Of a group never more than one of its orders asked for."""
        group = order.group_id
        if group in self.groups:
            self.groups[group] += fill.quantity_micros
            assert group in self.broken or self.groups[group] <= self.asked[group], "both of a pair have filled"

    # --- after a slice

    def check_working(self, simulation: Simulation) -> None:
        """Broker, engine and auditor know the same working orders, and none that is over."""
        working = {name: one for name, one in self.orders.items() if one.status in STEPS}
        at_venue = simulation.broker.get_open_orders()
        ours = simulation.engine.desk.blotter.orders
        assert {one.order_id for one in at_venue} == set(ours) == set(working), "working orders"
        for seen in at_venue:
            one = working[seen.order_id]
            own = ours[seen.order_id]
            assert (seen.filled_micros, seen.quantity_micros) == (one.filled, one.terms.quantity_micros), "what an order has filled"
            assert (own.filled_micros, own.leaves_micros) == (seen.filled_micros, seen.leaves_micros), "what an order has filled"
            assert seen.status is own.status is one.status, "the state of an order"
            if seen.time_in_force is not TimeInForce.GTC:
                session = self.terms.sessions[self.now] + (self.now in self.terms.ends)
                assert session <= self.session_for(one), "an order outlived its session"
        for one in self.orders.values():
            assert one.order.status is one.status, "the state of an order"
            assert one.order.filled_micros == one.filled, "what an order has filled"
            assert (one.order.filled_value_micros, one.order.fees_micros) == (one.spent, one.fees), "what an order has cost"
        self.orders = working

    def check_books(self, simulation: Simulation) -> None:
        """Engine, broker and auditor have the same cash, shares and equity; stops guard no more than is held."""
        book, account = simulation.engine.desk.book, simulation.broker.get_account()
        positions = {one.symbol: one.quantity_micros for one in simulation.broker.get_positions()}
        held = {symbol: quantity for symbol, quantity in self.held.items() if quantity}
        ours = {symbol: one.quantity_micros for symbol, one in book.positions.items() if one.quantity_micros}
        assert ours == positions == held, "shares"
        assert book.cash_micros == self.cash == account.cash * MICRO, "cash"
        assert book.receivable_micros == self.receivable, "dividends to come"
        equity = self.cash + self.receivable + sum(value(quantity, self.last[symbol]) for symbol, quantity in held.items())
        assert simulation.engine.desk.valuation.equity() == equity == account.equity * MICRO, "equity"
        guarded: Counter[str] = Counter()
        for one in self.orders.values():
            if one.order.role.value == "stop":
                assert one.order.side.sign * self.held[one.order.symbol] < 0, "a stop that opens"
                guarded[one.order.symbol] += one.terms.quantity_micros - one.filled
        assert all(quantity <= abs(self.held[symbol]) for symbol, quantity in guarded.items()), "more stops than shares"
