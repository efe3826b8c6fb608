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

    method: Literal["var", "cvar", "atr", "kelly", "volatility", "equal", "fixed"] = Field(
        default="var", description="How a full-strength target becomes dollars: see the page about sizing."
    )
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
    ] = Field(default="historical", description="How a symbol's value at risk is estimated.")
    confidence: Annotated[Number, Field(gt=0.5, lt=1.0)] = Field(
        default=0.95, description="Confidence of value at risk and expected shortfall."
    )
    lookback_days: Annotated[Whole, Field(ge=2, le=10_000)] = Field(default=252, description="Daily returns behind an estimate.")
    min_observations: Annotated[Whole, Field(ge=2, le=10_000)] = Field(
        default=60, description="Daily returns it needs at least; with fewer the risk is not known."
    )
    max_position_var_pct: Fraction = Field(default=0.005, description="One-day value at risk of a full-strength position.")
    max_portfolio_var_pct: Fraction = Field(
        default=0.02, description="Budget of all positions together: the simple sum of their one-day VaR."
    )
    max_position_pct: Fraction = Field(
        default=0.10, description="Largest position the sizer asks for; [limits] max_position_pct may be tighter."
    )
    max_total_exposure_pct: Fraction = Field(default=0.80, description="Largest sum of the absolute values of all positions.")
    fallback_position_pct: Fraction = Field(
        default=0.01, description="Size where the risk is not believed (a halted symbol) or Kelly has no history."
    )
    assumed_var: Fraction = Field(
        default=0.05, description="One-day VaR, fraction of value, charged for a symbol whose own is not known or not believed."
    )
    min_position_value: NotNegative = Field(default=100.0, description="Additions worth less, in dollars, are not made.")
    min_strength: Annotated[Number, Field(ge=0.0, le=1.0)] = Field(default=0.1, description="Weakest signal that may add to a position.")
    risk_per_trade_pct: Fraction = Field(
        default=0.01, description="Method atr: what is lost when the price moves atr_multiple ATR against the position."
    )
    atr_multiple: Positive = Field(default=2.0, description="Method atr: average true ranges at stake.")
    target_volatility_pct: Fraction = Field(
        default=0.10, description="Method volatility: the portfolio's volatility a year, with all slots filled."
    )
    kelly_fraction: Fraction = Field(default=0.25, description="Method kelly: part of the full Kelly stake.")
    kelly_cap: Fraction = Field(default=0.25, description="Method kelly: largest stake.")
    kelly_min_trades: Count = Field(default=30, description="Method kelly: closed trades before the stake is believed.")
    fixed_amount: Positive = Field(default=1_000.0, description="Method fixed: size of a full-strength position, in fixed_unit.")
    fixed_unit: Literal["dollars", "shares"] = Field(default="dollars", description="Method fixed: dollars or shares.")


class StopsSection(Section):
    """The exits attached to entries; percentages in percent (5 means 5 %), 0 switches an addition off."""

    attach: Literal["entries", "targets", "never"] = Field(
        default="entries", description="Which positions get the stop: every entry, only what targets sized, or none."
    )
    method: Literal["percent", "atr", "trailing", "chandelier", "pullback"] = Field(
        default="atr", description="How the stop's level is found."
    )
    percent: Percent = Field(
        default=5.0, description="Method percent: distance from the entry, percent. Also used where another method lacks history."
    )
    atr_period: Count = Field(default=14, description="Bars of the average true range.")
    atr_multiple: Positive = Field(default=2.0, description="Method atr: average true ranges from the entry.")
    trail_percent: Percent = Field(default=5.0, description="Method trailing: distance from the best price since the entry, percent.")
    trail_amount: NotNegative = Field(
        default=0.0, description="Method trailing: the same in dollars a share, in place of trail_percent; 0 is off."
    )
    chandelier_bars: Count = Field(default=22, description="Method chandelier: bars of the extreme and of its average true range.")
    chandelier_multiple: Positive = Field(default=3.0, description="Method chandelier: average true ranges from the extreme.")
    pullback_bars: Count = Field(
        default=3, description="Method pullback: one tick beyond the lowest low (short: highest high) of so many bars."
    )
    breakeven_r: NotNegative = Field(
        default=0.0, description="Profit, in multiples of the entry's risk a share, that moves the stop to the entry; 0 is off."
    )
    breakeven_cost_bps: NotNegative = Field(
        default=0.0, description="How far beyond the entry it moves then, for costs, hundredths of a percent."
    )
    time_bars: Bars = Field(
        default=0, description="The position is left at the close of this bar, that of the entry being the first; 0 is off."
    )
    target_r: NotNegative = Field(default=0.0, description="Profit target in multiples of the entry's risk a share; 0 is off.")
    target_percent: Annotated[Number, Field(ge=0.0, lt=100.0)] = Field(
        default=0.0, description="Profit target in percent from the entry, in place of target_r; 0 is off."
    )
    may_loosen: bool = Field(default=False, description="Let the level follow its rule away from the price too, never past the first one.")
    lowers_on_dividend: bool = Field(default=False, description="Lower stop and target by a dividend on its ex date.")


