"""What does a picture of an order mean for what we know, and for what the engine is to be told? Pure; the answer is a row of events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.account_event import TradeCorrection
from framework.domain.fill import Fill
from framework.domain.order import OrderStatus, TimeInForce
from framework.domain.order_update import OrderUpdate
from framework.domain.values import from_micros, notional
from framework.rules import lifecycle
from framework.rules.executions import Bookings, after, bookings
from framework.runtime.orders import events
from framework.runtime.orders.books import Leg, Phase, Tracked
from framework.runtime.orders.incidents import Code, Effect, Incident
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.domain.venue_order import Execution, VenueOrder

_S = OrderStatus
#: Words of a venue after which nothing more is to fill.
TERMINAL = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED})
#: States that a fill does not change as long as shares are left: what is awaited is awaited still, and an end stays one.
_KEPT = frozenset({_S.EMULATED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED, _S.REJECTED})
_UNANSWERED = frozenset({_S.SUBMITTED, _S.UNKNOWN})


def news(
    tracked: Tracked,
    leg: Leg,
    shown: VenueOrder,
    now: int,
    *,
    is_overdue: bool = False,
    still_guards: bool = False,
    splits: bool = False,
) -> list[NewEvent]:
    """What ``shown``, a picture of ``leg``, adds; nothing for one that adds nothing.

    ``is_overdue``: its executions are not waited for any longer. ``still_guards``: what a protective order that somebody else canceled has
    guarded is there, and is to be guarded again. ``splits``: the shares are about to, for which a venue cancels what rests.
    """
    return _Reading(tracked, leg, shown, now, still_guards=still_guards, splits=splits).read(is_overdue=is_overdue)


def was_canceled_elsewhere(tracked: Tracked, leg: Leg, shown: VenueOrder) -> bool:
    """Whether ``shown`` is the end of a protective order that nobody here has asked for: a person's, or the venue's at a close."""
    return tracked.order.role.protects and tracked.order.is_open and shown.status is _S.CANCELED and not leg.cancel_wanted


class _Reading:
    """One picture being read; ``order`` is the order as it will be after what was concluded so far."""

    def __init__(self, tracked: Tracked, leg: Leg, shown: VenueOrder, now: int, *, still_guards: bool, splits: bool) -> None:
        self._tracked = tracked
        self._leg = leg
        self._shown = shown
        self._now = now
        self._still_guards = still_guards
        self._splits = splits
        self._order: Order = tracked.order.snapshot()
        self._events: list[NewEvent] = []

    def read(self, *, is_overdue: bool) -> list[NewEvent]:
        found = bookings(self._leg.known, self._shown, is_overdue=is_overdue)
        if self._is_current and self._order.status in _UNANSWERED and self._shown.status is not _S.REJECTED:
            self._report(_S.ACCEPTED, "")
        for one in (*found.booked, *((found.synthetic,) if found.synthetic else ())):
            self._fill(one)
        self._correct(found)
        self._end(found)
        return self._events

    @property
    def _is_current(self) -> bool:
        return self._leg is self._tracked.leg

    @property
    def _is_last(self) -> bool:
        """Whether nothing of the order can trade but this leg."""
        return all(leg.phase is Phase.ENDED for leg in self._tracked.legs if leg is not self._leg)

    # --- shares

    def _fill(self, one: Execution) -> None:
        order = self._order
        if not order.is_open:
            self._incident(
                Code.LATE_FILL, order.order_id, Effect.ALERT, f"{from_micros(one.quantity_micros)} {order.symbol} filled after its end"
            )
        within = min(one.quantity_micros, order.quantity_micros - order.filled_micros)
        if within:
            price = one.price_micros
            fill = Fill(
                one.execution_id, order.order_id, one.timestamp, order.symbol, order.side, within, price, price, one.fees_micros, order.tag,
                order.strategy,
            )  # fmt: skip
            status = lifecycle.status_after_fill(order, within)
            self._report(order.status if status is _S.PARTIALLY_FILLED and order.status in _KEPT else status, "", fill)
        if one.quantity_micros > within:
            self._over_fill(one, one.quantity_micros - within)

    def _over_fill(self, one: Execution, excess: int) -> None:
        sign, order = self._order.side.sign, self._order
        cash, fees = -sign * notional(excess, one.price_micros), 0 if excess < one.quantity_micros else one.fees_micros
        self._correction(sign * excess, cash, one.execution_id, "filled beyond what was asked for", fees)
        detail = f"{from_micros(excess)} {order.symbol} more than the {order.quantity} asked for"
        self._incident(Code.OVER_FILLED, order.order_id, Effect.HALT, detail)

    def _correct(self, found: Bookings) -> None:
        sign, order = self._order.side.sign, self._order
        for match in found.matches:
            if match.excess_micros:
                self._correction(0, -sign * match.excess_micros, match.execution_id, "price of a fill that was booked before it was listed")
        for one in found.busted:
            bust, fees = f"bust:{one.execution_id}", -one.fees_micros
            self._correction(-sign * one.quantity_micros, sign * one.value_micros, bust, "taken back by the venue", fees)
            detail = f"{from_micros(one.quantity_micros)} {order.symbol} at {from_micros(one.price_micros)}: {one.execution_id}"
            self._incident(Code.BUSTED, order.order_id, Effect.HALT, detail)

    # --- states

    def _end(self, found: Bookings) -> None:
        leg, shown = self._leg, self._shown
        busted = tuple(one.execution_id for one in found.busted)
        known = after(leg.known, found.seen, found.synthetic, busted, shown.cumulative_micros, shown.updated_at)
        is_whole = known.booked_micros >= known.cumulative_micros
        has_ended = is_whole and (shown.status in TERMINAL or known.booked_micros >= leg.asked_micros)
        if has_ended and self._is_last and self._order.is_open and self._order.status is not _S.EMULATED:
            self._finish()
        word = shown.word if shown.updated_at >= leg.known.updated_at else leg.word
        self._note_word(word)
        if replace(known, updated_at=leg.known.updated_at) == leg.known and word == leg.word and has_ended <= (leg.phase is Phase.ENDED):
            return
        payload = {
            "ref": leg.ref,
            "executions": events.execution_rows(found.seen),
            "synthetic": events.execution_rows((found.synthetic,) if found.synthetic else ()),
            "busted": list(busted),
            "cumulative_micros": shown.cumulative_micros,
            "updated_at": shown.updated_at,
            "word": word,
            "is_canceling": shown.status is _S.PENDING_CANCEL if word == shown.word else leg.is_canceling,
            "has_ended": has_ended,
        }
        self._events.append(NewEvent(self._now, events.SEEN, payload))

    def _finish(self) -> None:
        status, order, shown = self._shown.status, self._order, self._shown
        reason = shown.reason or shown.word
        if status is _S.REJECTED and _S.REJECTED not in lifecycle.TRANSITIONS[order.status]:
            status, reason = _S.CANCELED, f"rejected after it was accepted: {reason}"
        if status not in TERMINAL or status is _S.FILLED:
            detail = f"the venue calls it {shown.word!r} with {order.filled_quantity} of {order.quantity} {order.symbol} filled"
            self._incident(Code.CHANGED_TERMS, order.order_id, Effect.ALERT, detail)
            status = _S.CANCELED
        if was_canceled_elsewhere(self._tracked, self._leg, shown) and not self._splits:
            self._note_taken(shown.word)
        self._report(status, reason, unsolicited=self._still_guards)

    def _note_taken(self, word: str) -> None:
        """An order for the day ends at a close; of any other somebody wanted the end, and nothing is entered before they were asked."""
        order = self._order
        if order.time_in_force is TimeInForce.GTC:
            then = "it is placed again" if self._still_guards else "the shares there are not as we know them, so it is not placed again"
            detail = f"{order.role} {order.order_id} of {order.symbol} is {word!r} at the venue, and nobody here asked for that; {then}"
            self._events.append(Incident(Code.CANCELED_ELSEWHERE, order.symbol, Effect.ALERT, detail).event(self._now, lasts=True))

    def _note_word(self, word: str) -> None:
        if self._shown.status is None and word != self._leg.word:
            detail = f"{self._shown.venue_order_id} is {word!r}, which counts as working"
            self._incident(Code.UNKNOWN_WORD, self._order.order_id, Effect.ALERT, detail)

    # --- events

    def _report(self, status: OrderStatus, reason: str, fill: Fill | None = None, *, unsolicited: bool = False) -> None:
        update = OrderUpdate(self._order.order_id, self._now, status, reason, fill, unsolicited=unsolicited)
        lifecycle.apply(self._order, update)
        key = None if fill is None else f"fill:{fill.execution_id}"
        self._events.append(NewEvent(self._now, events.REPORT, events.report_payload(update, self._leg.ref), key))

    def _correction(self, quantity: int, amount: int, execution_id: str, reason: str, fees: int = 0) -> None:
        order = self._order
        event = TradeCorrection(self._now, order.symbol, quantity, amount, order.order_id, execution_id, reason, fees)
        self._events.append(NewEvent(self._now, events.CORRECTION, events.correction_payload(event), f"correction:{execution_id}"))

    def _incident(self, code: Code, subject: str, effect: Effect, detail: str) -> None:
        self._events.append(Incident(code, subject, effect, detail).event(self._now, lasts=effect is not Effect.ALERT))
