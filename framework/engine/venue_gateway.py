"""What the order manager needs of a venue: single requests, each with what is known after it.

A gateway concludes nothing, journals nothing and repeats no request that could make an order: the order manager does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.book import Account
    from framework.domain.market import Quote
    from framework.domain.order import ApprovedOrder
    from framework.domain.venue import Capabilities
    from framework.domain.venue_order import Holdings, LinkCapabilities, Listing, Outcome, VenueOrder


class VenueGateway(Protocol):
    """A venue behind a channel that can fail at any moment.

    Network trouble is a value (``Outcome``, ``Listing.complete``, ``None``), never an exception. Local refusals of the gateway (not armed,
    no token of the rate budget, deadline passed) are NOT_SENT.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the venue accepts."""

    @property
    def link(self) -> LinkCapabilities:
        """What can be relied on between us and the venue."""

    def connect(self) -> None:
        """Open the session; calling it again does nothing.

        Raises:
            BrokerError: It cannot be opened.
        """

    def disconnect(self) -> None:
        """Close the session; calling it again does nothing."""

    def is_connected(self) -> bool:
        """Whether requests can be made now."""

    def send(self, approved: ApprovedOrder, client_id: str, quantity_micros: int, deadline: int) -> Outcome:
        """Ask the venue for an order: ONE request, never repeated inside, whatever happens.

        Args:
            approved: The order with all its terms.
            client_id: The id under which the venue is to know it (a UUID in its usual form); the same for every attempt.
            quantity_micros: What to ask for: what is left of the order, where a part of it has filled before.
            deadline: Monotonic clock, ns: no byte leaves after it.

        Returns:
            ACCEPTED only with a ``report`` that shows what was sent (``rules.outcomes.agrees``); otherwise it is UNKNOWN.
        """

    def cancel(self, venue_order_id: str) -> Outcome:
        """Ask the venue to cancel an order: one request. ACCEPTED is not its end, that is told by a later picture of the order.

        REJECTED: the venue says that it can no longer be canceled.
        """

    def order(self, venue_order_id: str) -> VenueOrder | None:
        """One order as it is now; ``None`` is no information, never "there is none"."""

    def orders(self, since: int) -> Listing:
        """Every order of the account, ours or not, that was created or changed at or after ``since`` (ns UTC), in any state."""

    def positions(self) -> Holdings:
        """Positions of the account, whoever opened them."""

    def account(self) -> Account | None:
        """Cash, equity and buying power; ``None`` is no information."""

    def quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """Current quotes; symbols without one are left out."""
