"""A venue that exists on bars alone: working orders trade along the path of each new bar.

It keeps its own account through the same ledger rule as ours, so that the two can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from brokers.simulated.working import Working, working_order
from framework.domain.book import Account, Book, Position
from framework.domain.fill import Dividend, Fill
from framework.domain.market import Quote
from framework.domain.order import ApprovedOrder, Order, OrderStatus, OrderUpdate
from framework.domain.values import MICRO, floor_to_lot, from_micros, notional, to_micros
from framework.errors import BrokerError, MissingDataError, OrderCancellationError
from framework.rules import fills, ledger, lifecycle
from framework.rules.costs import FeeSchedule, slipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from types import TracebackType

    from framework.domain.venue import Capabilities
    from framework.engine.market import Market
    from framework.engine.ports import BrokerListener


@dataclass(frozen=True, slots=True)
class FillModel:
    """How bars become fills.

    ``path`` is one of the modes in ``rules.fills``; ``volume_share`` 0 lifts the cap; slippage in millionths (1 bp = 100).
    """

    path: int = fills.PESSIMISTIC
    through: bool = False
    volume_share: float = 0.10
    slippage_micros: int = 0
    fees: FeeSchedule = field(default_factory=FeeSchedule)


class SimulatedBroker:
    """Fills approved orders on bars under a venue's rules.

    ``session_close(timestamp)`` is the end, ns UTC, of the session in which a bar closed; day orders work until then.

    Attributes:
        idle_bars: Bars on which an order worked but nothing could trade (no volume), by symbol.
    """

    def __init__(
        self, market: Market, venue: Capabilities, cash_micros: int, model: FillModel, session_close: Callable[[int], int]
    ) -> None:
        self._market = market
        self._venue = venue
        self._model = model
        self._session_close = session_close
        self._book = Book(cash_micros)
        self._orders: dict[str, Order] = {}
        self._working: dict[int, list[Working]] = {}
        self._listener: BrokerListener | None = None
        self._connected = False
        self._executions = 0
        self._place: tuple[int, int, int, tuple[int, int, int, int]] | None = None
        self._untraded: set[int] = set()
        self.idle_bars: dict[str, int] = {}

    # --- the session

    @property
    def capabilities(self) -> Capabilities:
        """What the imitated venue accepts."""
        return self._venue

    def connect(self) -> None:
        """Open the session."""
        self._connected = True

    def disconnect(self) -> None:
        """Close the session; working orders stay as they are."""
        self._connected = False

    def is_connected(self) -> bool:
        """Whether orders can be placed."""
        return self._connected

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Disconnect."""
        self.disconnect()

    def subscribe(self, listener: BrokerListener) -> None:
        """Send every event to ``listener``."""
        self._listener = listener

    # --- orders

    def place_order(self, approved: ApprovedOrder) -> Order:
        """Accept an order; it works from the next bar on, or along the rest of the bar whose path is being walked.

        Raises:
            BrokerError: Not connected, or the order id was used before.
        """
        if not self._connected:
            raise BrokerError("the simulated broker is not connected; call connect() or use it in a with statement")
        if approved.order.order_id in self._orders:
            raise BrokerError(f"order id {approved.order.order_id!r} was used before")
        order = approved.order.snapshot()
        self._orders[order.order_id] = order
        row = self._market.row_of(order.symbol)
        self._report(order, OrderStatus.ACCEPTED)
        work = working_order(order, self._price_now(row), through=self._model.through)
        if self._place is not None and self._place[0] == row:
            _, leg, price, path = self._place
            work.look_ahead(leg, price, path)
        self._working.setdefault(row, []).append(work)
        return order

    def cancel_order(self, order_id: str) -> bool:
        """Cancel a working order at once; ``False`` when it had ended.

        Raises:
            OrderCancellationError: There is no such order.
        """
        if order_id not in self._orders:
            raise OrderCancellationError(f"order {order_id!r} is not known to the simulated broker")
        order = self._orders[order_id]
        if not order.is_open:
            return False
        self._end(order, OrderStatus.CANCELED, "canceled by request")
        return True

    def get_order(self, order_id: str) -> Order:
        """The venue's view of one order; a trailing stop shows the level it has reached.

        Raises:
            BrokerError: There is no such order.
        """
        if order_id not in self._orders:
            raise BrokerError(f"order {order_id!r} is not known to the simulated broker")
        order = self._orders[order_id].snapshot()
        if self._place is not None:
            _, leg, price, path = self._place
            reached = [work.reached(leg, price, path) for work in self._working[self._place[0]] if work.order.order_id == order_id]
            order.stop_micros = reached[0] if reached else order.stop_micros
        return order

    def get_open_orders(self) -> list[Order]:
        """All working orders, oldest first."""
        return [order.snapshot() for order in self._orders.values() if order.is_open]

    # --- the account

    def get_positions(self) -> list[Position]:
        """All positions that are not flat, by symbol."""
        held = sorted(symbol for symbol, position in self._book.positions.items() if position.quantity_micros)
        positions = [self._book.positions[symbol] for symbol in held]
        return [Position(one.symbol, one.quantity_micros, one.cost_micros, one.realized_micros) for one in positions]

    def get_account(self) -> Account:
        """Cash, equity at the last closes, and buying power (no leverage)."""
        values = [self._value(position) for position in self._book.positions.values()]
        equity = self._book.cash_micros + sum(values)
        power = equity - sum(abs(value) for value in values)
        return Account("SIMULATED", from_micros(self._book.cash_micros), from_micros(equity), from_micros(max(power, 0)))

    def get_portfolio_value(self) -> Decimal:
        """Cash plus positions at the last closes, dollars."""
        return self.get_account().equity

    def get_quote(self, symbol: str) -> Quote:
        """The last close as bid, ask and last: bars know no spread.

        Raises:
            MissingDataError: No bar of the symbol has closed yet.
        """
        row = self._market.row_of(symbol)
        if self._market.cursor[row] < 0:
            raise MissingDataError(f"{symbol}: no bar has closed yet, so there is no quote")
        index = self._market.cursor[row]
        price = float(self._market.series[row].close[index])
        return Quote(symbol, int(self._market.series[row].timestamp[index]), price, price, price)

    def get_quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """Quotes of the symbols that have one."""
        return {symbol: self.get_quote(symbol) for symbol in symbols if self._market.cursor[self._market.row_of(symbol)] >= 0}

    def _price_now(self, row: int) -> int:
        """The last close; on a bar whose path is being walked the price there, and before that its open: its close is still to come."""
        if self._place is not None and self._place[0] == row:
            return self._place[2]
        if row not in self._untraded:
            return self._market.price_micros(row)
        return to_micros(float(self._market.series[row].open[self._market.cursor[row]]))

    def _value(self, position: Position) -> int:
        return notional(position.quantity_micros, self._market.price_micros(self._market.row_of(position.symbol)))

    # --- the market moves

    def on_slice(self, rows: Sequence[int]) -> None:
        """Pay dividends and trade working orders on the bars of ``rows``, which have just closed."""
        if not self._working and not self._book.positions:
            return
        self._untraded = set(rows)
        for row in rows:
            self._pay_dividend(row)
        self._expire(self._market.now)
        for row in rows:
            self._untraded.discard(row)
            if row in self._working:
                self._trade(row)
        self._expire(self._market.now + 1)

    def _expire(self, before: int) -> None:
        """End the day orders whose session closed before ``before``."""
        for works in list(self._working.values()):
            for work in works:
                if work.expires < before and work.order.is_open:
                    self._end(work.order, OrderStatus.EXPIRED, "day order at the end of its session")

    def _pay_dividend(self, row: int) -> None:
        series = self._market.series[row]
        amount = float(series.dividend[self._market.cursor[row]])
        quantity = self._book.quantity(series.symbol)
        if amount and quantity:
            dividend = Dividend(self._market.now, series.symbol, quantity, notional(quantity, to_micros(amount)))
            ledger.post_dividend(self._book, dividend)
            if self._listener is not None:
                self._listener.on_dividend(dividend)

    def _trade(self, row: int) -> None:
        series, index = self._market.series[row], self._market.cursor[row]
        for work in self._working[row]:
            if work.is_unseen_day_order:
                work.expires = self._session_close(self._market.now)
        volume = float(series.volume[index])
        if volume > 0.0:
            prices = (series.open, series.high, series.low, series.close)
            self._walk(row, tuple(to_micros(float(column[index])) for column in prices), volume)
        else:
            self.idle_bars[series.symbol] = self.idle_bars.get(series.symbol, 0) + 1
        self._working[row] = [work for work in self._working[row] if work.order.is_open]
        if not self._working[row]:
            del self._working[row]

    def _walk(self, row: int, bar: tuple[int, ...], volume: float) -> None:
        price, high, low, close = bar
        share = self._model.volume_share
        room = floor_to_lot(int(volume * share * MICRO), self._venue.lot_micros) if share > 0.0 else 2**62
        works = self._working[row]
        # The open print first: it fills what is marketable there, and decides which extreme hurts.
        self._place = (row, 0, price, (price, price, price, price))
        for work in list(works):
            if work.order.is_open and work.at_open(price):
                room -= self._fill(work, price, room)
        path = (price, *fills.path_order(self._model.path, self._direction(row), (price, high, low, close)))
        for work in works:
            work.look_ahead(0, price, path)
        while room > 0:
            coming = self._next_event(works)
            if coming is None:
                break
            self._place = (row, coming.leg, coming.price, path)
            room -= self._fill(coming, coming.price, room)
            coming.price = fills.NO_FILL
        self._place = None
        for work in works:
            work.close_bar()

    def _direction(self, row: int) -> int:
        """+1 where the low hurts: a long position, or a flat account about to sell short; -1 where the high hurts."""
        held = self._book.quantity(self._market.symbols[row])
        if held:
            return 1 if held > 0 else -1
        first = next((work for work in self._working[row] if work.order.is_open), None)
        return 1 if first is None else -first.order.side.sign

    def _next_event(self, works: list[Working]) -> Working | None:
        coming = [
            (work.leg, work.distance, number) for number, work in enumerate(works) if work.order.is_open and work.price != fills.NO_FILL
        ]
        return works[min(coming)[2]] if coming else None

    def _fill(self, work: Working, reference: int, room: int) -> int:
        """Trade ``work`` at ``reference`` as far as ``room`` and the account allow; returns the micro-shares traded."""
        order = work.order
        price = work.bounded(slipped(reference, order.side.sign, self._model.slippage_micros))
        quantity = min(order.leaves_micros, floor_to_lot(room, self._venue.lot_micros))
        if quantity <= 0:
            return 0
        payable = self._payable(order, price, quantity)
        if payable > 0:
            self._book_fill(order, payable, price, reference)
        if payable < quantity and order.is_open:
            self._end(order, OrderStatus.CANCELED, "insufficient_buying_power" if order.side.sign > 0 else "short_not_allowed")
        return payable

    def _payable(self, order: Order, price: int, quantity: int) -> int:
        """What the account can settle of ``quantity``: shares that are there to be sold, cash that is there to buy with."""
        held = self._book.quantity(order.symbol)
        closing = min(quantity, abs(held)) if held * order.side.sign < 0 else 0
        opening = quantity - closing
        if opening == 0:
            return quantity
        if order.side.sign < 0:
            return quantity if self._venue.shorting else closing
        fees, cash = self._model.fees, self._book.cash_micros
        if notional(quantity, price) + fees.fees(quantity, price) > cash:
            # Covering a short is always settled; what opens is paid from what that leaves.
            spare = cash - notional(closing, price) - fees.fees(closing, price)
            opening = min(opening, self._affordable(price, spare))
        return closing + opening

    def _affordable(self, price: int, cash: int) -> int:
        """The most micro-shares, on the venue's lot, that ``cash`` micro-dollars pay for at ``price``, fees included."""
        fees, lot = self._model.fees, self._venue.lot_micros
        each = price * (MICRO + fees.rate_micros) + fees.per_share_micros * MICRO
        quantity = floor_to_lot(max(cash, 0) * MICRO**2 // each, lot)
        # Value and fees are each rounded to a micro-dollar, against us.
        while quantity > 0 and notional(quantity, price) + fees.fees(quantity, price) > cash:
            quantity -= lot
        return quantity

    def _book_fill(self, order: Order, quantity: int, price: int, reference: int) -> None:
        self._executions += 1
        fill = Fill(
            execution_id=f"SIM-{self._executions}",
            order_id=order.order_id,
            timestamp=self._market.now,
            symbol=order.symbol,
            side=order.side,
            quantity_micros=quantity,
            price_micros=price,
            reference_micros=reference,
            fees_micros=self._model.fees.fees(quantity, price),
            tag=order.tag,
            strategy=order.strategy,
        )
        ledger.post_fill(self._book, fill)
        self._report(order, lifecycle.status_after_fill(order, quantity), fill=fill)

    def _end(self, order: Order, status: OrderStatus, reason: str) -> None:
        self._report(order, status, reason)

    def _report(self, order: Order, status: OrderStatus, reason: str = "", fill: Fill | None = None) -> None:
        update = OrderUpdate(order.order_id, self._market.now, status, reason, fill)
        lifecycle.apply(order, update)
        if self._listener is not None:
            self._listener.on_update(update)
