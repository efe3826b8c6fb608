"""A venue that does what a test tells it to, and misleads in every way a venue has been seen to mislead."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from framework.domain.book import Account, Position
from framework.domain.market import Quote
from framework.domain.order import OrderStatus
from framework.domain.values import from_micros, to_micros
from framework.domain.venue import venue
from framework.domain.venue_order import Dedupe, Holdings, LinkCapabilities, Listing, Outcome, OutcomeKind, VenueOrder
from tests.venue.truth import TrueOrder, Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.order import ApprovedOrder, Order
    from framework.domain.venue import Capabilities

K = OutcomeKind
S = OrderStatus


class Fault(StrEnum):
    """What the next request of a kind meets; ``none`` lets one through."""

    NONE = "none"
    # sending and canceling
    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    NOT_AUTHENTICATED = "not_authenticated"
    REJECTED = "rejected"
    FORBIDDEN = "forbidden"  # the account is restricted
    LOST_BEFORE = "lost_before"  # the request never arrives
    LOST_AFTER = "lost_after"  # it arrives, the answer does not
    ZOMBIE = "zombie"  # no answer, and the request arrives later
    SWAPPED = "swapped"  # the answer shows another order
    TWICE = "twice"  # somebody on the way sends it twice
    RAISES = "raises"  # the gateway itself breaks
    # sending
    REJECTED_LATER = "rejected_later"
    FILLED_AT_ONCE = "filled_at_once"
    # canceling
    FILLED_BEFORE = "filled_before"  # the last fill wins the race
    PART_FILLED_BEFORE = "part_filled_before"
    FROZEN = "frozen"  # the cancel is taken and nothing happens for a while
    # listing
    FAILED = "failed"  # no information
    FIRST_PAGE = "first_page"  # the first half, and no error but the flag
    REORDERED = "reordered"
    DUPLICATED = "duplicated"
    STALE = "stale"  # pictures that were true once
    WITHOUT_EXECUTIONS = "without_executions"


class BrokenError(Exception):
    """The gateway has a bug."""


@dataclass
class ScriptedVenue:
    """A ``VenueGateway``. ``faults`` holds what the next requests of each kind meet; an empty row is a good day.

    Attributes:
        truth: The book.
        link: What the manager is told to rely on; the venue de-duplicates where it says PROVEN.
        lag: Listings do not show orders younger than so many seconds.
        zombies: Requests that will arrive later.
        requests: How often each kind of request was made.
    """

    truth: Truth = field(default_factory=Truth)
    link: LinkCapabilities = field(
        default_factory=lambda: LinkCapabilities(Dedupe.ABSENT, 0.0, echoes_client_id=True, listing_lag_seconds=1.0)
    )
    lag: float = 0.0
    fee: int = 0
    prices: dict[str, float] = field(default_factory=lambda: {"AAPL": 100.0, "MSFT": 50.0})
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    zombies: list[tuple[Order, str, int]] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    frozen: list[TrueOrder] = field(default_factory=list)
    connected: bool = True

    @property
    def capabilities(self) -> Capabilities:
        return replace(venue("generic"), shorting=False, reserves_shares=self.truth.holds)

    def script(self, kind: str, *faults: Fault) -> None:
        """The next requests of ``kind`` (send, cancel, orders, order, positions) meet ``faults``."""
        self.faults.setdefault(kind, deque()).extend(faults)

    def connect(self) -> None:
        self.connected = True

    def disconnect(self) -> None:
        self.connected = False

    def is_connected(self) -> bool:
        return self.connected

    def _next(self, kind: str) -> Fault:
        self.requests[kind] = self.requests.get(kind, 0) + 1
        row = self.faults.get(kind)
        return row.popleft() if row else Fault.NONE

    # --- orders

    def send(self, approved: ApprovedOrder, client_id: str, quantity_micros: int, deadline: int) -> Outcome:
        assert deadline > 0
        fault, order = self._next("send"), approved.order
        refused = _refused(fault)
        if refused is not None:
            return refused
        if fault in (Fault.LOST_BEFORE, Fault.ZOMBIE):
            if fault is Fault.ZOMBIE:
                self.zombies.append((order.snapshot(), client_id, quantity_micros))
            return Outcome(K.UNKNOWN, reason="read timed out")
        outcome = self._arrive(order, client_id, quantity_micros)
        if fault is Fault.TWICE:
            outcome = self._arrive(order, client_id, quantity_micros)
        one = self.truth.by_client_id(client_id)
        assert one is not None
        if fault is Fault.REJECTED_LATER and one.is_open:
            self.truth.set_status(one, S.REJECTED, reason="risk check")
        if fault is Fault.FILLED_AT_ONCE and one.is_open:
            self.truth.fill(one, one.left, order.limit_micros or to_micros(self.prices[order.symbol]), self.fee)
        return self._answered(fault, outcome)

    def _answered(self, fault: Fault, outcome: Outcome) -> Outcome:
        if fault is Fault.RAISES:
            raise BrokenError
        if fault is Fault.LOST_AFTER:
            return Outcome(K.UNKNOWN, reason="read timed out")
        if fault is Fault.SWAPPED and outcome.report is not None:
            return replace(outcome, report=replace(outcome.report, venue_order_id="v0", symbol="OTHER"))
        return outcome

    def _arrive(self, order: Order, client_id: str, quantity: int) -> Outcome:
        known = self.truth.by_client_id(client_id)
        if known is not None and self.link.dedupe is Dedupe.PROVEN:
            self.truth.arrivals[client_id] += 1
            return Outcome(K.EXISTS, reason="Order with this ref_id already exists.")
        one = self.truth.accept(order, client_id, quantity)
        return Outcome(K.ACCEPTED, self._shown(one.history[0]))

    def wake_zombies(self) -> None:
        """The requests that wandered in the network arrive."""
        for order, client_id, quantity in self.zombies:
            self._arrive(order, client_id, quantity)
        self.zombies.clear()

    def cancel(self, venue_order_id: str) -> Outcome:
        fault, one = self._next("cancel"), self.truth.orders[venue_order_id]
        refused = _refused(fault)
        if refused is not None:
            return refused
        if fault in (Fault.LOST_BEFORE, Fault.ZOMBIE):
            return Outcome(K.UNKNOWN, reason="read timed out")
        if one.is_open and fault in (Fault.FILLED_BEFORE, Fault.PART_FILLED_BEFORE):
            part = one.left if fault is Fault.FILLED_BEFORE else max(one.left // 2, 1)
            self.truth.fill(one, part, one.now.limit_micros or to_micros(self.prices[one.now.symbol]), self.fee)
        if not one.is_open:
            return Outcome(K.REJECTED, reason="it can no longer be canceled")
        if fault is Fault.FROZEN:
            self.truth.set_status(one, S.PENDING_CANCEL)
            self.frozen.append(one)
        else:
            self.truth.set_status(one, S.CANCELED)
        return self._answered(fault, Outcome(K.ACCEPTED))

    def thaw(self) -> None:
        """Cancels that were frozen take effect."""
        for one in self.frozen:
            if one.is_open:
                self.truth.set_status(one, S.CANCELED)
        self.frozen.clear()

    # --- what it shows

    def order(self, venue_order_id: str) -> VenueOrder | None:
        fault, one = self._next("order"), self.truth.orders.get(venue_order_id)
        if fault is Fault.RAISES:
            raise BrokenError
        if fault is Fault.FAILED or one is None:
            return None
        return self._shown(_picture(fault, one))

    def orders(self, since: int) -> Listing:
        fault = self._next("orders")
        if fault is Fault.FAILED:
            return Listing((), complete=False, reason="503")
        if fault is Fault.RAISES:
            raise BrokenError
        newest = max(self.truth.time, self.truth.clock.now()) - round(self.lag * 1e9)
        seen = [one for one in self.truth.changed_since(since) if one.now.created_at <= newest]
        rows = [self._shown(_picture(fault, one)) for one in seen]
        if fault is Fault.FIRST_PAGE:
            return Listing(tuple(rows[: len(rows) // 2]), complete=False, reason="page 2 failed")
        if fault is Fault.REORDERED:
            rows.reverse()
        if fault is Fault.DUPLICATED:
            rows += rows
        return Listing(tuple(rows), complete=True)

    def _shown(self, picture: VenueOrder) -> VenueOrder:
        return picture if self.link.echoes_client_id else replace(picture, client_id=None)

    def positions(self) -> Holdings:
        fault = self._next("positions")
        if fault is Fault.RAISES:
            raise BrokenError
        if fault is Fault.FAILED:
            return Holdings((), complete=False, reason="503")
        return Holdings(tuple(Position(symbol, count) for symbol, count in sorted(self.truth.shares.items()) if count), complete=True)

    def account(self) -> Account | None:
        if self._next("account") is Fault.FAILED:
            return None
        cash = from_micros(self.truth.cash)
        return Account("A1", cash, cash, cash)

    def quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        if self._next("quotes") is Fault.RAISES:
            raise BrokenError
        return {name: Quote(name, 1, self.prices[name], self.prices[name], self.prices[name]) for name in symbols if name in self.prices}


def _picture(fault: Fault, one: TrueOrder) -> VenueOrder:
    if fault is Fault.STALE:
        return one.history[len(one.history) // 2]
    return replace(one.now, executions=()) if fault is Fault.WITHOUT_EXECUTIONS else one.now


def _refused(fault: Fault) -> Outcome | None:
    known = {
        Fault.NOT_SENT: Outcome(K.NOT_SENT, reason="connection refused"),
        Fault.THROTTLED: Outcome(K.THROTTLED, reason="throttled", retry_after_seconds=3.0),
        Fault.NOT_AUTHENTICATED: Outcome(K.NOT_AUTHENTICATED, reason="401"),
        Fault.REJECTED: Outcome(K.REJECTED, reason="no"),
        Fault.FORBIDDEN: Outcome(K.FORBIDDEN, reason="Your account is restricted."),
    }
    return known.get(fault)
