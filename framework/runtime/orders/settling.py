"""Where is an order whose answer was lost? It is asked for until it is found. That it is not found proves nothing for a long time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderStatus, TimeInForce
from framework.domain.order_update import OrderUpdate
from framework.domain.venue_order import Dedupe
from framework.runtime.orders import events
from framework.runtime.orders.books import Phase
from framework.runtime.orders.incidents import Code, Effect, Incident, cleared, is_frozen
from framework.runtime.orders.policy import SECOND
from framework.runtime.orders.shares import stopped
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.venue_order import Listing, VenueOrder
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.books import Leg, Tracked
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder
    from framework.runtime.orders.sending import Sending

_TERMS = ("symbol", "side", "order_type", "limit_micros", "stop_micros")


class Settling:
    """Settles what is UNKNOWN, by the first that applies.

    1. The venue shows our id: it is bound (``Looking`` does that), whatever was concluded before.
    2. The venue shows no ids: the one order with these terms and of that time is it, if nobody else trades the account.
    3. Sending again under the same id is safe where a probe has proven it, for a part of the time that was proven; not what is wanted back.
    4. A day order that opens, was never listed, and whose session is over, is given up; it is listened to for a week more.
    5. Otherwise it is parked: a person has to look.

    ``session_end(timestamp)`` is when the session of an order made at ``timestamp`` has ended, ns UTC.
    """

    def __init__(
        self,
        recorder: Recorder,
        gateway: VenueGateway,
        clock: Clock,
        policy: OrderPolicy,
        sending: Sending,
        session_end: Callable[[int], int],
    ) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._policy = policy
        self._sending = sending
        self._session_end = session_end
        self._absences: dict[str, int] = {}

    def bind(self, tracked: Tracked, leg: Leg, shown: VenueOrder) -> None:
        """``shown`` carries the id of ``leg``; one that was given up before is adopted, and canceled."""
        was_over = leg.phase is Phase.ENDED
        self._sending.bind(tracked, leg, shown)
        self._absences.pop(leg.ref, None)
        order_id, now = tracked.order.order_id, self._clock.now()
        if was_over:
            detail = f"{shown.venue_order_id} is {order_id}, which was taken for {tracked.order.status}; it is being canceled"
            self._recorder.write(Incident(Code.ADOPTED, order_id, Effect.HALT, detail).event(now, lasts=True))
        if (shown.symbol, shown.side) != (tracked.order.symbol, tracked.order.side):
            detail = f"{shown.venue_order_id} carries the id of {order_id}, but is {shown.side} {shown.symbol}"
            self._recorder.write(Incident(Code.AMBIGUOUS, order_id, Effect.HALT, detail).event(now, lasts=True))
        self._unpark(order_id)

    def settle(self, listing: Listing) -> None:
        """Look at everything that is not known, after ``listing`` was taken in."""
        for tracked, leg in self._sending.unknown:
            self._sending.tell_unknown(tracked, "the process that sent it ended before the answer came")
            if listing.complete and leg.phase is Phase.UNKNOWN:
                self._settle(tracked, leg, listing)

    def _settle(self, tracked: Tracked, leg: Leg, listing: Listing) -> None:
        link, since = self._gateway.link, self._elapsed(leg)
        if since < link.listing_lag_seconds + self._policy.settle_after_seconds:
            return
        if not link.echoes_client_id and self._settled_by_terms(tracked, leg, listing):
            return
        if self._may_repeat(tracked, leg):
            self._sending.send(tracked, leg)
            return
        if since >= self._policy.tombstone_after_seconds:
            self._absences[leg.ref] = self._absences.get(leg.ref, 0) + 1
        if self._may_give_up(tracked, leg):
            self.give_up(tracked, leg, "onetape", "unknown, expired: never listed after its session")
        else:
            self._park(tracked.order.order_id, leg)

    def _elapsed(self, leg: Leg) -> float:
        """Seconds since its last request at least; for one of an earlier process since this one began to look."""
        now = self._clock.monotonic()
        return (now - self._sending.asked_at.setdefault(leg.ref, now)) / SECOND

    def _may_repeat(self, tracked: Tracked, leg: Leg) -> bool:
        link = self._gateway.link
        if link.dedupe is not Dedupe.PROVEN or leg.cancel_wanted or not self._sending.may_ask(leg):
            return False
        if self._sending.is_late(leg) or stopped(tracked.order, self._recorder.books):
            return False
        # By the wall clock, which a restart does not forget; one that was set back proves nothing.
        return 0 <= self._clock.now() - leg.first_sent_at <= round(link.dedupe_window_seconds / 4 * SECOND)

    def _settled_by_terms(self, tracked: Tracked, leg: Leg, listing: Listing) -> bool:
        fits = [shown for shown in listing.orders if self._could_be(tracked, leg, shown)]
        rivals = [other for other, one in self._sending.unknown if one is not leg and self._same_terms(other, tracked)]
        if len(fits) != 1 or rivals or not self._gateway.link.exclusive_account:
            return False
        self.bind(tracked, leg, fits[0])
        return True

    def _could_be(self, tracked: Tracked, leg: Leg, shown: VenueOrder) -> bool:
        if shown.venue_order_id in self._recorder.books.venue_ids or shown.quantity_micros != leg.asked_micros:
            return False
        lag = round((self._gateway.link.listing_lag_seconds + self._policy.settle_after_seconds) * SECOND)
        in_time = leg.first_sent_at - 2 * SECOND <= shown.created_at <= leg.sent_at + lag
        return in_time and all(getattr(shown, name) == getattr(tracked.order, name) for name in _TERMS)

    def _same_terms(self, one: Tracked, other: Tracked) -> bool:
        names = (*_TERMS, "quantity_micros")
        return all(getattr(one.order, name) == getattr(other.order, name) for name in names)

    def _may_give_up(self, tracked: Tracked, leg: Leg) -> bool:
        order, now = tracked.order, self._clock.now()
        if order.role.protects or order.time_in_force is not TimeInForce.DAY or order.filled_micros or len(tracked.legs) > 1:
            return False
        seen_enough = self._absences.get(leg.ref, 0) >= self._policy.tombstone_listings
        return seen_enough and now > self._session_end(leg.first_sent_at) and not is_frozen(self._recorder.books, order.symbol)

    def give_up(self, tracked: Tracked, leg: Leg, who: str, why: str) -> None:
        """Conclude that the venue never had ``leg``. It is never sent again, and adopted should it be seen after all."""
        now, order = self._clock.now(), tracked.order
        status = OrderStatus.CANCELED if order.status is OrderStatus.PENDING_CANCEL else OrderStatus.EXPIRED
        update = OrderUpdate(order.order_id, now, status, why)
        self._recorder.write(
            NewEvent(now, events.TOMBSTONE, {"ref": leg.ref, "who": who, "why": why}),
            NewEvent(now, events.REPORT, events.report_payload(update, leg.ref)),
        )
        self._absences.pop(leg.ref, None)
        self._sending.forget(leg.ref)
        self._unpark(order.order_id)

    def _park(self, order_id: str, leg: Leg) -> None:
        if (Code.PARKED, order_id) not in self._recorder.books.incidents:
            detail = f"{order_id} ({leg.ref}) was sent and is not listed; look whether the venue has it, then settle it"
            self._recorder.write(Incident(Code.PARKED, order_id, Effect.ALERT, detail).event(self._clock.now(), lasts=True))

    def _unpark(self, order_id: str) -> None:
        if (Code.PARKED, order_id) in self._recorder.books.incidents:
            self._recorder.write(cleared(self._clock.now(), Code.PARKED, order_id, "onetape", "settled"))
