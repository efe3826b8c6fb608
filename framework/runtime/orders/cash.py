"""Has the cash of the account changed by what our trades have moved? Anything else is shown, until a person has said what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderSide
from framework.domain.values import MICRO, from_micros
from framework.rules.cash import kind_of
from framework.runtime.orders import events
from framework.runtime.orders.asking import asked
from framework.runtime.orders.books import AT_VENUE, Phase
from framework.runtime.orders.incidents import ACCOUNT, Code, Effect, Incident, cleared
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder

KEY = (Code.CASH, ACCOUNT)


class CashWatch:
    """Compares. What was there at the first look beside our trades is somebody's own, as shares are."""

    def __init__(self, recorder: Recorder, gateway: VenueGateway, clock: Clock, policy: OrderPolicy) -> None:
        self._recorder = recorder
        self._gateway = gateway
        self._clock = clock
        self._tolerance = round(policy.cash_tolerance_dollars * MICRO)
        self._mismatches = policy.mismatches
        self._seen = (0, 0)
        self._told = 0

    def compare(self) -> None:
        """Look once; what is there twice is told, and told again when it has changed."""
        if self._is_moving():
            return
        account = asked(self._recorder, self._clock, "account", self._gateway.account, lambda _: None)
        if account is None:
            return
        books, cash = self._recorder.books, round(account.cash * MICRO)
        if books.cash is None:
            self._recorder.write(self._baseline(cash - self._traded()))
            return
        difference = cash - self._traded() - books.cash
        before, times = self._seen
        self._seen = (difference, times + 1 if abs(difference - before) <= self._tolerance else 1)
        if abs(difference) <= self._tolerance:
            self._agrees()
        elif self._seen[1] >= self._mismatches:
            self._differs(difference, cash)

    def accepted(self) -> NewEvent:
        """A person has said what it is: it is not ours from now on."""
        difference, self._seen, self._told = self._seen[0], (0, 0), 0
        return self._baseline((self._recorder.books.cash or 0) + difference)

    def _baseline(self, micros: int) -> NewEvent:
        return NewEvent(self._clock.now(), events.CASH, {"micros": micros})

    def _traded(self) -> int:
        return sum(ledger.cash_micros for ledger in self._recorder.books.ledgers.values())

    def _is_moving(self) -> bool:
        """Whether something may have traded that is not booked yet, or keeps money back: a purchase that works at the venue."""
        for tracked in self._recorder.books.working():
            buys = tracked.order.side is OrderSide.BUY
            for leg in tracked.legs:
                is_unbooked = leg.phase is Phase.UNKNOWN or leg.known.cumulative_micros > leg.known.booked_micros
                if is_unbooked or (buys and leg.phase in AT_VENUE):
                    return True
        return False

    def _agrees(self) -> None:
        self._told = 0
        if KEY in self._recorder.books.incidents:
            self._recorder.write(cleared(self._clock.now(), *KEY, "onetape", "it is gone"))

    def _differs(self, difference: int, cash: int) -> None:
        if abs(difference - self._told) <= self._tolerance:
            return
        self._told = difference
        others = any(code == Code.POSITION for code, _ in self._recorder.books.incidents)
        kind = kind_of(difference, cash, others_traded=others)
        detail = f"the account has {from_micros(difference):+} dollars that no trade of ours has moved; it looks like: {kind}"
        self._recorder.write(Incident(*KEY, Effect.ALERT, detail).event(self._clock.now(), lasts=True))
