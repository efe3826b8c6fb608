"""How an order is taken back: the wish is on the disk, and is asked for again until the venue shows the order's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.domain.venue_order import Outcome, OutcomeKind
from framework.errors import OrderCancellationError
from framework.rules.lifecycle import TRANSITIONS
from framework.runtime.logs.context import about
from framework.runtime.orders import events
from framework.runtime.orders.asking import asked
from framework.runtime.orders.books import AT_VENUE, Phase
from framework.runtime.orders.policy import SECOND
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.books import Leg, Tracked
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder


class Canceling:
    """Asks for cancels. Asking twice does no harm, so a lost answer is no question; only a picture of the order says that it is over."""

    def __init__(self, recorder: Recorder, gateway: VenueGateway, clock: Clock, policy: OrderPolicy) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._policy = policy
        self._again_at: dict[str, int] = {}

    def cancel(self, tracked: Tracked, reason: str) -> bool:
        """Take the order back for good; ``False`` when it has ended."""
        order, now = tracked.order, self._clock.now()
        if not order.is_open:
            return False
        wish = NewEvent(now, events.CANCEL, {"order_id": order.order_id, "reason": reason})
        if any(leg.phase in AT_VENUE for leg in tracked.legs):
            can_wait = order.status is not OrderStatus.PENDING_CANCEL and OrderStatus.PENDING_CANCEL in TRANSITIONS[order.status]
            if can_wait or not all(leg.cancel_wanted for leg in tracked.legs if leg.phase in AT_VENUE):
                self._recorder.write(wish)
            self.drive(tracked)
        else:
            update = OrderUpdate(order.order_id, now, OrderStatus.CANCELED, reason)
            self._recorder.write(wish, NewEvent(now, events.REPORT, events.report_payload(update, None)))
        return True

    def hold(self, tracked: Tracked) -> None:
        """Take the order back and keep it here.

        Raises:
            OrderCancellationError: It has ended, is being canceled, or it is not known whether the venue has it.
        """
        order = tracked.order
        if order.status not in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED):
            raise OrderCancellationError(f"order {order.order_id} is {order.status}, so it cannot be taken back")
        self._recorder.write(NewEvent(self._clock.now(), events.HOLD, {"order_id": order.order_id}))
        self.drive(tracked)

    def pump(self) -> None:
        """Ask again for what has not come back."""
        waiting = {leg.ref for tracked in self._recorder.books.working() for leg in tracked.legs if leg.cancel_wanted}
        self._again_at = {ref: time for ref, time in self._again_at.items() if ref in waiting}
        for tracked in self._recorder.books.working():
            self.drive(tracked)

    def drive(self, tracked: Tracked) -> None:
        """Ask for what is to come back of ``tracked`` and has not been asked for lately."""
        for leg in tracked.legs:
            is_due = self._clock.monotonic() >= self._again_at.get(leg.ref, 0)
            if leg.phase is Phase.BOUND and leg.cancel_wanted and not leg.is_canceling and is_due:
                with about(order_id=tracked.order.order_id, client_id=leg.ref):
                    self._ask(leg)

    def _ask(self, leg: Leg) -> None:
        number, venue_order_id = leg.cancels, leg.venue_order_id
        if venue_order_id is None:
            return
        self._recorder.write(
            NewEvent(self._clock.now(), events.CANCEL_DISPATCH, {"ref": leg.ref, "n": number}, f"cancel:{leg.ref}:{number}")
        )
        outcome = self._requested(venue_order_id)
        again = outcome.retry_after_seconds if outcome.kind.was_refused_unseen else self._policy.cancel_again_seconds
        self._again_at[leg.ref] = self._clock.monotonic() + round((again or self._policy.poll_seconds) * SECOND)

    def _requested(self, venue_order_id: str) -> Outcome:
        def broken(reason: str) -> Outcome:
            return Outcome(OutcomeKind.UNKNOWN, reason=reason)  # it is asked for again

        return asked(self._recorder, self._clock, "cancel", lambda: self._gateway.cancel(venue_order_id), broken)
