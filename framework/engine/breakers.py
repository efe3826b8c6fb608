"""Must trading stop? The circuit breakers of a run, fed with what happens to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.fill import Refusal
from framework.domain.order import OrderRole
from framework.engine.market import session_number
from framework.rules.guards import breakers
from framework.rules.guards.policy import GuardPolicy
from framework.rules.guards.state import BREAKERS, GuardState, TradingState

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.engine.freshness import Lateness
    from framework.engine.journal import Journal

REDUCING = "guard_reducing"
HALTED = "guard_halted"
#: What the operator's word is checked by in a run without guards; it needs no limit.
_WITHOUT = GuardPolicy()


class Breakers:
    """The guard's state, folded event by event; ``policy`` ``None`` never trips, but for the operator.

    Attributes:
        state: What they remember; ``None`` before the first close, and without a policy.
        watches_data: Whether missing data may trip a breaker.
    """

    def __init__(self, policy: GuardPolicy | None, journal: Journal) -> None:
        self._policy = policy
        self._journal = journal
        self.watches_data = policy is not None and policy.max_missed_bars is not None
        #: The operator's word where there is no state to hold it.
        self._early = breakers.started(0, 0)
        self._state: GuardState | None = None
        #: Equity, the session's peak and the highest of all, which may be ahead of the state: most closes move nothing else.
        self._equity = self._day_peak = self._peak = 0
        self._is_ahead = False
        #: Above the first and up to the second, an equity is neither a peak nor near a limit.
        self._calm = (0, -1)

    @property
    def state(self) -> GuardState | None:
        """What the breakers remember; ``None`` before the first close."""
        if self._is_ahead and self._state is not None:
            self._state = replace(self._state, equity=self._equity, day_peak=self._day_peak, peak=self._peak)
            self._is_ahead = False
        return self._state

    @state.setter
    def state(self, state: GuardState) -> None:
        self._state, self._is_ahead, self._calm = state, False, (0, -1)
        self._equity, self._day_peak, self._peak = state.equity, state.day_peak, state.peak

    @property
    def data_is_stale(self) -> bool:
        """Whether data were missing at the last look."""
        return self._state is not None and self._state.data_is_stale

    def on_close(self, timestamp: int, session: int, equity: int) -> None:
        """The account is worth ``equity`` micro-dollars at a close of ``session``."""
        if self._policy is None or (self._state is not None and self._state.session == session and self._moved_calmly(equity)):
            return
        state = self.state or replace(breakers.started(session, equity), trips=self._early.trips)
        self._step(breakers.on_bar(state, self._policy, timestamp, session, equity))

    def _moved_calmly(self, equity: int) -> bool:
        """Whether no breaker has anything to say to ``equity``; it is taken in then."""
        if equity == self._equity:
            return True  # the same account again: every figure is what it was
        if self._calm[0] < equity <= self._calm[1]:
            self._equity, self._is_ahead = equity, True
            return True
        policy, state = self._policy, self._state
        day_peak, peak = max(self._day_peak, equity), max(self._peak, equity)
        if policy is None or state is None or not breakers.is_calm(policy, state.opening, day_peak, peak, equity):
            return False
        self._equity, self._day_peak, self._peak, self._is_ahead = equity, day_peak, peak, True
        self._calm = (breakers.calm_above(policy, state.opening, day_peak, peak), day_peak)
        return True

    def on_trade(self, timestamp: int, earned: int) -> None:
        """A round trip ended.

        It belongs to its bar's session, which begins here when that bar has not closed yet: else the close would take it for the last
        session's and release at once what it tripped.
        """
        if self._policy is None or self.state is None:
            return
        session = session_number(timestamp)
        if session != self.state.session:
            self._step(breakers.on_bar(self.state, self._policy, timestamp, session, self.state.equity))
        self._step(breakers.on_trade(self.state, self._policy, timestamp, earned))

    def on_data(self, now: int, late: Lateness | None) -> None:
        """The data of what is held or worked on were looked at; ``late`` is the worst of them, ``None`` where there is nothing."""
        if self._policy is None or self._state is None:
            return
        symbol, missed = ("", 0) if late is None else late
        if (self._state.data_is_stale or breakers.is_stale(self._policy, missed)) and self.state is not None:
            self._step(breakers.on_data(self.state, self._policy, now, symbol, missed))

    def on_wanted(self, now: int, symbol: str, missed: int | None) -> None:
        """``symbol``, which has ``missed`` bars in a row, is to be entered."""
        if self._policy is not None and self.state is not None and breakers.is_stale(self._policy, missed):
            self._step(breakers.on_wanted(self.state, self._policy, now, symbol, missed))

    def on_broker_answer(self, timestamp: int, *, failed: bool) -> None:
        """A submission or a cancel ended, well or not."""
        if self._policy is not None and self._state is not None and (failed or self._state.failures) and self.state is not None:
            self._step(breakers.on_broker_answer(self.state, self._policy, timestamp, failed))

    @property
    def trading(self) -> TradingState:
        """What is allowed."""
        return (self.state or self._early).trading

    def on_halt(self, timestamp: int, reason: str) -> None:
        """The operator stops everything that does not protect."""
        self._command(breakers.on_halt(self.state or self._early, self._policy or _WITHOUT, timestamp, reason))

    def on_reduce(self, timestamp: int, reason: str) -> None:
        """The operator stops entries."""
        self._command(breakers.on_reduce(self.state or self._early, self._policy or _WITHOUT, timestamp, reason))

    def on_resume(self, timestamp: int) -> None:
        """The operator goes on: every breaker is closed."""
        self._command(breakers.on_resume(self.state or self._early, timestamp))

    def on_override(self, timestamp: int, code: str) -> None:
        """The operator gives the breaker ``code`` another limit: it is closed, and trips again where that one is reached too."""
        if self._policy is not None and self.state is not None:
            self._step(breakers.on_override(self.state, self._policy, timestamp, code))

    def on_limit(self, timestamp: int, code: str) -> None:
        """The limit of the breaker ``code`` is the config's again: it trips at once where that is reached, as a new session leaves it."""
        if self._policy is None or self.state is None:
            return
        session = session_number(timestamp)
        if session != self.state.session:
            self._step(breakers.on_bar(self.state, self._policy, timestamp, session, self.state.equity))
            if self._policy.resets_daily and BREAKERS[code].daily:
                return
        self._step(breakers.on_limit(self.state, self._policy, timestamp, code))

    def follow(self, policy: GuardPolicy | None) -> None:
        """Trip by ``policy`` from now on."""
        self._policy, self._calm = policy, (0, -1)
        self.watches_data = policy is not None and policy.max_missed_bars is not None

    def _command(self, step: breakers.Step) -> None:
        if self.state is not None:
            self._step(step)
            return
        self._early, transitions = step
        for transition in transitions:
            self._journal.guarded(transition)

    def refusal(self, order: Order, *, reduces: bool) -> Refusal | None:
        """Why ``order`` may not be sent now; ``None`` when it may."""
        state = self._state or self._early  # what may be ahead of it is not asked here
        protects = order.role.protects or (reduces and order.role is OrderRole.FLATTEN)
        if not state.trips or breakers.permits(state.trading, reduces, protects):
            return None
        code = HALTED if state.trading is TradingState.HALTED else REDUCING
        cause = state.cause
        detail = f"{order.side} {order.quantity} {order.symbol}: {'' if cause is None else cause.detail}"
        figure, limit = (None, None) if cause is None else (cause.figure, cause.limit)
        return Refusal(order.created_at, order.symbol, code, detail, figure, limit)

    @property
    def size_multiplier(self) -> float:
        """What the size of an entry is multiplied by."""
        return 1.0 if self._state is None or self._policy is None else breakers.size_multiplier(self._state, self._policy)

    def _step(self, step: breakers.Step) -> None:
        self.state, transitions = step
        for transition in transitions:
            self._journal.guarded(transition)
