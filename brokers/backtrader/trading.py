"""Orders of a backtrader strategy on their way to the desk, and what became of them on the way back.

There is one way: ``Desk.order`` and ``Desk.submit``. What the desk refuses ends as Margin or Rejected, with the code in
``order.info.reason``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import backtrader as bt

from brokers.backtrader.brackets import Brackets
from brokers.backtrader.tickets import Ticket, end, is_day_order, kind_of, on_ticks, shares, terms_of
from framework.domain.fill import Fill
from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType
from framework.domain.values import MICRO, from_micros, rounded_quotient
from framework.engine.contingencies import OCO, remade
from framework.engine.guarded import ExitPlan
from framework.rules.orders import new_order, positive_micros

if TYPE_CHECKING:
    from collections.abc import Collection

    from brokers.backtrader.holdings import Holdings
    from framework.domain.account_event import Delisted
    from framework.domain.order import Order
    from framework.domain.order_update import OrderUpdate
    from framework.engine.desk import Desk

#: Reasons for which backtrader says Margin; for all others it says Rejected, or Canceled once an order has worked.
_NO_MONEY = frozenset({"insufficient_buying_power", "unsettled_cash"})
_ENDINGS = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})
#: An entry whose own children leave it needs no stop of the config's.
_OWN_EXITS = ExitPlan()
_EXPIRED = "valid no longer"


class Trading:
    """The tickets of a run.

    ``exact`` keeps to what backtrader's own broker does: brackets outlive their position, and day orders end by the bar's date.

    Attributes:
        holdings: The positions.
        notices: What Cerebro is to be told, oldest first; one clone of an order for each event.
        stamp: Close of the bar being traded, as backtrader counts time.
        refuses: Why orders of the strategy are not taken just now; empty while they are.
    """

    def __init__(self, desk: Desk, name: str, holdings: Holdings, *, exact: bool) -> None:
        self._desk = desk
        self._name = name
        self.holdings = holdings
        self._exact = exact
        self._brackets = Brackets(self, follows_position=not exact)
        self._tickets: dict[int, Ticket] = {}
        self._by_id: dict[str, Ticket] = {}
        self._shrinking: list[Ticket] = []
        self._fresh: set[int] = set()
        self._ended: dict[int, int] = {}
        self._untransmitted: dict[int, list[Ticket]] = {}
        self._last: dict[str, Any] = {}
        self.notices: deque[Any] = deque()
        self.stamp = 0.0
        self.refuses = ""

    # --- what the strategy asks for

    def take(self, order: Any, symbol: str, valid: object, oco: Any) -> None:
        """Send ``order`` (a fresh ``bt.BuyOrder`` or ``bt.SellOrder``), or keep it until the last one of its bracket transmits them."""
        side = OrderSide.BUY if order.isbuy() else OrderSide.SELL
        ticket = Ticket(order, symbol, side, positive_micros(abs(order.size), "size", symbol), kind_of(order))
        ticket.ends_with_day = is_day_order(valid) and not self._exact
        if not (ticket.ends_with_day or (self._exact and order.exectype == bt.Order.Market)):
            ticket.expires = order.valid or None
        self._tickets[order.ref] = ticket
        self._fresh.add(order.ref)
        if self.refuses:
            self._refuse(ticket, self.refuses)
            return
        other = None if oco is None else self._tickets.get(oco.ref)
        ticket.group = [] if other is None else other.group
        ticket.group.append(ticket)
        if order.parent is not None and not self._adopted(ticket):
            return
        first = order.ref if order.parent is None else order.parent.ref
        self._untransmitted.setdefault(first, []).append(ticket)
        if order.transmit:
            for one in self._untransmitted.pop(first):
                self._send(one)

    def _adopted(self, child: Ticket) -> bool:
        parent = self._tickets.get(child.order.parent.ref)
        if parent is None:
            self._refuse(child, "its parent order has ended")
            return False
        self._brackets.link(child, parent)
        return True

    def _send(self, ticket: Ticket) -> None:
        if not ticket.is_alive:
            return
        ticket.order.submit()
        self._tell(ticket)
        if ticket.parent is None:
            self.place(ticket, ticket.quantity)
        elif ticket.parent.is_alive:
            self._accept(ticket)
            self._brackets.on_fill(ticket.parent)
        else:
            self._refuse(ticket, "its parent order was refused")

    def cancel_by_strategy(self, order: Any) -> bool:
        """Cancel ``order`` and what is linked with it; ``False`` when it had ended.

        backtrader's broker cannot cancel what it has not looked at yet.
        """
        ticket = self._tickets.get(order.ref)
        if ticket is None or self.refuses or (self._exact and order.ref in self._fresh):
            return False
        self.cancel(ticket, "strategy")
        return True

    def expire(self, symbols: Collection[str]) -> None:
        """End what was valid until a moment that has passed; ``symbols`` have a new bar."""
        self._fresh.clear()
        for ticket in list(self._tickets.values()):
            is_due = ticket.expires is not None and self.stamp > ticket.expires
            if is_due and ticket.is_alive and (not self._exact or ticket.symbol in symbols) and self._withdraw(ticket, _EXPIRED):
                self._lost(ticket, bt.Order.Expired, _EXPIRED)

    def show_trails(self) -> None:
        """Let strategies watch trailing stops: the order they hold shows the level that was reached."""
        for ticket in self._tickets.values():
            working = ticket.working
            if ticket.kind is OrderType.TRAILING_STOP and working is not None:
                reached = self._desk.broker.get_order(working.order_id).stop_micros
                ticket.order.created.price = ticket.order.created.price if reached is None else reached / MICRO

    def open_orders(self) -> list[Any]:
        """The live orders that may still fill, oldest first."""
        return [ticket.order for ticket in self._tickets.values()]

    def orderstatus(self, order: Any) -> int:
        """Status of ``order``, of which a clone may be given."""
        ticket = self._tickets.get(order.ref)
        return int(self._ended.get(order.ref, order.status) if ticket is None else ticket.order.status)

    # --- to the desk

    def held(self, symbol: str) -> int:
        """Micro-shares held, signed."""
        return self._desk.book.quantity(symbol)

    def place(self, ticket: Ticket, quantity: int) -> None:
        """Let ``quantity`` micro-shares of ``ticket`` work."""
        desk, tag = self._desk, ticket.order.info.get("tag")
        terms = on_ticks(terms_of(ticket), ticket.side, desk.broker.capabilities)
        if ticket.parent is not None and quantity <= -self.held(ticket.symbol) * ticket.side.sign:
            role = OrderRole.STOP if ticket.stops else OrderRole.TAKE_PROFIT
            parent_id = None if ticket.parent.sent is None else ticket.parent.sent.order_id
            order_id = desk.next_id(ticket.symbol, ticket.side)
            order = new_order(order_id, desk.market.now, ticket.symbol, ticket.side, from_micros(quantity), self._name, tag, **terms)
            self._note_sent(ticket, desk.submit(replace(order, role=role, parent_id=parent_id, reason=role.value), None))
            return
        plan = _OWN_EXITS if any(child.stops for child in ticket.children) else None
        partner = next((other.sent for other in ticket.group if other is not ticket and other.sent is not None), None)
        self._note_sent(ticket, desk.order(ticket.symbol, ticket.side, from_micros(quantity), tag, plan, partner, **terms))

    def resize(self, ticket: Ticket, quantity: int) -> None:
        """Let ``quantity`` micro-shares of ``ticket`` work in place of what does; a level or a trigger that was reached is kept."""
        working, desk = ticket.working, self._desk
        if working is None:
            return
        seen = desk.broker.get_order(working.order_id)
        self._withdraw(ticket, "resized")
        if quantity:
            again = remade(seen, desk.next_id(ticket.symbol, ticket.side), quantity, desk.market.now)
            self._note_sent(ticket, desk.submit(again, None))

    def _note_sent(self, ticket: Ticket, sent: Order) -> None:
        if not sent.is_open:
            self._refuse(ticket, sent.changes[-1].reason)
            return
        ticket.sent = sent
        self._by_id[sent.order_id] = ticket
        self._accept(ticket)

    def cancel(self, ticket: Ticket, reason: str) -> None:
        """End ``ticket``, and what is linked with it; nothing if that has ended it already."""
        if not ticket.is_alive or not self._withdraw(ticket, reason):
            return
        self._end(ticket, bt.Order.Canceled, reason)
        self._unlink(ticket)

    def _withdraw(self, ticket: Ticket, reason: str) -> bool:
        """Take back what works for ``ticket``; ``False`` where the venue has still to say that it is gone: it may fill before."""
        working = ticket.working
        if working is None:
            return True
        if working.status is not OrderStatus.PENDING_CANCEL:
            self._by_id.pop(working.order_id, None)  # what a venue says of it at once concerns nobody any more
            self._desk.cancel(working.order_id, reason)
        if working.is_open:
            self._by_id[working.order_id] = ticket
        return not working.is_open

    def _unlink(self, ticket: Ticket) -> None:
        """``ticket`` has ended before it was filled: so do the others of its group."""
        for other in ticket.group:
            self.cancel(other, OCO)
        self._brackets.on_end(ticket)

    # --- back from the venue

    def hear(self, update: OrderUpdate) -> None:
        """Pass on what became of an order, after the desk has booked it."""
        ticket = self._by_id.get(update.order_id)
        if update.fill is not None:
            self._fill(ticket or self._foreign(update.order_id, update.fill), update.fill)
        elif ticket is None:
            self._adopt(update.order_id)
        elif update.status in _ENDINGS:
            del self._by_id[update.order_id]
            if ticket.sent is not None and ticket.sent.order_id != update.order_id:
                return  # another one was sent in its place
            reason = _reason(ticket, update)
            if reason == OCO:
                self._shrinking.append(ticket)
            else:
                self._lost(ticket, _status(update, reason), reason)

    def settle(self) -> None:
        """All of an event has been heard: orders of a group that were canceled and not sent again have ended."""
        shrinking, self._shrinking = self._shrinking, []
        for ticket in shrinking:
            if ticket.is_alive:
                self._end(ticket, bt.Order.Canceled, OCO)  # and not the one that has filled
                self._brackets.on_end(ticket)

    def _adopt(self, order_id: str) -> None:
        """The desk lets less of an order work, because another of its group has filled in part: what it sent again is the same order."""
        sent = self._desk.blotter.orders.get(order_id)
        if sent is None or sent.oco_id is None:
            return
        for ticket in self._shrinking:
            if ticket.sent is not None and ticket.sent.group_id == sent.oco_id and ticket.side is sent.side:
                self._shrinking.remove(ticket)
                ticket.sent = sent
                self._by_id[order_id] = ticket
                return

    def _fill(self, ticket: Ticket, fill: Fill) -> None:
        ticket.filled += fill.quantity_micros
        if ticket.working is None:
            self._by_id.pop(fill.order_id, None)
        # backtrader's broker dates a fill by the bar it was found on, which may be an old one of the symbol.
        stamp = ticket.order.data.lines.datetime[0] if self._exact else self.stamp
        self.holdings.book(ticket, fill, self.held(fill.symbol), stamp)
        self._last[fill.symbol] = ticket.order
        self._tell(ticket)
        if not ticket.is_alive:
            self._forget(ticket)
            for other in ticket.group:
                self.cancel(other, OCO)
        self._brackets.on_fill(ticket)

    def _lost(self, ticket: Ticket, status: int, reason: str) -> None:
        self._end(ticket, status, reason)
        self._unlink(ticket)

    def on_delisting(self, event: Delisted) -> None:
        """The shares are gone and paid for: to Cerebro, a trade nobody asked for."""
        side, quantity = (OrderSide.SELL if event.quantity_micros > 0 else OrderSide.BUY), abs(event.quantity_micros)
        price = rounded_quotient(abs(event.amount_micros) * MICRO, quantity)
        fill = Fill("", "", event.timestamp, event.symbol, side, quantity, price, price, 0)
        self._fill(self._outsider(fill, quantity, OrderType.MARKET, "delisted", OrderRole.EXPLICIT), fill)

    def _foreign(self, order_id: str, fill: Fill) -> Ticket:
        """An order that [stops] or a circuit breaker sent."""
        native = self._desk.broker.get_order(order_id)
        ticket = self._outsider(fill, native.quantity_micros, native.order_type, native.reason, native.role)
        ticket.sent = native
        self._by_id[order_id] = ticket
        return ticket

    def _outsider(self, fill: Fill, quantity: int, kind: OrderType, reason: str, role: OrderRole) -> Ticket:
        """What the strategy did not order, in the shape of an order of the strategy that opened the position."""
        opener = self._last[fill.symbol]
        shape = bt.BuyOrder if fill.side is OrderSide.BUY else bt.SellOrder
        order = shape(owner=opener.owner, data=opener.data, size=shares(quantity), tradeid=opener.tradeid)
        order.addinfo(reason=reason, role=role.value)
        order.accept()
        return Ticket(order, fill.symbol, fill.side, quantity, kind)

    # --- what Cerebro is told

    def _accept(self, ticket: Ticket) -> None:
        if ticket.order.status != bt.Order.Submitted:
            return
        ticket.order.accept()
        self._tell(ticket)

    def _refuse(self, ticket: Ticket, reason: str) -> None:
        self._end(ticket, bt.Order.Margin if reason in _NO_MONEY else bt.Order.Rejected, reason)

    def _end(self, ticket: Ticket, status: int, reason: str) -> None:
        order = ticket.order
        end(order, status)
        order.executed.dt = self.stamp
        order.addinfo(reason=reason)
        self._forget(ticket)
        self._tell(ticket)

    def _forget(self, ticket: Ticket) -> None:
        self._tickets.pop(ticket.order.ref, None)
        self._ended[ticket.order.ref] = ticket.order.status

    def _tell(self, ticket: Ticket) -> None:
        # Trades are made from what the clone counts as new: exactly one for each event.
        self.notices.append(ticket.order.clone())


def _reason(ticket: Ticket, update: OrderUpdate) -> str:
    """Why an order ended: where the desk asked for it, as the desk says."""
    before = ticket.sent.changes[-2:-1] if ticket.sent is not None else []
    return next((change.reason for change in before if change.status is OrderStatus.PENDING_CANCEL), update.reason)


def _status(update: OrderUpdate, reason: str) -> int:
    if update.reason in _NO_MONEY:
        status = bt.Order.Margin
    elif update.status is OrderStatus.EXPIRED or reason == _EXPIRED:
        status = bt.Order.Expired
    else:
        status = bt.Order.Canceled if update.status is OrderStatus.CANCELED else bt.Order.Rejected
    return int(status)
