"""What a venue answers, shows and lists: facts as they came, before anything is concluded from them.

Numbers are micros (1 = 1e-6 dollars or shares), times ns UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import notional

if TYPE_CHECKING:
    from framework.domain.book import Position
    from framework.domain.order import OrderSide, OrderStatus, OrderType, TimeInForce, TrailType


class OutcomeKind(StrEnum):
    """What is known after one request of ours; ``rules.outcomes`` decides which it is."""

    ACCEPTED = "accepted"  # the venue has it
    REJECTED = "rejected"  # the venue said no, in a form we know
    FORBIDDEN = "forbidden"  # it said no to us, not to the order: the account may not, and the next order would be refused too
    EXISTS = "exists"  # the venue has had this client id before: the order is there, and is to be found
    NOT_SENT = "not_sent"  # no byte has left
    THROTTLED = "throttled"  # refused for its rate, not accepted
    NOT_AUTHENTICATED = "not_authenticated"  # refused for its session, not accepted
    UNKNOWN = "unknown"  # anything else: it may have been accepted or not

    @property
    def was_refused_unseen(self) -> bool:
        """Whether the venue cannot have the order, though it did not say no to the order itself."""
        return self in {OutcomeKind.NOT_SENT, OutcomeKind.THROTTLED, OutcomeKind.NOT_AUTHENTICATED}


class Execution(NamedTuple):
    """Shares of an order that changed hands, under the venue's id."""

    execution_id: str
    quantity_micros: int
    price_micros: int
    timestamp: int
    fees_micros: int = 0

    @property
    def value_micros(self) -> int:
        """Micro-dollars, fees not included."""
        return notional(self.quantity_micros, self.price_micros)


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """One order as a venue showed it at one moment; an older picture of it may come after a newer one.

    Attributes:
        venue_order_id: The venue's id of it.
        client_id: Echo of the id we sent, ``None`` where the venue shows none.
        symbol, side, quantity_micros, order_type, limit_micros, stop_micros, trail_micros, trail_type, time_in_force: Its terms as the
            venue works them. ``trail_micros`` is in micro-percent or micro-dollars, as in ``Order``.
        status: ``word`` in our vocabulary; ``None`` for one that is not known, which counts as working.
        word: The venue's own word for its state.
        cumulative_micros: Shares filled; it may lead or lag ``executions``.
        average_micros: Mean price of them, rounded by the venue; ``None`` before the first.
        executions: Each once, in any order; may lag ``cumulative_micros``.
        created_at, updated_at: By the venue's clock.
        reason: Why it was rejected or canceled, in the venue's words.
    """

    venue_order_id: str
    client_id: str | None
    symbol: str
    side: OrderSide
    quantity_micros: int
    order_type: OrderType
    limit_micros: int | None
    stop_micros: int | None
    trail_micros: int | None
    trail_type: TrailType | None
    time_in_force: TimeInForce
    status: OrderStatus | None
    word: str
    cumulative_micros: int
    average_micros: int | None
    executions: tuple[Execution, ...]
    created_at: int
    updated_at: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one request.

    Attributes:
        kind: What is known.
        report: The order as the answer showed it, if it did.
        reason: In words, without secrets.
        retry_after_seconds: How long the venue asked us to wait, capped.
    """

    kind: OutcomeKind
    report: VenueOrder | None = None
    reason: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Orders a venue listed. One that is not ``complete`` says nothing of orders that are missing from it; ``reason`` is why."""

    orders: tuple[VenueOrder, ...]
    complete: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Positions a venue listed, those that are not flat; ``complete`` and ``reason`` as in ``Listing``."""

    positions: tuple[Position, ...]
    complete: bool
    reason: str = ""


class Dedupe(StrEnum):
    """Whether a venue takes an order once only when it is sent twice under the same client id."""

    PROVEN = "proven"  # a probe of this account has shown it
    ASSUMED = "assumed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class LinkCapabilities:
    """What can be relied on between us and a venue; set by probes and by the operator, not by hope.

    Attributes:
        dedupe: Only PROVEN allows an order to be sent again after its answer was lost.
        dedupe_window_seconds: How long the venue remembers a client id.
        echoes_client_id: Whether listings and single orders show the client id.
        listing_lag_seconds: How long an accepted order may be missing from a complete listing.
        exclusive_account: Whether nobody and nothing else trades the account.
    """

    dedupe: Dedupe = Dedupe.ASSUMED
    dedupe_window_seconds: float = 0.0
    echoes_client_id: bool = True
    listing_lag_seconds: float = 60.0
    exclusive_account: bool = False