class LimitsSection(Section):
    """What an entry may not exceed; ``_pct`` is a fraction, of equity unless said otherwise. What is set here overrides the profile."""

    profile: Literal["conservative", "venue"] = Field(
        default="conservative", description="The numbers that hold where a key is left out; venue keeps cash, venue and sanity only."
    )
    max_position_pct: Fraction | None = Field(default=None, examples=[0.05], description="Value of one position, working entries included.")
    max_position_risk_pct: Fraction | None = Field(
        default=None, examples=[0.01], description="Loss of one position at its stop; without a stop its whole value."
    )
    max_sector_exposure_pct: Fraction | None = Field(default=None, examples=[0.3], description="Sum of absolute values in one sector.")
    max_total_exposure_pct: Fraction | None = Field(default=None, examples=[0.8], description="Sum of absolute values of all positions.")
    max_portfolio_heat_pct: Fraction | None = Field(
        default=None, examples=[0.06], description="Sum of the losses of all positions at their stops."
    )
    max_portfolio_var_pct: Fraction | None = Field(
        default=None, examples=[0.02], description="Simple sum of the one-day VaR of all positions, after the trade."
    )
    max_turnover_pct_per_day: Positive | None = Field(
        default=None, examples=[0.5], description="Value traded in a day, both sides; exits count and are never stopped."
    )
    max_average_volume_pct: Fraction | None = Field(
        default=None, examples=[0.01], description="Shares of one entry, as a fraction of the symbol's average daily volume."
    )
    max_correlation: Annotated[Number, Field(ge=0.0, le=1.0)] | None = Field(
        default=None, examples=[0.8], description="Highest correlation with a holding, signed by the directions of both."
    )
    max_positions: Count | None = Field(default=None, examples=[8], description="Symbols held or being entered.")
    max_orders_per_bar: Count | None = Field(default=None, examples=[10], description="Entries of one decision.")
    max_orders_per_day: Count | None = Field(default=None, examples=[20], description="Entries of one session.")
    min_order_value_dollars: NotNegative | None = Field(default=None, examples=[1], description="Least value of an entry, dollars.")
    max_order_value_dollars: Positive | None = Field(default=None, examples=[25_000], description="Largest value of an entry, dollars.")
    min_average_volume_shares: NotNegative | None = Field(
        default=None, examples=[100_000], description="Least average daily volume of a symbol that is entered, shares."
    )
    price_band_pct: Fraction | None = Field(
        default=None, examples=[0.5], description="How far a limit price may stand on the costly side of the last price, a fraction of it."
    )
    entry_collar_pct: Annotated[Number, Field(ge=0.0, le=1.0)] | None = Field(
        default=None,
        examples=[0.05],
        description="How far above the last price a market buy is assumed to fill when cash is reserved, a fraction of it.",
    )
    settled_cash_only: bool | None = Field(default=None, examples=[True], description="Buy only with money that has settled.")
    refuse_duplicates: bool | None = Field(
        default=None, examples=[False], description="Refuse an entry equal to one that is working; another tag makes it another order."
    )
    sectors_file: Path | None = Field(
        default=None,
        examples=["sectors.csv"],
        description="CSV file of symbols and their sectors in place of the shipped map; relative to the config file.",
    )


