"""Has the cash of the account changed by what our trades have moved? Anything else is shown, until a person has said what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderSide
from framework.domain.values import MICRO, from_micros, notional, to_micros
from framework.engine.market import session_number
from framework.rules.account.payments import CENT, Expected, explained_by
from framework.rules.cash import kind_of
from framework.runtime.orders import events
from framework.runtime.orders.asking import asked
from framework.runtime.orders.books import AT_VENUE, Phase
from framework.runtime.orders.incidents import ACCOUNT, Code, Effect, Incident, cleared
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.books import Payment
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
        difference = self._after_payments(cash - self._traded() - books.cash)
        before, times = self._seen
        self._seen = (difference, times + 1 if abs(difference - before) <= self._tolerance else 1)
        if abs(difference) <= self._tolerance:
            self._agrees()
        elif self._seen[1] >= self._mismatches:
            self._differs(difference, cash)

    def _after_payments(self, difference: int) -> int:
        """What is left of ``difference`` when the announced payments that explain it are booked."""
        now, today = self._clock.now(), session_number(self._clock.now())
        due = {key: one for key, one in self._recorder.books.payments.items() if one.pay_day <= today}
        before, times = self._seen
        step, tolerance = (difference - before, 0) if times else (difference, self._tolerance)  # what was off before is not known at first
        if not due or abs(step) <= max(CENT, tolerance):
            return difference
        found = explained_by(step, [self._expected(key, one) for key, one in due.items()], tolerance)
        sure = sum(one.amount_micros for one in found if not one.is_estimate)
        for one in found:
            self._recorder.write(self._paid(now, one.key, due[one.key], step - sure))
        return difference - sum(step - sure if one.is_estimate else one.amount_micros for one in found)

    def _expected(self, key: str, one: Payment) -> Expected:
        if not one.is_in_lieu:
            return Expected(key, one.amount_micros + one.others_micros)
        quotes = asked(self._recorder, self._clock, "quotes", lambda: self._gateway.quotes([one.symbol]), lambda _: {})
        quote = quotes.get(one.symbol)
        return Expected(key, notional(one.quantity_micros, 0 if quote is None else to_micros(quote.last)), is_estimate=True)

    def _paid(self, now: int, key: str, one: Payment, rest: int) -> NewEvent:
        """``one`` has come; what is left of the money is what a fraction of a share has brought."""
        amount = rest if one.is_in_lieu else one.amount_micros
        return NewEvent(now, events.PAID, {**one._asdict(), "amount_micros": amount, "key": key}, f"paid:{key}")

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
