"""What can be configured, its default, its range and its meaning: one frozen model, the same in every mode."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from framework.domain.values import SYMBOL_PATTERN

_CLASS_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _day(value: object) -> object:
    """A date as TOML and YAML have it, or its ISO text; pydantic alone would read a number as seconds since 1970."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError("must be a date that exists, written as 2005-01-31")  # noqa: TRY004 - pydantic collects ValueErrors
    return day


def _plain(value: object) -> object:
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError("a parameter is a number, text, true or false")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


Number = Annotated[float, BeforeValidator(_no_switch), Field(allow_inf_nan=False)]
Fraction = Annotated[Number, Field(gt=0.0, le=1.0)]
Positive = Annotated[Number, Field(gt=0.0)]
NotNegative = Annotated[Number, Field(ge=0.0)]
Percent = Annotated[Number, Field(gt=0.0, lt=100.0)]
Whole = Annotated[int, BeforeValidator(_no_switch)]
Day = Annotated[date, BeforeValidator(_day)]
Parameter = Annotated[bool | int | float | str, BeforeValidator(_plain)]


class Section(BaseModel):
    """A table of the config: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class StrategySection(Section):
    """Which strategy runs: ``class`` as "module:ClassName", and its parameters."""

    path: Annotated[str, Field(alias="class", examples=["strategies.sma_cross:SmaCross"])]
    params: dict[str, Parameter] = {}

    @field_validator("path")
    @classmethod
    def _is_a_place(cls, path: str) -> str:
        if not _CLASS_PLACE.fullmatch(path):
            raise ValueError('write "module:ClassName", for example "strategies.sma_cross:SmaCross"')
        return path


class UniverseSection(Section):
    """Which symbols may be traded."""

    symbols: Annotated[tuple[str, ...], Field(min_length=1, examples=[["AAPL", "MSFT"]])]

    @field_validator("symbols")
    @classmethod
    def _are_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [symbol for symbol in symbols if not SYMBOL_PATTERN.fullmatch(symbol)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not a US equity symbol: write 1 to 5 capital letters, with a class such as BRK.B at most")
        twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} is listed twice; name it once")
        return tuple(sorted(symbols))


class DataSection(Section):
    """Where bars come from; see the data guide for what each policy accepts."""

    source: Literal["sample", "csv", "parquet"] = "sample"
    path: Path | None = None
    resolution: Annotated[str, Field(pattern=r"^(1d|[1-9]\d{0,3}[mh])$")] = "1d"
    start: Day | None = None
    end: Day | None = None
    warmup: Annotated[Whole, Field(ge=0)] = 252
    calendar: str = "XNYS"
    timezone: str = "America/New_York"
    adjust: Literal["splits", "adj_close", "none"] = "splits"
    policy: dict[str, str] = {}

    @model_validator(mode="after")
    def _in_order(self) -> DataSection:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"start = {self.start} is after end = {self.end}; start must be the earlier one")
        return self


class AccountSection(Section):
    """The account at the start; cash in dollars."""

    cash: Annotated[Number, Field(ge=0.01, le=1e9)] = 100_000.0


class BrokerSection(Section):
    """The venue that is imitated: robinhood (long only, whole shares) or generic (long and short, fractions)."""

    name: Literal["robinhood", "generic"] = "robinhood"


class SizingSection(Section):
    """How large a target becomes; fractions of equity unless the name says otherwise."""

    method: Literal["var", "equal"] = "var"
    var_method: Literal["historical", "parametric"] = "historical"
    confidence: Annotated[Number, Field(gt=0.5, lt=1.0)] = 0.95
    lookback_days: Annotated[Whole, Field(ge=2)] = 252
    min_observations: Annotated[Whole, Field(ge=2)] = 60
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
    percent: Percent = 5.0
    atr_period: Annotated[Whole, Field(ge=1)] = 14
    atr_multiple: Positive = 2.0
    trail_percent: Percent = 5.0


class LimitsSection(Section):
    """What an entry may not exceed; a limit set here overrides the profile's."""

    profile: Literal["conservative", "venue"] = "conservative"
    max_position_pct: Fraction | None = None
    max_total_exposure_pct: Fraction | None = None


class Slippage(Section):
    """How far fills are worse than the market's price, in basis points."""

    model: Literal["none", "bps"] = "bps"
    bps: Annotated[Number, Field(ge=0.0, le=1000.0)] = 2.0


class Fees(Section):
    """Commission: dollars a share and a fraction of the value."""

    per_share: Annotated[Number, Field(ge=0.0, le=100.0)] = 0.0
    rate: Annotated[Number, Field(ge=0.0, le=0.1)] = 0.0


def _slippage_by_name(value: object) -> object:
    return {"model": value} if isinstance(value, str) else value


def _fees_branch(value: object) -> str:
    return "<table>" if isinstance(value, (dict, Fees)) else "<name>"


class FillsSection(Section):
    """How bars become fills."""

    path: Literal["pessimistic", "optimistic", "nearest"] = "pessimistic"
    limit_fill: Literal["touch", "through"] = "touch"
    max_volume_share: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.10
    slippage: Annotated[Slippage, BeforeValidator(_slippage_by_name)] = Slippage()
    fees: Annotated[Annotated[Literal["venue", "none"], Tag("<name>")] | Annotated[Fees, Tag("<table>")], Discriminator(_fees_branch)] = (
        "venue"
    )
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
