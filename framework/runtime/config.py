"""What can be configured, its default, its range and its meaning: one frozen model, the same in every mode."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from framework.domain.values import SYMBOL_PATTERN
from framework.runtime.config_fields import Day, Number, Parameter, Section, Whole
from framework.runtime.cost_config import FeesChoice, Slippage, SlippageChoice
from framework.runtime.risk_config import GuardsSection, LimitsSection, OrdersSection, RebalanceSection, SizingSection, StopsSection
from framework.runtime.session_config import SessionSection, TapeSection

_CLASS_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

_PLACES = MappingProxyType(
    {
        "path": '"module:ClassName", for example "strategies.sma_cross:SmaCross"',
        "cerebro": '"module:function", for example "my_setup:build"',
    }
)


class StrategySection(Section):
    """Which strategy runs: ``class`` as "module:ClassName", and its parameters.

    A ``bt.Strategy`` may have a function ``cerebro`` ("module:function") beside it that sets up its Cerebro.
    """

    path: Annotated[str, Field(alias="class", examples=["strategies.sma_cross:SmaCross"])]
    params: dict[str, Parameter] = Field(default_factory=dict)
    cerebro: str | None = None

    @field_validator("path", "cerebro")
    @classmethod
    def _is_a_place(cls, path: str | None, info: ValidationInfo) -> str | None:
        if path is not None and not _CLASS_PLACE.fullmatch(path):
            raise ValueError(f"write {_PLACES[info.field_name or 'path']}")
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

    source: Literal["sample", "csv", "parquet", "catalog", "robinhood"] = "sample"
    path: Path | None = None
    resolution: Annotated[str, Field(pattern=r"^(1d|[1-9]\d{0,3}[mh])$")] = "1d"
    start: Day | None = None
    end: Day | None = None
    warmup: Annotated[Whole, Field(ge=0)] = 252
    calendar: str = "XNYS"
    timezone: str = "America/New_York"
    adjust: Literal["splits", "adj_close", "none"] = "splits"
    policy: dict[str, str] = Field(default_factory=dict)
    actions: Path | None = None
    finer: str | None = None
    finer_path: Path | None = None

    @model_validator(mode="after")
    def _in_order(self) -> DataSection:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"start = {self.start} is after end = {self.end}; start must be the earlier one")
        return self


class AccountSection(Section):
    """The account: cash at the start in dollars, what may be borrowed, and what a year of it costs as a fraction.

    limited: paid in full, sales can be spent at once; cash: sales settle first, no short sales; margin: half of an entry may be borrowed.
    """

    cash: Annotated[Number, Field(ge=0.01, le=1e9)] = 100_000.0
    type: Literal["limited", "cash", "margin"] = "limited"
    debit_rate: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    credit_rate: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.0
    borrow_rate: Annotated[Number, Field(ge=0.0, le=10.0)] | None = None


class BrokerSection(Section):
    """The venue that is imitated: robinhood (long only) or generic (long and short).

    ``fractional`` allows parts of a share where the venue has them; left out, robinhood trades whole shares and generic parts. The rest is
    for a venue that is asked over the network: ``rate_limit_requests`` in any ``rate_limit_window`` seconds, ``order_cooldown`` seconds
    between two orders; a refusal without a hint keeps us away ``backoff_base`` to the power n seconds, at most ``max_backoff``; a read
    whose answer is lost is asked again ``max_retries`` times.
    """

    name: Literal["robinhood", "generic"] = "robinhood"
    fractional: bool | None = None
    rate_limit_requests: Annotated[Whole, Field(ge=1, le=10_000)] = 5
    rate_limit_window: Annotated[Number, Field(gt=0.0, le=3_600.0)] = 15.0
    order_cooldown: Annotated[Number, Field(ge=0.0, le=60.0)] = 2.0
    backoff_base: Annotated[Number, Field(ge=1.0, le=10.0)] = 2.0
    max_backoff: Annotated[Number, Field(ge=1.0, le=900.0)] = 60.0
    max_retries: Annotated[Whole, Field(ge=0, le=10)] = 3


class FillsSection(Section):
    """How bars become fills; ``compat`` "backtrader" fills as backtrader's own broker does, which has no path and no cap on volume."""

    path: Literal["pessimistic", "optimistic", "nearest", "finer"] = "pessimistic"
    limit_fill: Literal["touch", "through"] = "touch"
    max_volume_share: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.10
    slippage: SlippageChoice = Slippage()
    fees: FeesChoice = "venue"
    compat: Literal["none", "backtrader"] = "none"

    @model_validator(mode="after")
    def _no_idle_keys(self) -> FillsSection:
        idle = sorted(self.model_fields_set & ({"path", "limit_fill"} | ({"max_volume_share"} if self.max_volume_share else set())))
        if self.compat == "backtrader" and idle:
            raise ValueError(f'{idle[0]} says nothing with compat = "backtrader", which has a rule of its own; remove one of the two')
        return self


Engine = Literal["auto", "backtrader", "arrays", "compiled"]
ENGINES: tuple[str, ...] = get_args(Engine)


class EngineSection(Section):
    """Who turns the crank."""

    name: Engine = "auto"


class Config(Section):
    """Everything a run is told. Secrets are no part of it."""

    mode: Literal["backtest", "paper", "live"] = "backtest"
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
    rebalance: RebalanceSection = RebalanceSection()
    fills: FillsSection = FillsSection()
    tape: TapeSection = TapeSection()
    session: SessionSection = SessionSection()
    engine: EngineSection = EngineSection()

    @model_validator(mode="after")
    def _walks_what_is_there(self) -> Config:
        if (self.fills.path == "finer") is not (self.data.finer is not None):
            raise ValueError('sets one of [fills] path = "finer" and [data] finer = "5m" without the other; set both or none')
        return self


#: Names under which a secret would be written by mistake.
SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|totp|(?<![a-z])mfa(?![a-z])|pin_code|credential)")
