"""Trades working orders along the path of each new bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.simulated.collar import ceiling, rest
from brokers.simulated.executions import Executions
from brokers.simulated.hours import Hours
from brokers.simulated.lifetime import NEVER, OVER, lifetime
from brokers.simulated.working import Working, working_order
from framework.domain.order import OrderStatus, TimeInForce
from framework.domain.values import MICRO, floor_to_lot, from_micros, to_micros
from framework.rules import fills
from framework.rules.account.splits import split_price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from brokers.simulated.account import VenueAccount
    from brokers.simulated.model import FillModel
    from brokers.simulated.ports import Tell
    from framework.domain.account_event import Split
    from framework.domain.order import Order, OrderTerms
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market


class PathMatching:
    """The working orders of all symbols, and where the market stands while a bar's path is being walked.

    ``bounds(timestamp)`` is the open and close, ns UTC, of the session in which a bar closed, of the next one between sessions.

    Attributes:
        idle_bars: Bars on which an order worked but nothing could trade (no volume), by symbol.
        coarse_bars: Bars on which an order worked and that had no finer bars to walk, where there are any, by symbol.
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
        self._model = model
        self._account = account
        self._bounds = bounds
        self._tell = tell
        self._working: dict[int, list[Working]] = {}
        self._executions = Executions(market, model, account, tell)
        self._hours = Hours(bounds, venue.extended_hours, daily=market.daily)
        self._place: tuple[int, int, int, tuple[int, int, int, int]] | None = None
        self._untraded: set[int] = set()
        #: No working order's time is over before it.
        self._expires = NEVER
        self.idle_bars: dict[str, int] = {}
        self.coarse_bars: dict[str, int] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no order works."""
        return not self._working

    def accept(self, order: Order) -> None:
        """Let ``order`` work from the next bar on, or along the rest of the bar whose path is being walked."""
        row = self._market.row_of(order.symbol)
        now, after = self._market.now, self._hours.after if order.extended_hours else 0
        since = now if order.good_from is None else order.good_from
        starts, expires = lifetime(order.time_in_force, since, self._bounds, self._venue.gtc_days, after)
        work = working_order(order, self.price_now(row), through=self._model.through, starts=starts, expires=expires)
        if self._place is not None and self._place[0] == row:
            _, leg, price, path = self._place
            work.sleeps = not self._hours.admit(order, now)
            work.look_ahead(leg, price, path)
        self._working.setdefault(row, []).append(work)
        self._expires = min(self._expires, expires)

    def level(self, order_id: str, otherwise: int | None) -> int | None:
        """The stop level order ``order_id`` has reached on the path that is being walked; ``otherwise`` when it is not on it."""
        if self._place is None:
            return otherwise
        _, leg, price, path = self._place
        reached = [work.reached(leg, price, path) for work in self._working[self._place[0]] if work.order.order_id == order_id]
        return reached[0] if reached else otherwise

    def open_orders(self, row: int) -> list[Order]:
        """Working orders of ``row``, oldest first."""
        return [work.order for work in self._working.get(row, ()) if work.order.is_open]

    def restate(self, order: Order, terms: OrderTerms, split: Split) -> None:
        """Let a working order go on under ``terms`` after ``split``."""
        (work,) = (work for work in self._working[self._market.row_of(order.symbol)] if work.order is order)
        work.level = terms.stop_micros or 0
        work.measured = split_price(work.measured, split.new, split.old)
        self._tell(order, order.status, split.terms, restated=terms)

    def cancel(self, order: Order, reason: str) -> None:
        """End an order, if it still works."""
        if order.is_open:
            self._tell(order, OrderStatus.CANCELED, reason)

    def begin(self, rows: Sequence[int]) -> None:
        """Bars of ``rows`` have closed; none of them has been traded on yet."""
        self._untraded = set(rows)

    def expire(self, before: int) -> None:
        """End the orders whose time was over before ``before``."""
        if self._expires >= before:
            return
        for works in list(self._working.values()):
            for work in list(works):
                if work.expires < before and work.order.is_open:
                    self._tell(work.order, OrderStatus.EXPIRED, OVER[work.order.time_in_force])
        self._expires = min((work.expires for works in self._working.values() for work in works if work.order.is_open), default=NEVER)

    def trade(self, row: int) -> None:
        """Trade the orders of ``row`` on its bar that has just closed."""
        self._untraded.discard(row)
        if row not in self._working:
            return
        series, index = self._market.series[row], self._market.cursor[row]
        volume = series.volume.item(index)
        if volume > 0.0 and self._is_out_of_reach(row):
            return
        for work in self._working[row]:
            work.sleeps = not self._hours.admit(work.order, self._market.now)
        if volume > 0.0:
            room = 0
            for bar, traded in self._pieces(row, volume):
                room = self._walk(row, bar, self._share(traded))
            self._close_print(row, room)
        else:
            self.idle_bars[series.symbol] = self.idle_bars.get(series.symbol, 0) + 1
            self._end_momentary(row, traded=False)
        self._working[row] = [work for work in self._working[row] if work.order.is_open]
        if not self._working[row]:
            del self._working[row]

    def _is_out_of_reach(self, row: int) -> bool:
        """Whether the last bar of ``row`` stays away from every price its orders wait for, so that nothing of them changes."""
        series, index = self._market.series[row], self._market.cursor[row]
        if series.symbol in self._model.finer:
            return False
        low, high = to_micros(series.low.item(index)), to_micros(series.high.item(index))
        return all(work.waits_beyond(low, high) for work in self._working[row])

    def _pieces(self, row: int, volume: float) -> Iterator[tuple[tuple[int, int, int, int], float]]:
        """What is walked of the last bar, (open, high, low, close) and volume: its finer bars, or itself where there are none.

        The first print is the bar's own open, whatever the finer bars say.
        """
        series, index = self._market.series[row], self._market.cursor[row]
        opened, high, low, close = (to_micros(float(column[index])) for column in (series.open, series.high, series.low, series.close))
        finer = self._model.finer.get(series.symbol)
        pieces = () if finer is None else finer.of(index, self._market.shares(row))
        if not pieces:
            if finer is not None:
                self.coarse_bars[series.symbol] = self.coarse_bars.get(series.symbol, 0) + 1
            yield (opened, high, low, close), volume
        for number, (prices, traded) in enumerate(pieces):
            yield (prices if number else (opened, *prices[1:])), traded

    def _share(self, volume: float) -> int:
        """Micro-shares that may trade where ``volume`` shares did."""
        share = self._model.volume_share
        return floor_to_lot(int(volume * share * MICRO), self._venue.lot_micros) if share > 0.0 else 2**62

    def _walk(self, row: int, bar: tuple[int, int, int, int], room: int) -> int:
        """Trade along the path of ``bar`` until ``room`` micro-shares are used up; returns what is left of them."""
        price = bar[0]
        works = self._working[row]
        # The open print first: it fills what is marketable there, and decides which extreme hurts.
        self._place = (row, 0, price, (price, price, price, price))
        for work in list(works):
            if work.is_due_at_open(self._market.now) and work.at_print(price) and not self._rests(work, price):
                room -= self._fill(work, price, room)
        self._end_momentary(row, traded=True)
        path = (price, *fills.path_order(self._model.path, self._direction(row), bar))
        for work in works:
            work.look_ahead(0, price, path)
        while room > 0:
            coming = self._next_event(works)
            if coming is None:
                break
            self._place = (row, coming.leg, coming.price, path)
            for work in works:
                work.note_trigger(coming.leg, coming.price, path)
            room -= self._fill(coming, coming.price, room)
            coming.price = fills.NO_FILL
        self._place = None
        for work in works:
            work.close_bar()
        return room

    def _end_momentary(self, row: int, *, traded: bool) -> None:
        """End the orders whose moment was the open print; where nothing ``traded`` the opening is still to come."""
        for work in list(self._working[row]):
            force = work.order.time_in_force
            if not work.is_due_at_open(self._market.now) or not force.is_momentary:
                continue
            if force is not TimeInForce.OPG:
                self._tell(work.order, OrderStatus.CANCELED, f"{force} order: the rest was not to be had at once")
            elif traded:
                self._tell(work.order, OrderStatus.EXPIRED, OVER[force])

    def _close_print(self, row: int, room: int) -> None:
        """Trade at the session's close what was to wait for it."""
        price = self._market.price_micros(row)
        for work in list(self._working[row]):
            if work.is_due_at_close(self._market.now) and work.at_print(price):
                room -= self._fill(work, price, room)

    def _direction(self, row: int) -> int:
        """+1 where the low hurts: a long position, or a flat account about to sell short; -1 where the high hurts."""
        held = self._account.book.quantity(self._market.symbols[row])
        if held:
            return 1 if held > 0 else -1
        waiting = (work for work in self._working[row] if work.order.is_open and not work.order.time_in_force.is_momentary)
        first = next(waiting, None)
        return 1 if first is None else -first.order.side.sign

    def _next_event(self, works: list[Working]) -> Working | None:
        coming = [
            (work.leg, work.distance, number) for number, work in enumerate(works) if work.order.is_open and work.price != fills.NO_FILL
        ]
        return works[min(coming)[2]] if coming else None

    def _rests(self, work: Working, price: int) -> bool:
        """Whether ``price`` is beyond the collar of a buy, which then rests there as a limit order."""
        most = ceiling(work, self._venue)
        if most is None or price <= most:
            return False
        reason = f"opened at {from_micros(price)}, beyond its collar: rests as a limit order at {from_micros(most)}"
        self._tell(work.order, work.order.status, reason, restated=rest(work, most))
        return True

    def _fill(self, work: Working, reference: int, room: int) -> int:
        """Trade ``work`` at ``reference`` as far as ``room`` and the account allow; returns the micro-shares traded."""
        order, limit = work.order, work.order.limit_micros
        prices = self._executions.prices(order, reference, ceiling(work, self._venue) if limit is None else limit)
        quantity = min(order.leaves_micros, floor_to_lot(room, self._venue.lot_micros))
        if quantity <= 0 or not self._is_sent(order):
            return 0
        payable = self._account.payable(order, prices, quantity)
        if order.time_in_force is TimeInForce.FOK and payable < order.leaves_micros:
            return 0
        if payable > 0:
            self._executions.book(order, payable, prices(payable), reference)
        if payable < quantity and order.is_open:
            may_open = order.side.sign > 0 or self._venue.shorting
            self._tell(order, OrderStatus.CANCELED, "insufficient_buying_power" if may_open else "short_not_allowed")
        return payable

    def _is_sent(self, order: Order) -> bool:
        """Whether the venue has ``order``; one that was held is sent now that its price has been reached."""
        if order.status is OrderStatus.EMULATED:
            self._tell(order, OrderStatus.SUBMITTED, "its price was reached")
        return order.is_open and order.status is not OrderStatus.SUBMITTED

    def price_now(self, row: int) -> int:
        """The last close; on a bar whose path is being walked the price there, and before that its open: its close is still to come."""
        if self._place is not None and self._place[0] == row:
            return self._place[2]
        if row not in self._untraded:
            return self._market.price_micros(row)
        return to_micros(float(self._market.series[row].open[self._market.cursor[row]]))
