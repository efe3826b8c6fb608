"""How an order gets to the venue: the claim is on the disk, then one request is made, then what is known of it is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.domain.venue_order import Outcome, OutcomeKind
from framework.rules import limits
from framework.rules.outcomes import agrees
from framework.runtime.logs.context import about
from framework.runtime.orders import events
from framework.runtime.orders.asking import asked
from framework.runtime.orders.books import HERE, Phase
from framework.runtime.orders.incidents import ACCOUNT, Code, Effect, Incident, cleared
from framework.runtime.orders.policy import SECOND
from framework.runtime.orders.shares import may_send, opens, stopped
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.order import ApprovedOrder
    from framework.domain.venue_order import VenueOrder
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.books import Leg, Tracked
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder

_K = OutcomeKind
#: So often an order goes to the venue at most because its stop has been reached.
_SENDINGS = 4
_REFUSALS = frozenset({_K.REJECTED, _K.FORBIDDEN})
#: Outcomes of a request whose session the venue took.
_ADMITTED = frozenset({_K.ACCEPTED, _K.REJECTED, _K.EXISTS})


class Sending:
    """Makes the requests that can make an order.

    ``may_trade`` is asked right before each: whether the lease still lasts for one request. Pictures of answers are left in ``pictures``.
    ``has_reached`` says whether the market has come to the price of a stop.
    """

    def __init__(
        self,
        recorder: Recorder,
        gateway: VenueGateway,
        clock: Clock,
        policy: OrderPolicy,
        may_trade: Callable[[], bool],
        pictures: list[VenueOrder],
        has_reached: Callable[[Tracked], bool],
    ) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._policy = policy
        self._may_trade = may_trade
        self._pictures = pictures
        self._has_reached = has_reached
        self._deadlines: dict[str, int] = {}
        self._not_before: dict[str, int] = {}
        #: When each order's last request was made, by the monotonic clock; those of an earlier process count from its end.
        self.asked_at: dict[str, int] = {}

    def plan(self, ref: str, seconds: float) -> None:
        """``ref`` is to be sent within ``seconds``, however the wall clock moves."""
        self._deadlines[ref] = self._clock.monotonic() + round(seconds * SECOND)

    def send(self, tracked: Tracked, leg: Leg, *before: NewEvent) -> None:
        """Write ``before`` and the claim of the next request down, and make it, once."""
        claimed, now, number = self._clock.monotonic(), self._clock.now(), leg.dispatches
        quantity = tracked.order.leaves_micros
        payload = {"ref": leg.ref, "n": number, "quantity_micros": quantity}
        self._recorder.write(*before, NewEvent(now, events.DISPATCH, payload, events.dispatch_key(leg.ref, number)))
        tracked, leg = self._recorder.books.by_ref(leg.ref)
        self.asked_at[leg.ref] = claimed
        window = claimed + round(self._policy.send_window_seconds * SECOND)
        with about(order_id=tracked.order.order_id, client_id=leg.ref):
            outcome = self._requested(limits.approved_before(tracked.order, leg.order_type), leg.ref, quantity, window)
            self._conclude(tracked, leg, outcome, self._clock.monotonic() - claimed)

    def _requested(self, approved: ApprovedOrder, ref: str, quantity: int, window: int) -> Outcome:
        deadline = min(window, self._deadlines.get(ref, window))
        if self._clock.monotonic() >= deadline:
            return Outcome(_K.NOT_SENT, reason="the process was suspended after it had claimed the request")
        if not self._may_trade():
            return Outcome(_K.NOT_SENT, reason="the lease ends before an answer could come")

        def broken(reason: str) -> Outcome:
            return Outcome(_K.UNKNOWN, reason=reason)  # bytes may have left

        outcome = asked(self._recorder, self._clock, "send", lambda: self._gateway.send(approved, ref, quantity, deadline), broken)
        if outcome.kind is _K.ACCEPTED and (outcome.report is None or not agrees(outcome.report, approved.order, ref, quantity)):
            return Outcome(_K.UNKNOWN, reason="the answer shows another order")
        return outcome

    def _conclude(self, tracked: Tracked, leg: Leg, outcome: Outcome, latency: int) -> None:
        self._note_access(tracked.order.order_id, outcome)
        if outcome.kind is _K.ACCEPTED and outcome.report is not None:
            self.bind(tracked, leg, outcome.report, latency)
        elif outcome.kind is _K.REJECTED and self._is_a_reached_stop(tracked, leg):
            self._come_back(tracked, leg, outcome.reason)
        elif outcome.kind in _REFUSALS and not self._may_be_there(tracked, leg, outcome.kind):
            self.end(tracked, leg, OrderStatus.REJECTED, outcome.reason)
        elif outcome.kind.was_refused_unseen or outcome.kind in _REFUSALS:
            longest = self._gateway.link.dedupe_window_seconds if outcome.kind is _K.REJECTED else 0.0  # it would say the same again
            wait = max(outcome.retry_after_seconds or 0.0, self._policy.poll_seconds, longest)
            self._not_before[leg.ref] = self._clock.monotonic() + round(wait * SECOND)
            payload = {"ref": leg.ref, "n": leg.dispatches - 1, "outcome": str(outcome.kind), "reason": outcome.reason}
            self._recorder.write(NewEvent(self._clock.now(), events.NOT_SENT, payload))
        else:
            self.tell_unknown(tracked, f"no answer: {outcome.reason}" if outcome.kind is _K.UNKNOWN else "the venue has its id")

    def _may_be_there(self, tracked: Tracked, leg: Leg, refusal: OutcomeKind) -> bool:
        """Whether ``leg`` may be at the venue by an earlier request, although the last one was refused.

        The refusal of an entry may be that one's doing: it holds the money. What sells is not waited for: what guards its shares is to come
        back, and a venue sells no share twice.
        """
        return leg.may_be_there and (refusal is _K.FORBIDDEN or opens(tracked.order, self._recorder.books))

    def _is_a_reached_stop(self, tracked: Tracked, leg: Leg) -> bool:
        """Whether a stop that guards was refused because there is nothing to wait for any more: its price was reached before it came."""
        waits = leg.order_type not in (OrderType.MARKET, OrderType.LIMIT)
        return waits and tracked.order.role is OrderRole.STOP and len(tracked.legs) < _SENDINGS and self._has_reached(tracked)

    def _come_back(self, tracked: Tracked, leg: Leg, reason: str) -> None:
        """The order goes on: with the next look it is sent as what it has become by then."""
        order, now = tracked.order, self._clock.now()
        detail = f"the venue does not take {order.order_id} as a stop ({reason}), and its price is reached; it goes as what it has become"
        alert = Incident(Code.STOP_REACHED, order.order_id, Effect.ALERT, detail).event(now, lasts=False)
        self._recorder.write(NewEvent(now, events.ENDED, {"ref": leg.ref}), alert)
        self.forget(leg.ref)

    def _note_access(self, order_id: str, outcome: Outcome) -> None:
        """A venue that refuses the account stops entries until a person says otherwise; one that refuses the session is waited for."""
        books, now = self._recorder.books, self._clock.now()
        if outcome.kind is _K.FORBIDDEN and (Code.RESTRICTED, ACCOUNT) not in books.incidents:
            detail = f"the venue refused {order_id}, and would the next: {outcome.reason}"
            self._recorder.write(Incident(Code.RESTRICTED, ACCOUNT, Effect.HALT, detail).event(now, lasts=True))
        has_ended = (Code.SESSION_ENDED, ACCOUNT) in books.incidents
        if outcome.kind is _K.NOT_AUTHENTICATED and not has_ended:
            detail = f"the venue does not take the session: {outcome.reason}; what is to be sent waits, entries until their deadline"
            self._recorder.write(Incident(Code.SESSION_ENDED, ACCOUNT, Effect.ALERT, detail).event(now, lasts=True))
        elif has_ended and outcome.kind in _ADMITTED:
            self._recorder.write(cleared(now, Code.SESSION_ENDED, ACCOUNT, "onetape", "the session is taken again"))

    def bind(self, tracked: Tracked, leg: Leg, shown: VenueOrder, latency: int = 0) -> None:
        """The venue has ``leg`` as ``shown``."""
        now = self._clock.now()
        payload = {"ref": leg.ref, "venue_order_id": shown.venue_order_id, "latency_ns": latency}
        bound = [NewEvent(now, events.BOUND, payload, f"bound:{shown.venue_order_id}")]
        if tracked.order.status in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN):
            bound.append(self._report(tracked, leg, OrderStatus.ACCEPTED, "", now))
        self._recorder.write(*bound)
        self.forget(leg.ref)
        self._pictures.append(shown)

    def end(self, tracked: Tracked, leg: Leg, status: OrderStatus, reason: str) -> None:
        """Nothing of ``leg`` is at the venue, and the order is over with it."""
        now = self._clock.now()
        self._recorder.write(NewEvent(now, events.ENDED, {"ref": leg.ref}), self._report(tracked, leg, status, reason, now))
        self.forget(leg.ref)

    def tell_unknown(self, tracked: Tracked, reason: str) -> None:
        """Tell the engine, once, that nobody knows where the order is."""
        leg = tracked.leg
        if leg is not None and tracked.order.status is OrderStatus.SUBMITTED:
            self._recorder.write(self._report(tracked, leg, OrderStatus.UNKNOWN, reason, self._clock.now()))

    def pump(self) -> None:
        """Send what waits and may go, oldest first; what is too late expires."""
        for tracked in self._recorder.books.working():
            leg = tracked.leg
            if leg is not None and leg.phase in HERE and not tracked.is_held:
                self._drive(tracked, leg)

    def _drive(self, tracked: Tracked, leg: Leg) -> None:
        if not tracked.order.is_open:
            self._recorder.write(NewEvent(self._clock.now(), events.ENDED, {"ref": leg.ref}))
        elif self.is_late(leg):
            self.end(tracked, leg, OrderStatus.EXPIRED, "it could not be sent in time")
        elif self.may_ask(leg):
            self._try(tracked, leg)

    def _try(self, tracked: Tracked, leg: Leg) -> None:
        if not self._gateway.is_connected():
            return
        answer = may_send(tracked, self._recorder.books, self._gateway.capabilities)
        refusal = answer.refusal or stopped(tracked.order, self._recorder.books)
        if refusal:
            self.end(tracked, leg, OrderStatus.REJECTED, refusal)
        elif not answer.waits:
            self.send(tracked, leg)

    def may_ask(self, leg: Leg) -> bool:
        """Whether the venue, or we, do not want to wait any longer before the next request for ``leg``."""
        return self._clock.monotonic() >= self._not_before.get(leg.ref, 0)

    def is_late(self, leg: Leg) -> bool:
        """Whether the deadline has passed; that of an earlier process by the wall clock, which is all there is."""
        deadline = self._deadlines.get(leg.ref)
        return self._clock.now() >= leg.deadline if deadline is None else self._clock.monotonic() >= deadline

    def forget(self, ref: str) -> None:
        """``ref`` needs no times any more."""
        for times in (self._deadlines, self._not_before, self.asked_at):
            times.pop(ref, None)

    def _report(self, tracked: Tracked, leg: Leg, status: OrderStatus, reason: str, now: int) -> NewEvent:
        update = OrderUpdate(tracked.order.order_id, now, status, reason)
        return NewEvent(now, events.REPORT, events.report_payload(update, leg.ref))

    @property
    def unknown(self) -> list[tuple[Tracked, Leg]]:
        """What may be at the venue or not."""
        return [(tracked, leg) for tracked in self._recorder.books.working() for leg in tracked.legs if leg.phase is Phase.UNKNOWN]
