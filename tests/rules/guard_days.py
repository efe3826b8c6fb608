"""Days for circuit breakers."""

from __future__ import annotations

from framework.domain.values import MICRO
from framework.rules.guards.breakers import (
    on_bar,
    started,
)
from framework.rules.guards.policy import GuardPolicy
from framework.rules.guards.state import (
    GuardState,
    TradingState,
)

ACTIVE, REDUCING, HALTED = TradingState
START = 100_000 * MICRO
OFF = GuardPolicy(
    max_daily_loss_pct=None,
    max_drawdown_pct=None,
    max_consecutive_losses=None,
    streak_losses=None,
    profit_goal_pct=None,
    max_violations=None,
    max_missed_bars=None,
    max_broker_errors=None,
)


def tripped(state: GuardState) -> list[str]:
    return [trip.code for trip in state.trips]


def through(policy: GuardPolicy, *bars: tuple[int, float]) -> GuardState:
    """The state after bars of (session, equity in thousands of dollars), from 100 thousand in session 0."""
    state = started(0, START)
    for number, (session, equity) in enumerate(bars):
        state, _ = on_bar(state, policy, number, session, round(equity * 1000 * MICRO))
    return state
