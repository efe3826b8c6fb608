"""What the engine needs from the world: a broker, and somebody who turns the crank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from types import TracebackType

    from framework.domain.account_event import AccountEvent
    from framework.domain.book import Account, Position
    from framework.domain.market import Quote
    from framework.domain.order import ApprovedOrder, Order
    from framework.domain.order_update import OrderUpdate
    from framework.domain.venue import Capabilities


class BrokerListener(Protocol):
    """Who hears what happened at the broker; called once for each event, in order."""

    def on_update(self, update: OrderUpdate) -> None:
        """Hear that an order changed state or traded."""

    def on_account(self, event: AccountEvent) -> None:
        """Hear what happened to the account without a trade."""


@runtime_checkable
class Broker(Protocol):
    """A place orders go. Domain types in and out; it accepts approved orders only.

    ``place_order`` and ``cancel_order`` report through the listener as well: SUBMITTED is ours, every later state comes from the broker.

    An order placed as EMULATED is held by the broker's adapter, unknown to the venue. When its price is reached it is reported as
    SUBMITTED; the listener then makes way for it and calls ``release_order``.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this broker accepts."""

    def connect(self) -> None:
        """Open the session; calling it again does nothing."""

    def disconnect(self) -> None:
        """Close the session; calling it again does nothing."""

    def is_connected(self) -> bool:
        """Whether orders can be placed now."""

    def subscribe(self, listener: BrokerListener) -> None:
        """Send every event to ``listener`` from now on."""

    def place_order(self, approved: ApprovedOrder) -> Order:
        """Place an approved order; returns the broker's view of it.

        Raises:
            BrokerError: Not connected, no answer, or an error of the venue. The order then counts as UNKNOWN until an update says more.
        """

    def hold_order(self, order_id: str) -> None:
        """Take the working order ``order_id`` from the venue and hold it here. Where that takes time, what is sent next waits for it.

        Raises:
            BrokerError: The broker does not know it, or cannot have it back.
        """

    def release_order(self, order_id: str) -> None:
        """Send the venue the order ``order_id`` that was held.

        Raises:
            BrokerError: As for ``place_order``.
        """

    def cancel_order(self, order_id: str) -> bool:
        """Cancel the working order ``order_id``; ``False`` when it had already ended.

        Raises:
            OrderCancellationError: The broker does not know the order.
        """

    def get_order(self, order_id: str) -> Order:
        """The broker's view of the order ``order_id``, ended ones included.

        Raises:
            BrokerError: The broker does not know it.
        """

    def get_open_orders(self) -> list[Order]:
        """All orders that may still fill, oldest first."""

    def get_positions(self) -> list[Position]:
        """All positions that are not flat, by symbol."""

    def get_account(self) -> Account:
        """Cash, equity and buying power."""

    def get_portfolio_value(self) -> Decimal:
        """Cash plus the value of all positions, dollars."""

    def get_quote(self, symbol: str) -> Quote:
        """The current quote of ``symbol``.

        Raises:
            MissingDataError: There is none.
        """

    def get_quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """Current quotes of several symbols; those without one are left out."""

    def __enter__(self) -> Self:
        """Connect."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Disconnect."""


class Driver(Protocol):
    """Who turns the crank: moves the market's cursors, lets the broker work through the new bars, then asks the engine to decide.

    One with a clock calls ``Engine.on_clock`` between bars too.
    """

    @property
    def name(self) -> str:
        """Name in the config and in the summary."""

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Play all slices; ``on_slice(timestamp)`` is called after each decision."""
