"""What can be configured, its default, its range and its meaning: one frozen model, the same in every mode."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from framework.domain.values import SYMBOL_PATTERN
from framework.runtime.config_fields import Day, Number, Parameter, Section, Whole
from framework.runtime.risk_config import GuardsSection, LimitsSection, OrdersSection, SizingSection, StopsSection

_CLASS_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class StrategySection(Section):
    """Which strategy runs: ``class`` as "module:ClassName", and its parameters."""

    path: Annotated[str, Field(alias="class", examples=["strategies.sma_cross:SmaCross"])]
    params: dict[str, Parameter] = Field(default_factory=dict)

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
    policy: dict[str, str] = Field(default_factory=dict)

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
    guards: GuardsSection = GuardsSection()
    orders: OrdersSection = OrdersSection()
    fills: FillsSection = FillsSection()
    tape: Later = Later()
    engine: EngineSection = EngineSection()


#: Names under which a secret would be written by mistake.
SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|totp|(?<![a-z])mfa(?![a-z])|pin_code|credential)")
