"""Fills as backtrader's own broker finds them, in place of a path through the bar: for comparing with runs that were made there.

Its order of things is kept: each step first checks the cash of what came in, then passes once over all orders, oldest first. That an
order may fill on the bar on which it was decided, where its symbol has no newer one, is kept too. docs/compatibility.md lists what is
unlike a market.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brokers.simulated.executions import Executions
from brokers.simulated.lifetime import OVER, lifetime
from brokers.simulated.working import KINDS
from framework.domain.order import OrderStatus, TimeInForce, TrailType
from framework.domain.values import notional, to_micros
from framework.rules import fills
from framework.rules.account.splits import split_price
from framework.rules.back_fills import fill_price

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brokers.simulated.account import VenueAccount
    from brokers.simulated.model import FillModel
    from brokers.simulated.ports import Tell
    from framework.domain.account_event import Split
    from framework.domain.order import Order, OrderTerms
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market


@dataclass(slots=True, eq=False)
class _Resting:
    """An order, the ``price`` at which its cash is checked, and its stop ``level``; ``expires`` in ns UTC."""

    order: Order
    row: int
    kind: int
    price: int
    level: int
    expires: int
    triggered: bool = False


class BackMatching:
    """The working orders of all symbols, oldest first.

    ``bounds(timestamp)`` is the open and close, ns UTC, of the session in which a bar closed, of the next one between sessions.

    Attributes:
        idle_bars: Empty: volume is not asked.
        coarse_bars: Empty: there are no finer bars.
    """

    def __init__(
        self,
        market: Market,
        venue: Capabilities,
        model: FillModel,
        account: VenueAccount,
        bounds: Callable[[int], tuple[int, int]],
        tell: Tell,
    ) -> None:
        self._market = market
        self._venue = venue
        self._account = account
        self._bounds = bounds
        self._tell = tell
        self._executions = Executions(market, model, account, tell)
        self._arrived: list[_Resting] = []
        self._resting: list[_Resting] = []
        self._awaited: set[int] = set()
        self.idle_bars: dict[str, int] = {}
        self.coarse_bars: dict[str, int] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no order works."""
        return not (self._arrived or self._resting)

    def price_now(self, row: int) -> int:
        """The last close: nothing happens inside a bar."""
        return self._market.price_micros(row)

    def accept(self, order: Order) -> None:
        """Let ``order`` work from the next step on."""
        row = self._market.row_of(order.symbol)
        last, kind = self._market.price_micros(row), dict(KINDS)[order.order_type]
        _, expires = lifetime(order.time_in_force, self._market.now, self._bounds, self._venue.gtc_days)
        level = order.stop_micros or 0
        if kind == fills.TRAILING:
            level = order.stop_micros = order.stop_micros or last + order.side.sign * _trail(order, last)
        price = level or order.limit_micros or last
        self._arrived.append(_Resting(order, row, kind, price, level, expires))

    def level(self, order_id: str, otherwise: int | None) -> int | None:  # noqa: ARG002 - nothing happens inside a bar
        """``otherwise``: levels move at the close of a bar only, and are then the order's own."""
        return otherwise

    def open_orders(self, row: int) -> list[Order]:
        """Working orders of ``row``, oldest first."""
        return [one.order for one in (*self._resting, *self._arrived) if one.row == row and one.order.is_open]

    def restate(self, order: Order, terms: OrderTerms, split: Split) -> None:
        """Let a working order go on under ``terms`` after ``split``."""
        (one,) = (one for one in (*self._resting, *self._arrived) if one.order is order)
        one.level = terms.stop_micros or 0
        one.price = one.level or terms.limit_micros or split_price(one.price, split.new, split.old)
        self._tell(order, order.status, split.terms, restated=terms)

    def cancel(self, order: Order, reason: str) -> None:
        """End an order, if it still works."""
        if order.is_open:
            self._tell(order, OrderStatus.CANCELED, reason)

    def begin(self, rows: Sequence[int]) -> None:
        """Bars of ``rows`` have closed."""
        self._awaited = set(rows)

    def expire(self, before: int) -> None:
        """End the orders whose time was over before ``before``."""
        for one in (*self._resting, *self._arrived):
            if one.expires < before and one.order.is_open:
                self._tell(one.order, OrderStatus.EXPIRED, OVER[one.order.time_in_force])

    def trade(self, row: int) -> None:
        """With the last of the rows that have a bar: check what came in, then pass over all orders."""
        self._awaited.discard(row)
        if self._awaited:
            return
        self._check_cash()
        for one in list(self._resting):
            if one.order.is_open:
                self._try(one)
        self._resting = [one for one in self._resting if one.order.is_open]

    def _check_cash(self) -> None:
        """Each order is paid for, in turn, with what those before it would have left; a sale brings money, also of what is not held."""
        cash = self._account.book.cash_micros
        arrived, self._arrived = self._arrived, []
        for one in arrived:
            order, quantity = one.order, one.order.quantity_micros
            if not order.is_open:
                continue
            cash -= order.side.sign * notional(quantity, one.price) + self._account.fees(order, quantity, one.price)
            if order.time_in_force.is_momentary and order.time_in_force is not TimeInForce.CLS:
                self._tell(order, OrderStatus.REJECTED, f"backtrader's broker has no {order.time_in_force} orders")
            elif cash < 0 and order.status is not OrderStatus.EMULATED:
                self._tell(order, OrderStatus.REJECTED, "insufficient_buying_power")
            else:
                self._resting.append(one)

    def _try(self, one: _Resting) -> None:
        series, index = self._market.series[one.row], self._market.cursor[one.row]
        opened, high, low, close = (to_micros(float(column[index])) for column in (series.open, series.high, series.low, series.close))
        is_new, order, bar = int(series.timestamp[index]) > one.order.created_at, one.order, (opened, high, low, close)
        if order.time_in_force is TimeInForce.CLS:
            if is_new and self._market.now == one.expires:
                self._execute(one, close)
            return
        if one.kind == fills.MARKET and not is_new:
            return
        price, one.triggered = fill_price(one.kind, order.side.sign, order.limit_micros or 0, one.level, one.triggered, bar)
        if price != fills.NO_FILL:
            self._execute(one, price)
        if one.kind == fills.TRAILING and order.is_open:
            one.level = fills.ratchet(order.side.sign, one.level, close, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)
            order.stop_micros = one.level

    def _execute(self, one: _Resting, reference: int) -> None:
        """Trade all of an order, or the part that closes a position where there is no money for the part that opens one."""
        order, book, quantity = one.order, self._account.book, one.order.leaves_micros
        if order.status is OrderStatus.EMULATED:
            self._tell(order, OrderStatus.SUBMITTED, "its price was reached")
        if not order.is_open or order.status is OrderStatus.SUBMITTED:
            return
        prices, sign = self._executions.prices(order, reference, order.limit_micros), order.side.sign
        held = book.quantity(order.symbol)
        closing = min(quantity, abs(held)) if held * sign < 0 else 0
        price = prices(quantity)
        left = book.cash_micros - sign * notional(quantity, price) - self._account.fees(order, quantity, price)
        if closing < quantity and (left < 0 or (sign < 0 and not self._venue.shorting)):
            quantity = closing
        if quantity:
            self._executions.book(order, quantity, prices(quantity), reference)
        if order.is_open:
            self._tell(order, OrderStatus.CANCELED, "insufficient_buying_power" if left < 0 else "short_not_allowed")


def _trail(order: Order, price: int) -> int:
    return fills.trail_distance(price, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)