def _may_be_off(value: object) -> object:
    """A breaker's limit: a number, and 0 for none at all."""
    if isinstance(value, bool):
        raise ValueError("must be a number; 0 switches this breaker off")  # noqa: TRY004 - pydantic collects ValueErrors
    if isinstance(value, (int, float)) and value < 0:
        raise ValueError("must be above 0, or 0 to switch this breaker off")
    return value


Breaker = Annotated[float, BeforeValidator(_may_be_off), Field(ge=0.0, le=1.0, allow_inf_nan=False)]
BreakerCount = Annotated[int, BeforeValidator(_may_be_off), Field(ge=0, le=1_000_000)]


class GuardsSection(Section):
    """The circuit breakers; fractions of equity where the name ends in pct. A limit of 0 switches its breaker off."""

    enabled: bool = Field(default=True, description="All breakers, or none.")
    max_daily_loss_pct: Breaker = Field(
        default=0.02, description="Loss since the end of the last session, open positions included: no entries until the next one."
    )
    max_drawdown_pct: Breaker = Field(default=0.20, description="Fall from the highest equity seen: no entries until a command.")
    max_consecutive_losses: BreakerCount = Field(default=6, description="Losing trades in a row: no entries until the next session.")
    streak_losses: BreakerCount = Field(default=3, description="Losing trades in a row that make entries smaller.")
    streak_multiplier: Fraction = Field(default=0.25, description="What sizes are multiplied by then.")
    streak_recovery_wins: Count = Field(default=2, description="Winning trades in a row that restore the full size.")
    profit_goal_pct: Annotated[float, BeforeValidator(_may_be_off), Field(ge=0.0, allow_inf_nan=False)] = Field(
        default=0.02, description="Gain in a session from which on its profit is protected."
    )
    profit_give_back: Fraction = Field(
        default=0.5, description="Part of the session's best profit that may be lost again; more stops entries until the next session."
    )
    max_violations: BreakerCount = Field(default=5, description="Violations of one kind that stop everything.")
    violation_memory_sessions: Count = Field(default=5, description="Sessions without one after which a kind's count starts again.")
    max_missed_bars: BreakerCount = Field(
        default=3, description="Bars in a row that were due and did not come: no entries until they are back."
    )
    max_broker_errors: BreakerCount = Field(
        default=10, description="Failed orders and cancels among the last broker_window: everything stops but protection."
    )
    broker_window: Count = Field(default=20, description="Orders and cancels that are remembered.")
    resets_daily: bool = Field(default=True, description="The next session releases the daily breakers; false leaves that to a command.")

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

    entry_type: Literal["market", "limit"] = Field(
        default="market", description="How targets enter: at market, or as limit orders off the close."
    )
    time_in_force: Literal["day", "gtc"] = Field(default="gtc", description="How long orders for targets work.")
    offset_mode: Literal["bps", "absolute"] = Field(
        default="bps", description="Unit of the offsets: hundredths of a percent, or dollars a share (absolute)."
    )
    buy_offset: Number = Field(default=10.0, description="Limit of a buy above the close; below 0 it stands under it.")
    sell_offset: Number = Field(default=10.0, description="Limit of a sale below the close; below 0 it stands over it.")
    max_slippage_pct: Fraction = Field(
        default=0.01, description="Largest disadvantage of limit or quote against the close, a fraction of it; more refuses the order."
    )
    allowed_types: tuple[OrderTypeName, ...] = Field(
        default=("market", "limit", "stop_loss", "stop_limit", "trailing_stop"),
        description="Order types an entry may have; exits and protection are free.",
    )


class RebalanceSection(Section):
    """When the drift of a portfolio from its target weights is traded; fractions of equity, dollars for ``min_value``."""

    band: Annotated[Number, Field(ge=0.0, le=1.0)] = Field(
        default=0.01, description="A position this near to its target weight is left alone; exits never are."
    )
    min_value: NotNegative = Field(default=100.0, description="Changes worth less, in dollars, are not traded.")
    max_gross: Annotated[Number, Field(ge=0.0, le=10.0)] = Field(
        default=1.0, description="Largest sum of absolute weights; more is refused as a whole."
    )
    cost_bps: Annotated[Number, Field(ge=0.0, le=10_000.0)] = Field(
        default=10.0, description="Kept aside for costs when cash is planned, hundredths of a percent."
    )
