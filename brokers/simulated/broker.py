"""A venue that exists on bars alone: working orders trade along the path of each new bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from brokers.simulated.acceptance import Acceptance
from brokers.simulated.account import VenueAccount
from brokers.simulated.back_matching import BackMatching
from brokers.simulated.custody import DELISTED, Custody
from brokers.simulated.financing import Financing
from brokers.simulated.matching import PathMatching
from framework.domain.endings import BY_REQUEST
from framework.domain.market import Quote
from framework.domain.order import ApprovedOrder, Order, OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO
from framework.errors import BrokerError, MissingDataError, OrderCancellationError
from framework.rules import lifecycle
from framework.rules.account.policy import UNLEVERED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from types import TracebackType

    from brokers.simulated.model import FillModel
    from brokers.simulated.ports import Matching
    from framework.domain.account_event import AccountEvent, Split
    from framework.domain.book import Account, Position
    from framework.domain.fill import Fill
    from framework.domain.order import OrderTerms
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market
    from framework.engine.ports import BrokerListener
    from framework.rules.account.policy import AccountPolicy


class SimulatedBroker:
    """Fills approved orders on bars under a venue's rules.

    ``bounds(timestamp)`` is the open and close, ns UTC, of the session in which a bar closed, of the next one between sessions.
    """

    def __init__(
        self,
        market: Market,
        venue: Capabilities,
        cash_micros: int,
        model: FillModel,
        bounds: Callable[[int], tuple[int, int]],
        policy: AccountPolicy = UNLEVERED,
    ) -> None:
        self._market = market
        self._venue = venue
        self._account = VenueAccount(market, venue, model.fees, cash_micros, policy)
        matching = BackMatching if model.compat else PathMatching
        self._matching: Matching = matching(market, venue, model, self._account, bounds, self._report)
        self._acceptance = Acceptance(market, venue, self._account, self._matching)
        self._custody = Custody(market, venue, self._account, self._matching, self._pass_on)
        self._financing = Financing(market, self._account, policy, self._pass_on) if policy.accrues else None
        self._orders: dict[str, Order] = {}
        self._listener: BrokerListener | None = None
        self._connected = False

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

        One of a symbol that was delisted is rejected, and one the venue's rules refuse. One that is EMULATED is held here instead.

        Raises:
            BrokerError: Not connected, or the order id was used before.
        """
        if not self._connected:
            raise BrokerError("the simulated broker is not connected; call connect() or use it in a with statement")
        if approved.order.order_id in self._orders:
            raise BrokerError(f"order id {approved.order.order_id!r} was used before")
        order = approved.order.snapshot()
        self._orders[order.order_id] = order
        if self._custody.is_delisted(self._market.row_of(order.symbol)):
            self._report(order, OrderStatus.REJECTED, DELISTED)
            return order
        if order.status is not OrderStatus.EMULATED and not self._taken(order, self._acceptance.refusal(order)):
            return order
        self._matching.accept(order)
        return order

    def hold_order(self, order_id: str) -> None:
        """Take a working order from the venue and hold it here.

        Raises:
            BrokerError: There is no such order.
        """
        lifecycle.change(self._known(order_id), OrderStatus.EMULATED, self._market.now)

    def release_order(self, order_id: str) -> None:
        """Send the venue an order that was held here.

        Raises:
            BrokerError: There is no such order.
        """
        order = self._known(order_id)
        if order.status is OrderStatus.EMULATED:
            lifecycle.change(order, OrderStatus.SUBMITTED, self._market.now)
        self._taken(order, self._acceptance.shares_refusal(order))

    def _taken(self, order: Order, refusal: str | None) -> bool:
        """Whether the venue takes ``order``, and tell."""
        if refusal is not None:
            self._report(order, OrderStatus.REJECTED, refusal)
            return False
        self._report(order, OrderStatus.ACCEPTED)
        return True

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
        self._report(order, OrderStatus.CANCELED, BY_REQUEST)
        return True

    def get_order(self, order_id: str) -> Order:
        """The venue's view of one order; a trailing stop shows the level it has reached.

        Raises:
            BrokerError: There is no such order.
        """
        order = self._known(order_id).snapshot()
        order.stop_micros = self._matching.level(order_id, order.stop_micros)
        return order

    def _known(self, order_id: str) -> Order:
        if order_id not in self._orders:
            raise BrokerError(f"order {order_id!r} is not known to the simulated broker")
        return self._orders[order_id]

    def get_open_orders(self) -> list[Order]:
        """All working orders, oldest first."""
        return [order.snapshot() for order in self._orders.values() if order.is_open]

    # --- the account

    def get_positions(self) -> list[Position]:
        """All positions that are not flat, by symbol."""
        return self._account.positions()

    def get_account(self) -> Account:
        """Cash, equity at the last closes, and buying power (no leverage)."""
        return self._account.statement()

    def get_portfolio_value(self) -> Decimal:
        """Cash plus positions at the last closes, dollars."""
        return self.get_account().equity

    def get_quote(self, symbol: str) -> Quote:
        """The last price as bid, ask and last: bars know no spread. While a bar's path is being walked it is the price reached there.

        Raises:
            MissingDataError: No bar of the symbol has closed yet.
        """
        row = self._market.row_of(symbol)
        if self._market.cursor[row] < 0:
            raise MissingDataError(f"{symbol}: no bar has closed yet, so there is no quote")
        price = self._matching.price_now(row) / MICRO
        return Quote(symbol, int(self._market.series[row].timestamp[self._market.cursor[row]]), price, price, price)

    def get_quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """Quotes of the symbols that have one."""
        return {symbol: self.get_quote(symbol) for symbol in symbols if self._market.cursor[self._market.row_of(symbol)] >= 0}

    # --- the market moves

    @property
    def idle_bars(self) -> dict[str, int]:
        """Bars on which an order worked but nothing could trade (no volume), by symbol."""
        return self._matching.idle_bars

    @property
    def coarse_bars(self) -> dict[str, int]:
        """Bars on which an order worked and that had no finer bars to walk, where there are any, by symbol."""
        return self._matching.coarse_bars

    def on_slice(self, rows: Sequence[int]) -> None:
        """Let issuers do what takes effect before the open, then trade working orders, on the bars of ``rows``, which have just closed."""
        if self._financing is not None:
            self._financing.before_trading(rows)
        matching, custody = self._matching, self._custody
        if matching.is_idle and custody.is_quiet():
            return
        matching.begin(rows)
        custody.before_trading(rows)
        matching.expire(self._market.now)
        for row in rows:
            matching.trade(row)
        matching.expire(self._market.now + 1)

    def split_ahead(self, split: Split) -> None:
        """Let shares and orders follow a split that is known before the bar it stands on."""
        self._custody.split_ahead(self._market.row_of(split.symbol), split.new, split.old)

    def _pass_on(self, event: AccountEvent) -> None:
        if self._listener is not None:
            self._listener.on_account(event)

    def _report(
        self, order: Order, status: OrderStatus, reason: str = "", fill: Fill | None = None, restated: OrderTerms | None = None
    ) -> None:
        update = OrderUpdate(order.order_id, self._market.now, status, reason, fill, restated)
        lifecycle.apply(order, update)
        if self._listener is not None:
            self._listener.on_update(update)
