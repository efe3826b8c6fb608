"""What a run was told, as plain numbers that compiled code can take: the fields have the names of the policies they stand for."""

from __future__ import annotations

from typing import NamedTuple


class Exits(NamedTuple):
    """``ExitPolicy`` and which entries get a stop: all, or not ``explicit`` ones. ``trails``: the venue's trailing stop does the work."""

    attaches: bool
    explicit: bool
    has_stop: bool
    trails: bool
    moves: bool
    percent: float
    atr_multiple: float
    atr_period: int
    trail_percent: float
    trail_amount: float
    fallback_percent: float
    target_r: float
    target_percent: float
    may_loosen: bool
    breakeven_r: float
    breakeven_cost_bps: float


class Sizing(NamedTuple):
    """``SizingPolicy``; ``method`` is one of ``rules.sizing.numbers``, ``max_portfolio_var_pct`` infinite where there is no budget."""

    method: int
    max_position_var_pct: float
    max_portfolio_var_pct: float
    max_position_pct: float
    max_total_exposure_pct: float
    fallback_position_pct: float
    assumed_var: float
    risk_floor: float
    min_position_value: float
    min_strength: float
    risk_per_trade_pct: float
    atr_multiple: float
    target_volatility_pct: float
    kelly_fraction: float
    kelly_cap: float
    fixed_amount: float


class Limits(NamedTuple):
    """``RiskLimits`` as far as the loop knows them: millionths, micro-dollars and counts; -1 where a limit is off."""

    position: int
    position_risk: int
    sector: int
    exposure: int
    var: int
    orders_per_bar: int
    orders_per_day: int
    positions: int
    least: int
    most: int
    collar: float


class Venue(NamedTuple):
    """``Capabilities``: micro-shares, micro-dollars, ns; ``lifetime`` is how many sessions a gtc order works, 0 for ever."""

    shorting: bool
    lot: int
    ticks: tuple[tuple[int, int], ...]
    lifetime: int
    takes_passed_stops: bool
    reserves_shares: bool
    collar_millionths: int


class Fills(NamedTuple):
    """``FillModel``: slippage is ``rate`` millionths of the price and ``amount`` micro-dollars; ``free_value`` is -1 without fees."""

    path: int
    through: bool
    volume_share: float
    rate: int
    amount: int
    free_value: int
    free_shares: int


class Guards(NamedTuple):
    """``GuardPolicy`` as far as the loop knows it: fractions and counts; infinite, or 0 for a count, where a breaker is off."""

    enabled: bool
    daily_loss: float
    drawdown: float
    losses: int
    streak_losses: int
    streak_multiplier: float
    recovery_wins: int
    goal: float
    give_back: float
    violations: int
    memory: int
    resets: bool


class Terms(NamedTuple):
    """All of it."""

    cash: int
    slots: int
    exits: Exits
    sizing: Sizing
    limits: Limits
    venue: Venue
    fills: Fills
    guards: Guards
