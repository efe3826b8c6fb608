"""How much, how protected, and how far: sizing, stops, limits, guards and orders as a user writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from framework.runtime.config_fields import Fraction, NotNegative, Number, Percent, Positive, Section, Whole

Bars = Annotated[Whole, Field(ge=0, le=100_000)]
Count = Annotated[Whole, Field(ge=1, le=1_000_000)]
OrderTypeName = Literal["market", "limit", "stop_loss", "stop_limit", "trailing_stop"]


class SizingSection(Section):
    """How large a target becomes; fractions of equity unless the name says otherwise."""

    method: Literal["var", "cvar", "atr", "kelly", "volatility", "equal", "fixed"] = "var"
    var_method: Literal[
        "historical",
        "age_weighted",
        "normal",
        "student",
        "student_fitted",
        "cornish_fisher",
        "ewma",
        "garch",
        "garch_student",
        "filtered_historical",
        "monte_carlo",
    ] = "historical"
    confidence: Annotated[Number, Field(gt=0.5, lt=1.0)] = 0.95
    lookback_days: Annotated[Whole, Field(ge=2, le=10_000)] = 252
    min_observations: Annotated[Whole, Field(ge=2, le=10_000)] = 60
    max_position_var_pct: Fraction = 0.005
    max_portfolio_var_pct: Fraction = 0.02
    max_position_pct: Fraction = 0.10
    max_total_exposure_pct: Fraction = 0.80
    fallback_position_pct: Fraction = 0.01
    assumed_var: Fraction = 0.05
    min_position_value: NotNegative = 100.0
    min_strength: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.1
    risk_per_trade_pct: Fraction = 0.01
    atr_multiple: Positive = 2.0
    target_volatility_pct: Fraction = 0.10
    kelly_fraction: Fraction = 0.25
    kelly_cap: Fraction = 0.25
    kelly_min_trades: Count = 30
    fixed_amount: Positive = 1_000.0
    fixed_unit: Literal["dollars", "shares"] = "dollars"


class StopsSection(Section):
    """The exits attached to entries; percentages in percent (5 means 5 %), 0 switches an addition off."""

    attach: Literal["entries", "targets", "never"] = "entries"
    method: Literal["percent", "atr", "trailing", "chandelier", "pullback"] = "atr"
    percent: Percent = 5.0
    atr_period: Count = 14
    atr_multiple: Positive = 2.0
    trail_percent: Percent = 5.0
    trail_amount: NotNegative = 0.0
    chandelier_bars: Count = 22
    chandelier_multiple: Positive = 3.0
    pullback_bars: Count = 3
    breakeven_r: NotNegative = 0.0
    breakeven_cost_bps: NotNegative = 0.0
    time_bars: Bars = 0
    target_r: NotNegative = 0.0
    target_percent: Annotated[Number, Field(ge=0.0, lt=100.0)] = 0.0
    may_loosen: bool = False
    lowers_on_dividend: bool = False


class LimitsSection(Section):
    """What an entry may not exceed; a limit set here overrides the profile's."""

    profile: Literal["conservative", "venue"] = "conservative"
    max_position_pct: Fraction | None = None
    max_position_risk_pct: Fraction | None = None
    max_sector_exposure_pct: Fraction | None = None
    max_total_exposure_pct: Fraction | None = None
    max_portfolio_heat_pct: Fraction | None = None
    max_portfolio_var_pct: Fraction | None = None
    max_turnover_pct_per_day: Positive | None = None
    max_average_volume_pct: Fraction | None = None
    max_correlation: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    max_positions: Count | None = None
    max_orders_per_bar: Count | None = None
    max_orders_per_day: Count | None = None
    min_order_value_dollars: NotNegative | None = None
    max_order_value_dollars: Positive | None = None
    min_average_volume_shares: NotNegative | None = None
    price_band_pct: Fraction | None = None
    entry_collar_pct: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    settled_cash_only: bool | None = None
    refuse_duplicates: bool | None = None
    sectors_file: Path | None = None


def _may_be_off(value: object) -> object:
    """A breaker's limit: a number, and 0 for none at all."""
    if isinstance(value, bool):
        raise ValueError("must be a number; 0 switches this breaker off")  # noqa: TRY004 - pydantic collects ValueErrors
    if isinstance(value, (int, float)) and value < 0:
        raise ValueError("must be above 0, or 0 to switch this breaker off")
    return value


Breaker = Annotated[float, BeforeValidator(_may_be_off), Field(le=1.0, allow_inf_nan=False)]
BreakerCount = Annotated[int, BeforeValidator(_may_be_off), Field(le=1_000_000)]


class GuardsSection(Section):
    """The circuit breakers; fractions of equity where the name ends in pct. A limit of 0 switches its breaker off."""

    enabled: bool = True
    max_daily_loss_pct: Breaker = 0.02
    max_drawdown_pct: Breaker = 0.20
    max_consecutive_losses: BreakerCount = 6
    streak_losses: BreakerCount = 3
    streak_multiplier: Fraction = 0.25
    streak_recovery_wins: Count = 2
    profit_goal_pct: Annotated[float, BeforeValidator(_may_be_off), Field(allow_inf_nan=False)] = 0.02
    profit_give_back: Fraction = 0.5
    max_violations: BreakerCount = 5
    violation_memory_sessions: Count = 5
    max_missed_bars: BreakerCount = 3
    max_broker_errors: BreakerCount = 10
    broker_window: Count = 20
    resets_daily: bool = True

    @model_validator(mode="after")
    def _can_trip(self) -> GuardsSection:
        if self.max_broker_errors > self.broker_window:
            raise ValueError(
                f"max_broker_errors = {self.max_broker_errors} cannot be reached among the last broker_window = {self.broker_window}; "
                "lower the first or raise the second"
            )
        return self


class OrdersSection(Section):
    """How targets are sent, and which types entries may have."""

    entry_type: Literal["market", "limit"] = "market"
    time_in_force: Literal["day", "gtc"] = "gtc"
    offset_mode: Literal["bps", "absolute"] = "bps"
    buy_offset: Number = 10.0
    sell_offset: Number = 10.0
    max_slippage_pct: Fraction = 0.01
    allowed_types: tuple[OrderTypeName, ...] = ("market", "limit", "stop_loss", "stop_limit", "trailing_stop")


class RebalanceSection(Section):
    """When the drift of a portfolio from its target weights is traded; fractions of equity, dollars for ``min_value``."""

    band: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.01
    min_value: NotNegative = 100.0
    max_gross: Annotated[Number, Field(ge=0.0, le=10.0)] = 1.0
    cost_bps: Annotated[Number, Field(ge=0.0, le=10_000.0)] = 10.0
