"""What does the venue show? Every picture is matched with an order of ours or noted as foreign, and what it adds is written down."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OrderType
from framework.domain.values import from_micros
from framework.domain.venue_order import Listing
from framework.rules.account.splits import USUAL_RATIOS
from framework.rules.outcomes import is_worse
from framework.runtime.orders import events
from framework.runtime.orders.asking import asked, positions_asked
from framework.runtime.orders.books import AT_VENUE, Phase
from framework.runtime.orders.ids import carries_mark
from framework.runtime.orders.incidents import ACCOUNT, Code, Effect, Incident
from framework.runtime.orders.pictures import TERMINAL, news, was_canceled_elsewhere
from framework.runtime.orders.policy import SECOND
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.venue_order import VenueOrder
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.books import Leg, Tracked
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder

#: Clocks of venue and machine may differ by this much and what changed is still asked for, ns.
SKEW = 120 * SECOND
#: The same where an order is looked for that may be there.
LOST = 3_600 * SECOND
#: So many orders one request for a listing shows at least: with more of them for each of ours, ours are asked for one by one.
ROWS = 10
#: While a split is awaited a trail is believed as far as it has moved less than half the way (as a logarithm) of the smallest usual one.
MOST_MOVED = math.sqrt(USUAL_RATIOS[0])


class Watching(NamedTuple):
    """What tells ours from others': the ``account`` of the desk, and whether a split of a symbol is awaited, for which venues cancel."""

    account: str
    awaits: Callable[[str], bool]


