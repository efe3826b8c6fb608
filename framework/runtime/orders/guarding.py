"""Is what is held still guarded? Shares whose stop is managed may be without one only for moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderStatus
from framework.domain.values import from_micros
from framework.runtime.orders.books import HERE
from framework.runtime.orders.incidents import Code, Effect, Incident, cleared
from framework.runtime.orders.policy import SECOND

if TYPE_CHECKING:
    from framework.runtime.orders.books import Tracked
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.emulating import Emulating
    from framework.runtime.orders.policy import OrderPolicy
    from framework.runtime.orders.recorder import Recorder


class Guarding:
    """Watches positions for which there has been a stop; one that is held guards only what ``emulating`` can see.

    Less than the ``lot`` of stops (micro-shares) follows the shares that one stands for, and is guarded on its own when they are gone.
    """

    def __init__(self, recorder: Recorder, clock: Clock, policy: OrderPolicy, emulating: Emulating, lot: int) -> None:
        self._emulating = emulating
        self._recorder = recorder
        self._clock = clock
        self._policy = policy
        self._lot = lot
        self._bare_since: dict[str, int] = {}

    def check(self) -> None:
        """Raise an alarm, and stop entries, for what has been unprotected too long; end it when it is protected again."""
        books, now = self._recorder.books, self._clock.monotonic()
        bare = {symbol: shares for symbol in self._managed() if (shares := self._unprotected(symbol)) > 0}
        self._bare_since = {symbol: self._bare_since.get(symbol, now) for symbol in bare}
        limit = round(self._policy.unprotected_seconds * SECOND)
        for symbol, since in self._bare_since.items():
            if now - since >= limit and (Code.UNPROTECTED, symbol) not in books.incidents:
                detail = f"nothing guards {from_micros(bare[symbol])} of {from_micros(books.shares[symbol])} {symbol}"
                incident = Incident(Code.UNPROTECTED, symbol, Effect.REDUCING, detail)
                self._recorder.write(incident.event(self._clock.now(), lasts=True))
        for code, symbol in list(books.incidents):
            if code == Code.UNPROTECTED and (symbol not in books.shares or self._unprotected(symbol) <= 0):
                self._recorder.write(cleared(self._clock.now(), Code.UNPROTECTED, symbol, "onetape", "it is protected again"))

    @property
    def counts(self) -> bool:
        """Whether something stands bare, and nobody was told yet."""
        return any((Code.UNPROTECTED, symbol) not in self._recorder.books.incidents for symbol in self._bare_since)

    def _managed(self) -> set[str]:
        books = self._recorder.books
        return {one.order.symbol for one in books.tracked.values() if one.order.role is OrderRole.STOP and one.order.symbol in books.shares}

    def _unprotected(self, symbol: str) -> int:
        """Micro-shares that neither a stop nor an exit stands for; one that is being canceled stands for none."""
        books = self._recorder.books
        held = books.shares[symbol]
        closing = [one for one in books.working() if one.order.symbol == symbol and one.order.side.sign * held < 0]
        standing = sum(one.order.leaves_micros for one in closing if self._stands(one))
        return abs(held) - standing if not standing or abs(held) - standing >= self._lot else 0

    def _stands(self, one: Tracked) -> bool:
        """Whether ``one`` is at the venue or held; one that was not sent is neither, unless it takes the place of one that is."""
        order, leg = one.order, one.leg
        if order.status in (OrderStatus.PENDING_CANCEL, OrderStatus.UNKNOWN) or not (order.role is OrderRole.STOP or order.leaves_at_once):
            return False
        if one.is_held and order.symbol in self._emulating.unseen:
            return False
        return leg is None or leg.phase not in HERE or any(self._recorder.books.others(one))
