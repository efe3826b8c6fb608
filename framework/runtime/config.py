"""What can be configured, its default, its range and its meaning: one frozen model, the same in every mode."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from framework.domain.values import SYMBOL_PATTERN

_CLASS_PLACE = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")

Fraction = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A table of the config: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class StrategySection(Section):
    """Which strategy runs: ``class`` as "module:ClassName", and its parameters."""

    path: Annotated[str, Field(alias="class")]
    params: dict[str, bool | int | float | str] = {}

    @field_validator("path")
    @classmethod
    def _is_a_place(cls, path: str) -> str:
        if not _CLASS_PLACE.match(path):
            raise ValueError('write "module:ClassName", for example "strategies.sma_cross:SmaCross"')
        return path


class UniverseSection(Section):
    """Which symbols may be traded."""

    symbols: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("symbols")
    @classmethod
    def _are_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [symbol for symbol in symbols if not SYMBOL_PATTERN.match(symbol)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not a US equity symbol (1 to 5 capital letters, a class such as BRK.B at most)")
        twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} is listed twice")
        return tuple(sorted(symbols))


class DataSection(Section):
    """Where bars come from; see the data guide for what each policy accepts."""

    source: Literal["sample", "csv", "parquet"] = "sample"
    path: Path | None = None
    resolution: Annotated[str, Field(pattern=r"^[1-9]\d*[mhd]$")] = "1d"
    start: date | None = None
    end: date | None = None
    warmup: Annotated[int, Field(ge=0)] = 252
    calendar: str = "XNYS"
    timezone: str = "America/New_York"
    adjust: Literal["splits", "adj_close", "none"] = "splits"
    policy: dict[str, str] = {}

    @model_validator(mode="after")
    def _in_order(self) -> DataSection:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"start = {self.start} is after end = {self.end}")
        return self


class AccountSection(Section):
    """The account at the start; cash in dollars."""

    cash: Annotated[Positive, Field(le=1e9)] = 100_000.0


class BrokerSection(Section):
    """The venue that is imitated: robinhood (long only, whole shares) or generic (long and short, fractions)."""

    name: Literal["robinhood", "generic"] = "robinhood"


class SizingSection(Section):
    """How large a target becomes; fractions of equity unless the name says otherwise."""

    method: Literal["var", "equal"] = "var"
    var_method: Literal["historical", "parametric"] = "historical"
    confidence: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    lookback_days: Annotated[int, Field(ge=2)] = 252
    min_observations: Annotated[int, Field(ge=2)] = 60
    max_position_var_pct: Fraction = 0.005
    max_portfolio_var_pct: Fraction = 0.02
    max_position_pct: Fraction = 0.10
    max_total_exposure_pct: Fraction = 0.80
    fallback_position_pct: Fraction = 0.01
    assumed_var: Fraction = 0.05
    min_position_value: NotNegative = 100.0


class StopsSection(Section):
    """The stop attached to entries; percentages in percent (5 means 5 %)."""

    attach: Literal["entries", "targets", "never"] = "entries"
    method: Literal["percent", "atr", "trailing"] = "atr"
    percent: Annotated[float, Field(gt=0.0, lt=100.0)] = 5.0
    atr_period: Count = 14
    atr_multiple: Positive = 2.0
    trail_percent: Annotated[float, Field(gt=0.0, lt=100.0)] = 5.0


class LimitsSection(Section):
    """What an entry may not exceed; a limit set here overrides the profile's."""

    profile: Literal["conservative", "venue"] = "conservative"
    max_position_pct: Fraction | None = None
    max_total_exposure_pct: Fraction | None = None


class Slippage(Section):
    """How far fills are worse than the market's price, in basis points."""

    model: Literal["none", "bps"] = "bps"
    bps: Annotated[float, Field(ge=0.0, le=1000.0)] = 2.0


class Fees(Section):
    """Commission: dollars a share and a fraction of the value."""

    per_share: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0
    rate: Annotated[float, Field(ge=0.0, le=0.1)] = 0.0


def _slippage_by_name(value: object) -> object:
    return {"model": value} if isinstance(value, str) else value


class FillsSection(Section):
    """How bars become fills."""

    path: Literal["pessimistic", "optimistic", "nearest"] = "pessimistic"
    limit_fill: Literal["touch", "through"] = "touch"
    max_volume_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.10
    slippage: Annotated[Slippage, BeforeValidator(_slippage_by_name)] = Slippage()
    fees: Literal["venue", "none"] | Fees = "venue"
    compat: Literal["none"] = "none"


Engine = Literal["auto", "backtrader"]
ENGINES: tuple[str, ...] = get_args(Engine)


class EngineSection(Section):
    """Who turns the crank."""

    name: Engine = "auto"


class Later(Section):
    """A section whose keys belong to a later version; it may stand in a config, empty."""


class Config(Section):
    """Everything a run is told. Secrets are no part of it."""

    mode: Literal["backtest"] = "backtest"
    strategy: StrategySection
    universe: UniverseSection
    data: DataSection = DataSection()
    account: AccountSection = AccountSection()
    broker: BrokerSection = BrokerSection()
    sizing: SizingSection = SizingSection()
    stops: StopsSection = StopsSection()
    limits: LimitsSection = LimitsSection()
    guards: Later = Later()
    orders: Later = Later()
    fills: FillsSection = FillsSection()
    tape: Later = Later()
    engine: EngineSection = EngineSection()


#: Names under which a secret would be written by mistake.
SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|totp|mfa|pin_code|credential)")
