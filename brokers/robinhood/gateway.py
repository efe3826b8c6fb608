"""Robinhood as the order manager sees it: single requests, each with what is known after it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from brokers.robinhood import reading
from brokers.robinhood.amounts import iso
from brokers.robinhood.history import five_minutes
from brokers.robinhood.instruments import Instruments
from brokers.robinhood.payloads import Addresses, Sight, needs_sight, payload
from brokers.robinhood.reader import Reader
from brokers.robinhood.wire import API
from framework.domain.order import OrderSide, OrderType
from framework.domain.request import Priority
from framework.domain.values import MICRO, to_micros
from framework.domain.venue_order import Holdings, LinkCapabilities, Listing, Outcome, OutcomeKind, VenueOrder
from framework.errors import AuthenticationError, BrokerError, SafetyError, UnsupportedOrderTypeError
from framework.rules.outcomes import agrees, cancel_outcome, submission_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brokers.robinhood.reading import LastTrade
    from brokers.robinhood.replies import Reply
    from brokers.robinhood.session import Session
    from brokers.robinhood.wire import Wire
    from framework.domain.book import Account
    from framework.domain.market import Quote, ShortBar
    from framework.domain.order import ApprovedOrder, Order
    from framework.domain.venue import Capabilities
    from framework.engine.network import Clock, Retry

#: A quote older than this (ns) is no basis for a price.
_FRESH = 10 * 1_000_000_000
#: Symbols in one request for quotes.
_BATCH = 75


class RobinhoodGateway:
    """A ``VenueGateway`` for one account.

    Args:
        wire: To the venue.
        session: Whose token the requests carry.
        account_number: The one account that is traded; every other is refused.
        capabilities: What the venue accepts.
        link: What can be relied on.
        retry: Asks reads again.
        clock: Monotonic.
        alert: Hears of words nobody knows and of other surprises.
    """

    def __init__(
        self,
        wire: Wire,
        session: Session,
        account_number: str,
        capabilities: Capabilities,
        link: LinkCapabilities,
        retry: Retry,
        clock: Clock,
        alert: Callable[[str], object],
    ) -> None:
        self._wire, self._session, self._number = wire, session, account_number
        self._capabilities, self._link = capabilities, link
        self._clock, self._alert = clock, alert
        self._reader = Reader(wire, session, retry)
        self._instruments = Instruments(self._reader.read, clock)
        self._sights: dict[str, tuple[int, Sight]] = {}
        self._halted: set[str] = set()
        self._is_connected = self._is_confirmed = False

    @property
    def capabilities(self) -> Capabilities:
        """What the venue accepts."""
        return self._capabilities

    @property
    def link(self) -> LinkCapabilities:
        """What can be relied on between us and the venue."""
        return self._link

    @property
    def is_confirmed(self) -> bool:
        """Whether the venue has shown the account as ours and as one that may trade."""
        return self._is_confirmed

    def connect(self) -> None:
        """Open the session and make sure of the account.

        Raises:
            AuthenticationError: A person has to log in.
            BrokerError: The venue did not answer.
            SafetyError: The account is not ours, or may not trade.
        """
        if self._is_connected:
            return
        self._wire.open()
        with ExitStack() as undo:
            undo.callback(self._wire.close)
            self._session.start()
            self._confirm()
            undo.pop_all()
        self._is_connected = True

    def _confirm(self) -> None:
        reply = self._reader.read(f"/accounts/{self._number}/", {}, Priority.STATUS)
        if reply.status == 401:
            raise AuthenticationError("Robinhood does not accept the session; run `onetape login`")
        if reply.status in (403, 404):
            raise SafetyError("the account in the config is not one of this login; check ROBINHOOD_ACCOUNT_NUMBER")
        if not reply.is_good:
            raise BrokerError(f"Robinhood did not show the account: {reply.reason}")
        shown = reply.fields
        if shown.get("account_number") != self._number:
            raise SafetyError("Robinhood showed another account than the config's; nothing is traded")
        barred = [name for name in ("deactivated", "locked", "equity_trading_lock") if shown.get(name) not in (None, False, "")]
        if barred:
            raise SafetyError(f"the account may not trade: {', '.join(barred)}; see the Robinhood app")
        self._is_confirmed = True

    def disconnect(self) -> None:
        """Close the session; calling it again does nothing."""
        if self._is_connected:
            self._is_connected = self._is_confirmed = False
            self._wire.close()

    def is_connected(self) -> bool:
        """Whether requests can be made now."""
        return self._is_connected and self._session.is_active

    # Orders

    def send(self, approved: ApprovedOrder, client_id: str, quantity_micros: int, deadline: int) -> Outcome:
        """Ask for an order: one POST, never repeated; see ``engine.venue_gateway``."""
        order = approved.order
        try:
            form = self._form(order, client_id, quantity_micros)
        except (UnsupportedOrderTypeError, BrokerError) as error:
            return Outcome(OutcomeKind.NOT_SENT, reason=str(error))
        patience = max(0.0, (deadline - self._clock.now_ns()) / 1e9)
        reply = self._wire.post("/orders/", _priority(order), json=form, patience=patience, deadline=deadline)
        report = self._readable(reply.fields, order.symbol) if reply.is_good else None
        same = report is not None and agrees(report, order, client_id, quantity_micros)
        kind = submission_outcome(reply.stage, reply.status, reply.body, "ref_id", reply.hint is not None, same)
        return self._outcome(kind, reply, report if same else None)

    def _form(self, order: Order, client_id: str, quantity_micros: int) -> Mapping[str, Any]:
        instrument = self._instruments.of_symbol(order.symbol, _priority(order))
        if instrument is None:
            raise BrokerError(f"{order.symbol}: Robinhood did not name its instrument; nothing was sent")
        if not instrument.is_tradable and order.side is OrderSide.BUY:
            raise UnsupportedOrderTypeError(f"{order.symbol} cannot be bought at Robinhood now")
        if quantity_micros % MICRO and not instrument.takes_parts and order.side is OrderSide.BUY:
            raise UnsupportedOrderTypeError(f"{order.symbol}: Robinhood sells whole shares of it only; nothing was sent")
        if instrument.is_over_the_counter and order.order_type is OrderType.MARKET:
            raise UnsupportedOrderTypeError(f"{order.symbol} trades over the counter: Robinhood takes limit orders only")
        if order.side is OrderSide.BUY and order.symbol in self._halted:
            raise UnsupportedOrderTypeError(f"trading in {order.symbol} is halted; nothing is bought until it is quoted again")
        sight = self._sight(order.symbol) if needs_sight(order) else None
        addresses = Addresses(f"{API}/accounts/{self._number}/", instrument.url)
        return payload(order, client_id, quantity_micros, addresses, self._capabilities, sight)

    def _sight(self, symbol: str) -> Sight | None:
        """The quote of a moment ago, or a new one."""
        kept = self._sights.get(symbol)
        if kept is None or self._clock.now_ns() - kept[0] > _FRESH:
            self.quotes([symbol])
            kept = self._sights.get(symbol)
        return kept[1] if kept is not None and self._clock.now_ns() - kept[0] <= _FRESH else None

    def cancel(self, venue_order_id: str) -> Outcome:
        """Ask for a cancel: one request; see ``engine.venue_gateway``."""
        reply = self._wire.post(f"/orders/{venue_order_id}/cancel/", Priority.CANCEL)
        kind = cancel_outcome(reply.stage, reply.status, reply.body, reply.hint is not None)
        return self._outcome(kind, reply, None)

    def _outcome(self, kind: OutcomeKind, reply: Reply, report: VenueOrder | None) -> Outcome:
        if kind is OutcomeKind.NOT_AUTHENTICATED:
            self._session.refused()
        return Outcome(kind, report, reply.reason, None if reply.hint is None else reply.hint.seconds)

    def order(self, venue_order_id: str) -> VenueOrder | None:
        """One order as it is now; ``None`` is no information."""
        reply = self._reader.read(f"/orders/{venue_order_id}/", {}, Priority.STATUS)
        found = self._order_shown(reply.fields) if reply.is_good else None
        return found if found is not None and found.venue_order_id == venue_order_id else None

    def orders(self, since: int) -> Listing:
        """Every order of the account that changed at or after ``since``; all of them, or a listing that says it is not complete."""
        rows = self._reader.rows("/orders/", {"account_numbers": self._number, "updated_at[gte]": iso(since)}, Priority.STATUS)
        found: dict[str, VenueOrder] = {}
        reason = rows.reason
        for row in rows.rows:
            one = self._order_shown(row)
            if one is None:
                reason = reason or "an order in it cannot be read"
            elif one.venue_order_id not in found or found[one.venue_order_id].updated_at <= one.updated_at:
                found[one.venue_order_id] = one
        return Listing(tuple(found.values()), not reason, reason)

    def _order_shown(self, shown: Mapping[str, Any]) -> VenueOrder | None:
        account = str(shown.get("account", "")).rstrip("/").rsplit("/", 1)[-1]
        symbol = self._instruments.symbol_of(str(shown.get("instrument_id")))
        return self._readable(shown, symbol) if symbol is not None and account == self._number else None

    def _readable(self, shown: Mapping[str, Any], symbol: str) -> VenueOrder | None:
        try:
            one = reading.venue_order(shown, symbol)
        except ValueError as error:
            self._alert(f"{symbol}: {error}")
            return None
        if one.status is None:
            self._alert(f"{symbol}: order {one.venue_order_id} is {one.word!r}, a word nobody knows; it counts as working")
        return one

    # The account and the market

    def positions(self) -> Holdings:
        """Positions of the account, whoever opened them."""
        rows = self._reader.rows("/positions/", {"nonzero": "true", "account_number": self._number}, Priority.STATUS)
        found, reason = [], rows.reason
        for row in rows.rows:
            try:
                symbol = row.get("symbol") or self._instruments.symbol_of(str(row.get("instrument_id")))
                one = reading.position(row, str(symbol)) if symbol else None
            except ValueError as error:
                one = None
                self._alert(f"a position that cannot be read: {error}")
            if one is None:
                reason = reason or "a position in it cannot be read"
            elif one.quantity_micros:
                found.append(one)
        return Holdings(tuple(found), not reason, reason)

    def account(self) -> Account | None:
        """Cash, equity and buying power; ``None`` is no information."""
        shown = self._reader.read(f"/accounts/{self._number}/", {}, Priority.STATUS)
        worth = self._reader.read(f"/portfolios/{self._number}/", {}, Priority.STATUS)
        if not (shown.is_good and worth.is_good):
            return None
        try:
            found = reading.account(shown.fields, worth.fields)
        except ValueError as error:
            self._alert(f"the account cannot be read: {error}")
            return None
        return found if found.account_number == self._number else None

    def quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """Current quotes, in as few requests as can be; symbols without one that can be traded on are left out."""
        found: dict[str, Quote] = {}
        for start in range(0, len(symbols), _BATCH):
            reply = self._reader.read("/quotes/", {"symbols": ",".join(symbols[start : start + _BATCH])}, Priority.DATA)
            rows = reply.fields.get("results")
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict):
                    self._see(row, symbols, found)
        return found

    def _see(self, row: Mapping[str, Any], symbols: Sequence[str], found: dict[str, Quote]) -> None:
        if row.get("trading_halted") is True:
            self._halted.add(str(row.get("symbol")))
        one = reading.quote(row)
        if one is not None and one.symbol in symbols:
            found[one.symbol] = one
            self._sights[one.symbol] = (self._clock.now_ns(), _sight(one))
            self._halted.discard(one.symbol)

    def last_trades(self, symbols: Sequence[str]) -> list[LastTrade]:
        """The last trade of each of ``symbols`` that has one.

        Raises:
            BrokerError: The venue did not answer.
        """
        found = []
        for start in range(0, len(symbols), _BATCH):
            reply = self._reader.read("/quotes/", {"symbols": ",".join(symbols[start : start + _BATCH])}, Priority.DATA)
            rows = reply.fields.get("results")
            if not reply.is_good or not isinstance(rows, list):
                raise BrokerError(f"Robinhood gave no quotes: {reply.reason or 'the answer cannot be read'}")
            trades = [reading.last_trade(row) for row in rows if isinstance(row, dict)]
            found += [one for one in trades if one is not None and one.symbol in symbols]
        return found

    def five_minutes(self, symbols: Sequence[str], now: int) -> dict[str, list[ShortBar]]:
        """Bars of five minutes of the last week that had closed ``now``, ns UTC.

        Raises:
            DataError: The venue did not answer, or not in a form that can be read.
        """
        return five_minutes(self._reader, symbols, now)

    def day_volumes(self, symbols: Sequence[str]) -> dict[str, float]:
        """Shares traded since the open; symbols of which it is not known are left out."""
        found: dict[str, float] = {}
        for start in range(0, len(symbols), _BATCH):
            reply = self._reader.read("/fundamentals/", {"symbols": ",".join(symbols[start : start + _BATCH])}, Priority.DATA)
            rows = reply.fields.get("results")
            for row in rows if isinstance(rows, list) else ():
                volume = reading.day_volume(row) if isinstance(row, dict) else None
                if volume is not None and row.get("symbol") in symbols:
                    found[row["symbol"]] = volume
        return found


def _priority(order: Order) -> Priority:
    """Sales close positions here, where nothing is sold short."""
    return Priority.ENTRY if order.side is OrderSide.BUY and not order.role.protects else Priority.PROTECTION


def _sight(quote: Quote) -> Sight:
    return Sight(to_micros(quote.bid), to_micros(quote.ask), to_micros(quote.last), quote.timestamp)
