"""When must trading stop? The limits of the circuit breakers, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from framework.errors import ConfigError

_COUNTS = (
    "max_consecutive_losses",
    "streak_losses",
    "streak_recovery_wins",
    "max_violations",
    "violation_memory_sessions",
    "max_missed_bars",
    "max_broker_errors",
    "broker_window",
)


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """When breakers trip; ``None`` turns one off.

    Attributes:
        max_daily_loss_pct: Loss since the end of the last session, open positions included, as a fraction of that equity (0.02 is 2 %).
        max_drawdown_pct: Fall from the highest equity seen, as a fraction of it.
        max_consecutive_losses: Losing round trips in a row that end the session's entries.
        streak_losses: Losing round trips in a row that cut the size of entries.
        streak_multiplier: What sizes are multiplied by then (0.25 leaves a quarter).
        streak_recovery_wins: Winning round trips in a row that restore the full size; a resume command does too, a new session does not.
        profit_goal_pct: Gain in a session, as a fraction, from which on its profit is protected.
        profit_give_back: Fraction of the session's best profit that may be lost again once the goal was reached.
        max_violations: Violations of one kind that lead to the emergency shutdown.
        violation_memory_sessions: A kind's count starts again after that many sessions without one.
        max_missed_bars: Bars in a row (sessions, with daily bars) that were due and did not come, of a symbol held, worked on or wanted.
        max_broker_errors: Submissions and cancels that failed (rejected, lost, or an error of the broker) among the last ``broker_window``.
        broker_window: Submissions and cancels that are remembered.
        resets_daily: The daily breakers are released by the next session.

    Raises:
        ConfigError: A value is out of range.
    """

    max_daily_loss_pct: float | None = 0.02
    max_drawdown_pct: float | None = 0.20
    max_consecutive_losses: int | None = 6
    streak_losses: int | None = 3
    streak_multiplier: float = 0.25
    streak_recovery_wins: int = 2
    profit_goal_pct: float | None = 0.02
    profit_give_back: float = 0.5
    max_violations: int | None = 5
    violation_memory_sessions: int = 5
    max_missed_bars: int | None = 3
    max_broker_errors: int | None = 10
    broker_window: int = 20
    resets_daily: bool = True

    def __post_init__(self) -> None:
        for name in ("max_daily_loss_pct", "max_drawdown_pct", "profit_give_back", "streak_multiplier"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 1.0:
                raise ConfigError(f"[guards] {name} = {value}; it is a fraction above 0 and at most 1 (0.02 is 2 %)")
        if self.profit_goal_pct is not None and not 0.0 < self.profit_goal_pct < math.inf:
            raise ConfigError(f"[guards] profit_goal_pct = {self.profit_goal_pct}; it must be a finite number above 0")
        for name in _COUNTS:
            value = getattr(self, name)
            if value is not None and (value < 1 or value != int(value)):
                raise ConfigError(f"[guards] {name} = {value}; it must be a whole number from 1 on")
        if self.max_broker_errors is not None and self.max_broker_errors > self.broker_window:
            raise ConfigError(
                f"[guards] max_broker_errors = {self.max_broker_errors} cannot be reached among broker_window = {self.broker_window} calls"
            )
