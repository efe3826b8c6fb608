"""Trades working orders along the path of each new bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from brokers.simulated.working import Working, working_order
from framework.domain.fill import Fill
from framework.domain.order import OrderStatus
from framework.domain.values import MICRO, floor_to_lot, to_micros
from framework.rules import fills, lifecycle
from framework.rules.costs import slipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brokers.simulated.account import VenueAccount
    from brokers.simulated.model import FillModel
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market


class Tell(Protocol):
    """How the matching reports what became of an order."""

    def __call__(self, order: Order, status: OrderStatus, reason: str = "", fill: Fill | None = None) -> None:
        """Report that ``order`` is now ``status``."""


class PathMatching:
    """The working orders of all symbols, and where the market stands while a bar's path is being walked.

    ``session_close(timestamp)`` is the end, ns UTC, of the session in which a bar closed; day orders work until then.

    Attributes:
        idle_bars: Bars on which an order worked but nothing could trade (no volume), by symbol.
    """

    def __init__(
        self,
        market: Market,
        venue: Capabilities,
        model: FillModel,
        account: VenueAccount,
        session_close: Callable[[int], int],
        tell: Tell,
    ) -> None:
        self._market = market
        self._venue = venue
        self._model = model
        self._account = account
        self._session_close = session_close
        self._tell = tell
        self._working: dict[int, list[Working]] = {}
        self._executions = 0
        self._place: tuple[int, int, int, tuple[int, int, int, int]] | None = None
        self._untraded: set[int] = set()
        self.idle_bars: dict[str, int] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no order works."""
        return not self._working

    def accept(self, order: Order) -> None:
        """Let ``order`` work from the next bar on, or along the rest of the bar whose path is being walked."""
        row = self._market.row_of(order.symbol)
        work = working_order(order, self._price_now(row), through=self._model.through)
        if self._place is not None and self._place[0] == row:
            _, leg, price, path = self._place
            work.look_ahead(leg, price, path)
        self._working.setdefault(row, []).append(work)

    def level(self, order_id: str, otherwise: int | None) -> int | None:
        """The stop level order ``order_id`` has reached on the path that is being walked; ``otherwise`` when it is not on it."""
        if self._place is None:
            return otherwise
        _, leg, price, path = self._place
        reached = [work.reached(leg, price, path) for work in self._working[self._place[0]] if work.order.order_id == order_id]
        return reached[0] if reached else otherwise

    def begin(self, rows: Sequence[int]) -> None:
        """Bars of ``rows`` have closed; none of them has been traded on yet."""
        self._untraded = set(rows)

    def expire(self, before: int) -> None:
        """End the day orders whose session closed before ``before``."""
        for works in list(self._working.values()):
            for work in works:
                if work.expires < before and work.order.is_open:
                    self._tell(work.order, OrderStatus.EXPIRED, "day order at the end of its session")

    def trade(self, row: int) -> None:
        """Trade the orders of ``row`` on its bar that has just closed."""
        self._untraded.discard(row)
        if row not in self._working:
            return
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
        held = self._account.book.quantity(self._market.symbols[row])
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
        payable = self._account.payable(order, price, quantity)
        if payable > 0:
            self._book_fill(order, payable, price, reference)
        if payable < quantity and order.is_open:
            self._tell(order, OrderStatus.CANCELED, "insufficient_buying_power" if order.side.sign > 0 else "short_not_allowed")
        return payable

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
        self._account.post(fill)
        self._tell(order, lifecycle.status_after_fill(order, quantity), fill=fill)

    def _price_now(self, row: int) -> int:
        """The last close; on a bar whose path is being walked the price there, and before that its open: its close is still to come."""
        if self._place is not None and self._place[0] == row:
            return self._place[2]
        if row not in self._untraded:
            return self._market.price_micros(row)
        return to_micros(float(self._market.series[row].open[self._market.cursor[row]]))
