"""What the order manager knows: every order that may still trade, what of it is where, and what each strategy's orders have traded.

Only ``fold`` writes it, from events of the tape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.book import Book
from framework.domain.order import OrderStatus
from framework.rules.executions import Known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framework.domain.order import Order, OrderType


class Phase(StrEnum):
    """How far one sending of an order got."""

    PLANNED = "planned"  # not sent; it may be
    NOT_SENT = "not_sent"  # a request was made and is known not to have arrived
    UNKNOWN = "unknown"  # a request was made; the venue may have it
    BOUND = "bound"  # the venue has it, and it may fill
    ENDED = "ended"  # nothing of it can fill


#: Phases in which the venue may have it.
AT_VENUE = frozenset({Phase.UNKNOWN, Phase.BOUND})
#: Phases in which nobody but us knows of it.
HERE = frozenset({Phase.PLANNED, Phase.NOT_SENT})


@dataclass(slots=True)
class Leg:
    """One sending of an order; an order that was held goes to the venue again in a new one.

    Attributes:
        ref: Our id of it at the venue.
        asked_micros: Shares asked for; ``order_type`` as sent, which differs from the order's once it was triggered.
        deadline: Not sent after it, ns UTC.
        dispatches: Requests that were made; ``may_be_there``: one before the last may have arrived.
        first_sent_at, sent_at: When the first and the last of them was made, ns UTC.
        venue_order_id: The venue's id, once bound.
        known: What of it has traded.
        word: The venue's last word for its state.
        cancel_wanted: It is to be taken back; ``is_canceling``: the venue shows that it is about to be.
        cancels: Requests for that.
        latency_ns: From the request to the answer that bound it.
    """

    ref: str
    asked_micros: int
    order_type: OrderType
    deadline: int
    phase: Phase = Phase.PLANNED
    dispatches: int = 0
    first_sent_at: int = 0
    sent_at: int = 0
    venue_order_id: str | None = None
    known: Known = field(default_factory=lambda: Known({}))
    word: str = ""
    cancel_wanted: bool = False
    is_canceling: bool = False
    cancels: int = 0
    latency_ns: int = 0
    may_be_there: bool = False

    @property
    def leaves_micros(self) -> int:
        """Shares that may still trade at the venue."""
        return max(self.asked_micros - self.known.booked_micros, 0) if self.phase in AT_VENUE else 0

    @property
    def is_unsettled(self) -> bool:
        """Whether it is not known what of it will trade: its answer, or that of its cancel, is awaited."""
        return self.phase is Phase.UNKNOWN or (self.phase is Phase.BOUND and self.cancel_wanted)


@dataclass(slots=True)
class Tracked:
    """An order and its legs, oldest first.

    ``ended_at`` is 0 while it is open, ``was_given_up`` after a tombstone. ``replaces`` is the order whose place it takes, and what that
    one had filled when this was decided, micro-shares. ``level`` is what a held trailing stop has reached, micro-dollars.
    """

    order: Order
    legs: list[Leg] = field(default_factory=list)
    replaces: tuple[str, int] | None = None
    ended_at: int = 0
    was_given_up: bool = False
    level: int | None = None

    @property
    def leg(self) -> Leg | None:
        """The last leg."""
        return self.legs[-1] if self.legs else None

    @property
    def is_held(self) -> bool:
        """Whether it is held by us, or being taken back."""
        return self.order.status is OrderStatus.EMULATED


class Payment(NamedTuple):
    """Money that is to come for shares: ``quantity_micros`` and ``amount_micros`` are ours, ``others_micros`` dollars are not.

    ``pay_day`` is days since 1970. What a fraction of a share brings, ``is_in_lieu``, is not known before it is paid.
    """

    symbol: str
    quantity_micros: int
    amount_micros: int
    others_micros: int
    pay_day: int
    is_in_lieu: bool


@dataclass(slots=True)
class OrderBooks:
    """All that is folded.

    Attributes:
        tracked: By order id, oldest first: open orders, and ended ones that are still listened to.
        refs: Order id by our id at the venue.
        venue_ids: Our id by the venue's.
        open: Ids of the orders that may still trade.
        ledgers: What each strategy's orders have traded, from no cash and no shares.
        shares: Micro-shares of all strategies, by symbol; none that are 0.
        baseline: Micro-shares at the venue that are not ours, by symbol; ``None`` before the first reconciliation.
        cash: Micro-dollars of the account that are not of our trades; ``None`` before the first look.
        incidents: (code, subject) -> effect, of those that are not over.
        applied: Since when the last split, and the last dividend, of a symbol holds that was booked, ns UTC, by "split AAPL".
        payments: Money that is to come, by what it is for.
        reconciled_at: When the last listing was asked for that showed everything, ns UTC.
    """

    tracked: dict[str, Tracked] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    venue_ids: dict[str, str] = field(default_factory=dict)
    open: dict[str, None] = field(default_factory=dict)
    ledgers: dict[str, Book] = field(default_factory=dict)
    shares: dict[str, int] = field(default_factory=dict)
    baseline: dict[str, int] | None = None
    cash: int | None = None
    incidents: dict[tuple[str, str], str] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    reconciled_at: int = 0

    def by_ref(self, ref: str) -> tuple[Tracked, Leg]:
        """The order and leg that the venue knows under ``ref``."""
        tracked = self.tracked[self.refs[ref]]
        return tracked, next(leg for leg in tracked.legs if leg.ref == ref)

    def find(self, venue_order_id: str, client_id: str | None) -> tuple[Tracked, Leg] | None:
        """The order and leg of a picture; ``None`` for one that is not ours, or not listened to any more."""
        ref = self.venue_ids.get(venue_order_id) or client_id
        return None if ref is None or ref not in self.refs else self.by_ref(ref)

    def working(self) -> Iterator[Tracked]:
        """Orders that may still trade, oldest first."""
        for order_id in list(self.open):
            tracked = self.tracked.get(order_id)
            if tracked is not None:
                yield tracked

    def others(self, tracked: Tracked) -> Iterator[tuple[Tracked, Leg]]:
        """Legs at the venue of the same symbol and side, older ones of the same order included."""
        order = tracked.order
        for other in self.working():
            if other.order.symbol == order.symbol and other.order.side is order.side:
                for leg in other.legs:
                    if leg.phase in AT_VENUE and leg is not tracked.leg:
                        yield other, leg

    def ledger_of(self, symbol: str) -> Book:
        """The ledger that holds ``symbol``: one engine trades on a tape."""
        return next((one for one in self.ledgers.values() if one.quantity(symbol)), None) or next(iter(self.ledgers.values()), Book(0))

    def ledger(self, strategy: str) -> Book:
        """What the orders of ``strategy`` have traded."""
        return self.ledgers.setdefault(strategy, Book(0))