class Looking:
    """Looks at the venue.

    ``pictures`` of answers are taken in with the next look. ``bind`` is called for an order that is found under our id and was not known to
    be there.
    """

    def __init__(
        self,
        recorder: Recorder,
        gateway: VenueGateway,
        clock: Clock,
        policy: OrderPolicy,
        pictures: list[VenueOrder],
        bind: Callable[[Tracked, Leg, VenueOrder], None],
        watching: Watching,
    ) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._policy = policy
        self._bind = bind
        self._account, self._awaits = watching
        self._pictures = pictures
        self._lagging: dict[str, int] = {}
        self._listed_at = recorder.books.reconciled_at
        self._newest = 0
        self._rows = 0
        #: Orders of the last listing that are on the tape as somebody else's: it is asked once while they are listed.
        self._noted: set[str] = set()
        #: Orders of ours the last complete listing did not show, our ids.
        self.unlisted: frozenset[str] = frozenset()

    def look(self, *, at_all: bool = False) -> Listing:
        """Ask for everything that has changed, or ``at_all`` orders that may still trade, and take it in.

        A working order that the whole listing does not show is asked for by itself. Where the listing since the oldest of them has grown
        long, as beside a stop of weeks, all of them are: what others trade must not make comparing slower and slower.
        """
        started = self._clock.now()
        kept = self._pictures.copy()
        self._pictures.clear()
        for shown in kept:
            self._absorb(shown)
        in_one = at_all and self._is_short()
        listing = self._listed(self._since(at_all=in_one))
        for shown in listing.orders:
            self._absorb(shown)
        if listing.complete:
            self._listed_at = started
            self._rows = len(listing.orders) if in_one else self._rows
        listed = {shown.venue_order_id for shown in listing.orders}
        self._noted &= listed
        if at_all:
            self._ask_for_the_rest(listed)
        return listing

    def _is_short(self) -> bool:
        """Whether the listing since the oldest working order was no longer, when it was read last, than asking for each would be."""
        working = sum(leg.phase is Phase.BOUND for tracked in self._recorder.books.working() for leg in tracked.legs)
        return self._rows <= ROWS * max(working, 1)

    @property
    def listed_at(self) -> int:
        """When the last complete listing was asked for, ns UTC."""
        return self._listed_at

    def _since(self, *, at_all: bool) -> int:
        """From when on changes are asked for, by the clock that was earlier, ours or the venue's; for lost orders with an hour to spare."""
        wanted = AT_VENUE if at_all else frozenset({Phase.UNKNOWN})
        legs = [leg for tracked in self._recorder.books.working() for leg in tracked.legs if leg.phase in wanted]
        sent = [leg.first_sent_at - (LOST if leg.phase is Phase.UNKNOWN else 0) for leg in legs]
        read = min(self._listed_at, self._clock.now(), self._newest or self._listed_at)
        return max(min([read, *sent]) - round(self._gateway.link.listing_lag_seconds * SECOND) - SKEW, self._oldest())

    def _oldest(self) -> int:
        """What changed before nothing that still works has: twice as long ago as the venue lets an order work, ns UTC."""
        days = self._gateway.capabilities.gtc_days
        return 0 if days is None else max(self._clock.now() - 2 * days * 86_400 * SECOND, 0)

    def _listed(self, since: int) -> Listing:
        def broken(reason: str) -> Listing:
            return Listing((), complete=False, reason=reason)

        return asked(self._recorder, self._clock, "orders", lambda: self._gateway.orders(since), broken)

    def _ask_for_the_rest(self, listed: set[str]) -> None:
        missing = set()
        for tracked in self._recorder.books.working():
            for leg in tracked.legs:
                name = leg.venue_order_id
                if leg.phase is Phase.BOUND and name is not None and name not in listed:
                    shown = self._one(name)
                    if shown is None:
                        missing.add(leg.ref)
                    else:
                        self._absorb(shown)
        self.unlisted = frozenset(missing)

    def _one(self, venue_order_id: str) -> VenueOrder | None:
        return asked(self._recorder, self._clock, "order", lambda: self._gateway.order(venue_order_id), lambda _: None)

    # --- one picture

    def _absorb(self, shown: VenueOrder) -> None:
        self._newest = max(self._newest, shown.updated_at)
        found = self._recorder.books.find(shown.venue_order_id, shown.client_id)
        if found is None:
            self._note_foreign(shown)
            return
        tracked, leg = found
        if leg.venue_order_id is None:
            self._bind(tracked, leg, shown)
        elif leg.venue_order_id != shown.venue_order_id:
            detail = f"{shown.venue_order_id} and {leg.venue_order_id} both carry the id {leg.ref}"
            self._once(Incident(Code.AMBIGUOUS, shown.venue_order_id, Effect.HALT, detail))
            return
        is_overdue, still_guards = self._is_overdue(leg, shown), self._is_still_to_guard(tracked, leg, shown)
        splits = self._awaits(tracked.order.symbol)
        still = {"is_overdue": is_overdue, "still_guards": still_guards, "splits": splits}
        told = news(tracked, leg, shown, self._clock.now(), **still)
        self._recorder.write(*self._trailed(tracked, shown), *told)
        self._check_terms(tracked, leg, shown)

    def _trailed(self, tracked: Tracked, shown: VenueOrder) -> list[NewEvent]:
        """How far a trailing stop has followed the market there, written before its end: one in its place must not begin behind it."""
        order, reached = tracked.order, shown.stop_micros
        if order.order_type is not OrderType.TRAILING_STOP or shown.order_type is not OrderType.TRAILING_STOP or not reached:
            return []
        known, tick = order.stop_micros, self._gateway.capabilities.tick_micros(reached)
        if known is not None and (order.side.sign * (known - reached) < tick or self._is_of_after_a_split(order.symbol, known, reached)):
            return []
        return [NewEvent(self._clock.now(), events.LEVEL, {"order_id": order.order_id, "level_micros": reached})]

    def _is_of_after_a_split(self, symbol: str, known: int, reached: int) -> bool:
        """Whether a level may be in shares that are not booked: booking them would move it once more, past the market."""
        return self._awaits(symbol) and max(known, reached) > MOST_MOVED * min(known, reached)

    def _is_still_to_guard(self, tracked: Tracked, leg: Leg, shown: VenueOrder) -> bool:
        """Whether the shares of a protective order that somebody else canceled are at the venue as we know them.

        Where they are not, a person has sold them by hand, or a split has changed them: another stop would sell what is not ours, or at a
        price of before. A venue that does not say leaves them guarded.
        """
        if not was_canceled_elsewhere(tracked, leg, shown) or self._awaits(tracked.order.symbol):
            return False
        books, symbol = self._recorder.books, tracked.order.symbol
        holdings = positions_asked(self._recorder, self._clock, self._gateway)
        if not holdings.complete or books.baseline is None:
            return True
        known = books.shares.get(symbol, 0) + books.baseline.get(symbol, 0)
        fresh = tracked.order.side.sign * max(shown.cumulative_micros - leg.known.booked_micros, 0)
        there = next((one.quantity_micros for one in holdings.positions if one.symbol == symbol), 0)
        return there in (known, known + fresh)

    def _check_terms(self, tracked: Tracked, leg: Leg, shown: VenueOrder) -> None:
        """An order that the venue works under worse terms is taken back."""
        order, now = tracked.order, self._clock.now()
        if leg.phase is not Phase.BOUND or leg.cancel_wanted or not is_worse(shown, order, leg.asked_micros):
            return
        limit = "" if shown.limit_micros is None else f" at {from_micros(shown.limit_micros)}"
        detail = f"the venue works {from_micros(shown.quantity_micros)} {shown.symbol}{limit} for {order.order_id}; it is being canceled"
        self._recorder.write(
            Incident(Code.CHANGED_TERMS, order.order_id, Effect.ALERT, detail).event(now, lasts=False),
            NewEvent(now, events.CANCEL, {"order_id": order.order_id, "reason": "changed by the venue"}),
        )

    def _is_overdue(self, leg: Leg, shown: VenueOrder) -> bool:
        """Whether shares of ``leg`` have waited too long for their executions."""
        listed = sum(one.quantity_micros for one in shown.executions)
        if max(shown.cumulative_micros, leg.known.cumulative_micros) <= max(listed, leg.known.booked_micros):
            self._lagging.pop(leg.ref, None)
            return False
        now = self._clock.monotonic()
        return now - self._lagging.setdefault(leg.ref, now) >= round(self._policy.overdue_seconds * SECOND)

    def _note_foreign(self, shown: VenueOrder) -> None:
        name = shown.venue_order_id
        if name in self._noted:
            return
        was_ours = self._was_ours(shown.client_id)
        if was_ours and shown.status in TERMINAL:
            return  # over, and not listened to any more
        if not self._recorder.store.holds(events.foreign_key(name)):
            self._write_foreign(shown, was_ours=was_ours)
        self._noted.add(name)

    def _write_foreign(self, shown: VenueOrder, *, was_ours: bool) -> None:
        now, name = self._clock.now(), shown.venue_order_id
        what = f"{shown.side} {from_micros(shown.quantity_micros)} {shown.symbol}"
        payload = {"venue_order_id": name, "client_id": shown.client_id, "what": what, "word": shown.word, "created_at": shown.created_at}
        noted = [NewEvent(now, events.FOREIGN, payload, events.foreign_key(name))]
        if self._gateway.link.exclusive_account and shown.status not in TERMINAL:
            incident = Incident(Code.FOREIGN_ORDER, name, Effect.HALT, f"{what} was placed by somebody else, or by us before this tape")
            noted.append(incident.event(now, lasts=True))
        is_told = (Code.OTHER_TRADER, ACCOUNT) in self._recorder.books.incidents
        if not is_told and not was_ours and self._is_of_another(shown):
            detail = f"{what} ({name}, {shown.word}) was placed by a onetape of which this tape knows nothing; stop one of the two"
            noted.append(Incident(Code.OTHER_TRADER, ACCOUNT, Effect.HALT, detail).event(now, lasts=True))
        self._recorder.write(*noted)

    def _is_of_another(self, shown: VenueOrder) -> bool:
        """Whether another onetape trades the account, by an order that is not ours: it works, or was made since we began to look.

        What a run before this one has made, and had ended when this one began, is history.
        """
        if not carries_mark(self._account, shown.client_id):
            return False
        spare = round(self._gateway.link.listing_lag_seconds * SECOND) + SKEW
        is_new = self._recorder.books.baseline is not None and shown.created_at >= self._listed_at - spare
        return is_new or shown.status not in TERMINAL

    def _was_ours(self, client_id: str | None) -> bool:
        """Whether an order is on the tape that is not listened to any more."""
        return client_id is not None and self._recorder.store.holds(events.dispatch_key(client_id, 0))

    def _once(self, incident: Incident) -> None:
        if (incident.code, incident.subject) not in self._recorder.books.incidents:
            self._recorder.write(incident.event(self._clock.now(), lasts=True))
