"""Do tape, venue and engine say the same? Each difference is of a class: healed by rule, or kept apart until a person has looked at it.

What a picture shows of our orders is taken in by ``Looking``, which heals. What is left:

- an order of the venue that is not ours is noted and left alone; in an account that is ours alone it halts,
- an order of ours that the venue does not show any more stops entries until it is seen,
- shares that we have not traded: those of the first look are somebody's own; a change of them freezes the symbol until acknowledged,
- books of the engine that differ from the tape halt,
- money that no trade of ours has moved is told (``CashWatch``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.account_event import TradeCorrection
from framework.domain.values import from_micros, notional
from framework.errors import SafetyError
from framework.runtime.orders import events
from framework.runtime.orders.asking import positions_asked
from framework.runtime.orders.books import Phase
from framework.runtime.orders.cash import CashWatch
from framework.runtime.orders.incidents import Code, Effect, Incident, acknowledged, cleared
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.actions import Actions
    from framework.runtime.orders.canceling import Canceling
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.looking import Looking
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder
    from framework.runtime.orders.settling import Settling


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that tape, venue and engine do not agree on; ``is_sure`` once it has been seen often enough."""

    code: Code
    subject: str
    detail: str
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One comparison. ``succeeded`` says that everything could be compared and nothing is in doubt; ``reason`` why not."""

    succeeded: bool
    reason: str
    differences: tuple[Difference, ...] = ()


class Parts(NamedTuple):
    """What a comparison has done before it looks for differences."""

    looking: Looking
    settling: Settling
    actions: Actions
    canceling: Canceling


class Reconciling:
    """Compares. Its ``is_ready`` is the gate of decisions: closed until a comparison of this process has succeeded.

    ``shares_of_engine`` are micro-shares by symbol as the engine's books have them; ``None`` where no engine runs.
    """

    def __init__(
        self,
        recorder: Recorder,
        gateway: VenueGateway,
        clock: Clock,
        policy: OrderPolicy,
        parts: Parts,
        shares_of_engine: Callable[[], Mapping[str, int]] | None,
    ) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._policy = policy
        self._looking, self._settling, self._actions, self._canceling = parts
        self._shares_of_engine = shares_of_engine
        self._cash = CashWatch(recorder, gateway, clock, policy)
        self._suspected: dict[str, tuple[int, int]] = {}
        self._last: tuple[Difference, ...] | None = None
        self.last = Reconciliation(succeeded=False, reason="tape, venue and books have not been compared yet")
        self.is_ready = False

    def require_ready(self) -> None:
        """Refuse what must not happen before the first comparison has succeeded.

        Raises:
            SafetyError: None has.
        """
        if not self.is_ready:
            raise SafetyError(f"nothing is decided before the account is known: {self.last.reason}")

    def run(self) -> Reconciliation:
        """Compare everything once."""
        listing = self._looking.look(at_all=True)
        self._settling.settle(listing)
        holdings = positions_asked(self._recorder, self._clock, self._gateway)
        if not listing.complete or not holdings.complete:
            self.last = Reconciliation(succeeded=False, reason=listing.reason or holdings.reason or "the venue's answer was not complete")
            return self.last
        venue = {position.symbol: position.quantity_micros for position in holdings.positions}
        self._note_baseline(venue)
        self._actions.take(venue, self._canceling, self._is_moving)
        found = (*self._missing(), *self._positions(venue), *self._books())
        self._note(found)
        self._cash.compare()
        in_doubt = [one.detail for one in found if not one.is_sure]
        self.last = Reconciliation(not in_doubt, "; ".join(in_doubt), found)
        self.is_ready = self.is_ready or self.last.succeeded
        return self.last

    def acknowledge(self, code: Code, subject: str, who: str, why: str, price_micros: int | None = None) -> None:
        """A person has looked at an incident. Shares of a symbol that differ are not ours from now on; what goes on has no effect any more.

        ``price_micros`` a share is what the session's own shares went for, if those are gone: they are booked as sold for it.

        Raises:
            SafetyError: There is no such incident, or the session's own shares are gone, and nobody says for what.
        """
        books, now = self._recorder.books, self._clock.now()
        if (code, subject) not in books.incidents:
            raise SafetyError(f"there is no open incident {code} of {subject}")
        new = [acknowledged(now, code, subject, who, why)]
        if code is Code.POSITION:
            shares = self._with_what_differs(subject)
            if shares[subject] * books.shares.get(subject, 0) < 0:
                new.append(self._gone(subject, shares.pop(subject), price_micros, f"{who}: {why}"))
            elif price_micros is not None:
                raise SafetyError(f"no {subject} of the session are gone, so a price says nothing; leave it out")
            new.append(NewEvent(now, events.BASELINE, {"shares": {name: count for name, count in sorted(shares.items()) if count}}))
            self._suspected.pop(subject, None)
        if code is Code.CASH:
            new.append(self._cash.accepted())
        self._recorder.write(*new)

    def _with_what_differs(self, symbol: str) -> dict[str, int]:
        """The shares of others, with those of ``symbol`` that nobody has accounted for."""
        shares = dict(self._recorder.books.baseline or {})
        excess, _ = self._suspected.get(symbol, (0, 0))
        shares[symbol] = shares.get(symbol, 0) + excess
        return shares

    def _gone(self, symbol: str, count: int, price_micros: int | None, said: str) -> NewEvent:
        """``count`` signed micro-shares of the session that the venue does not have any more, as the trade that a person says they were."""
        if price_micros is None or price_micros <= 0:
            raise SafetyError(
                f"the venue shows {from_micros(abs(count))} {symbol} fewer than the session holds, and they can be nobody else's: "
                "have them again, say with --price what they went for a share, or end the session and begin a new one"
            )
        orders = [one.order for one in self._recorder.books.tracked.values() if one.order.symbol == symbol and one.order.filled_micros]
        if not orders:
            raise SafetyError(
                f"no order of {symbol} is listened to any more that they could belong to: end the session and begin a new one"
            )
        now, amount = self._clock.now(), -notional(count, price_micros)
        event = TradeCorrection(
            now, symbol, count, amount, orders[-1].order_id, f"by hand {symbol} {now}", f"traded elsewhere, says {said}"
        )
        return NewEvent(now, events.CORRECTION, events.correction_payload(event), f"correction:{event.execution_id}")

    def _note_baseline(self, venue: Mapping[str, int]) -> None:
        if self._recorder.books.baseline is None:
            ours = self._recorder.books.shares
            shares = {symbol: count - ours.get(symbol, 0) for symbol, count in sorted(venue.items()) if count != ours.get(symbol, 0)}
            self._recorder.write(NewEvent(self._clock.now(), events.BASELINE, {"shares": shares}))

    # --- differences

    def _missing(self) -> list[Difference]:
        books, found = self._recorder.books, []
        for ref in sorted(self._looking.unlisted):
            tracked, leg = books.by_ref(ref)
            if leg.phase is Phase.BOUND:
                detail = f"the venue does not show {leg.venue_order_id}, which is {tracked.order.order_id}"
                found.append(Difference(Code.MISSING, tracked.order.order_id, detail))
        return found

    def _positions(self, venue: Mapping[str, int]) -> list[Difference]:
        books, found = self._recorder.books, []
        others = books.baseline or {}
        for symbol in sorted({*venue, *books.shares, *others, *self._suspected}):
            excess = venue.get(symbol, 0) - books.shares.get(symbol, 0) - others.get(symbol, 0)
            if not excess or self._is_moving(symbol):
                self._suspected.pop(symbol, None)
                continue
            before, times = self._suspected.get(symbol, (excess, 0))
            times = times + 1 if before == excess else 1
            self._suspected[symbol] = (excess, times)
            detail = f"the venue has {from_micros(excess)} {symbol} more than were traded here and were somebody's own"
            found.append(Difference(Code.POSITION, symbol, detail, is_sure=times >= self._policy.mismatches))
        return found

    def _is_moving(self, symbol: str) -> bool:
        """Whether something of the symbol has traded, or may have, that is not in our books yet."""
        for tracked in self._recorder.books.working():
            legs = tracked.legs if tracked.order.symbol == symbol else []
            if any(leg.phase is Phase.UNKNOWN or leg.known.cumulative_micros > leg.known.booked_micros for leg in legs):
                return True
        return False

    def _books(self) -> list[Difference]:
        if self._shares_of_engine is None:
            return []
        engine, tape = self._shares_of_engine(), self._recorder.books.shares
        wrong = [symbol for symbol in sorted({*engine, *tape}) if engine.get(symbol, 0) != tape.get(symbol, 0)]
        return [
            Difference(
                Code.LEDGER,
                symbol,
                f"the engine holds {from_micros(engine.get(symbol, 0))} {symbol}, the tape says {from_micros(tape.get(symbol, 0))}",
            )
            for symbol in wrong
        ]

    def _note(self, found: tuple[Difference, ...]) -> None:
        """Write down what is new and what is over, and how far the venue has been read."""
        books, now = self._recorder.books, self._clock.now()
        sure = {(one.code, one.subject): one for one in found if one.is_sure}
        doubted = {(one.code, one.subject) for one in found}
        new = [
            Incident(one.code, one.subject, self._effect(one.code), one.detail).event(now, lasts=True)
            for key, one in sure.items()
            if key not in books.incidents
        ]
        seen = [key for key in books.incidents if key[0] == Code.MISSING or (key[0] == Code.POSITION and not self._is_moving(key[1]))]
        new += [cleared(now, Code(code), subject, "onetape", "it is gone") for code, subject in seen if (code, subject) not in doubted]
        if new or self._last is None:
            details = [f"{one.code}: {one.detail}" for one in found]
            new.append(NewEvent(now, events.RECONCILED, {"listed_at": self._looking.listed_at, "differences": details}))
        self._last = found
        self._recorder.write(*new)

    def _effect(self, code: Code) -> Effect:
        if code is Code.POSITION and not self._gateway.link.exclusive_account:
            return Effect.ALERT  # the symbol is frozen
        return Effect.REDUCING if code is Code.MISSING else Effect.HALT
