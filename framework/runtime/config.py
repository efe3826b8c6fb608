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
from framework.runtime.watch_config import AlertsSection, PromotionSection, ShadowSection

_CLASS_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

_PLACES = MappingProxyType(
    {
        "path": '"module:ClassName", for example "strategies.sma_cross:SmaCross": the file without .py, folders parted by dots',
        "cerebro": '"module:function", for example "my_setup:build"',
    }
)


class StrategySection(Section):
    """Which strategy runs: ``class`` as "module:ClassName", and its parameters.

    A ``bt.Strategy`` may have a function ``cerebro`` ("module:function") beside it that sets up its Cerebro.
    """

    path: Annotated[
        str,
        Field(
            alias="class",
            examples=["strategies.sma_cross:SmaCross"],
            description='The strategy, as "module:ClassName": beside the config, or installed.',
        ),
    ]
    params: dict[str, Parameter] = Field(
        default_factory=dict,
        examples=[{"fast": 10, "slow": 30}],
        description="Values of the strategy's parameters, its typed class attributes; what is left out keeps the class's default.",
    )
    cerebro: str | None = Field(
        default=None,
        examples=["my_setup:build"],
        description='For a backtrader strategy: "module:function" that sets up its Cerebro (data, analyzers, sizers).',
    )

    @field_validator("path", "cerebro")
    @classmethod
    def _is_a_place(cls, path: str | None, info: ValidationInfo) -> str | None:
        if path is not None and not _CLASS_PLACE.fullmatch(path):
            raise ValueError(f"write {_PLACES[info.field_name or 'path']}")
        return path


class UniverseSection(Section):
    """Which symbols may be traded."""

    symbols: Annotated[
        tuple[str, ...],
        Field(min_length=1, examples=[["AAPL", "MSFT"]], description="US equity symbols, each once; their order does not matter."),
    ]

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
    """Where bars come from, and what is done about those that are wrong."""

    source: Literal["sample", "csv", "parquet", "catalog", "robinhood"] = Field(
        default="sample",
        description="Where bars are read: the shipped sample, files in path, the local catalogue, or Robinhood.",
    )
    path: Path | None = Field(
        default=None,
        examples=["bars"],
        description="Folder of SYMBOL.csv or SYMBOL.parquet files, or of the catalogue; relative to the config file.",
    )
    resolution: Annotated[str, Field(pattern=r"^(1d|[1-9]\d{0,3}[mh])$")] = Field(
        default="1d", description="Length of a bar that is decided on: 1d, or minutes or hours such as 5m and 1h."
    )
    start: Day | None = Field(
        default=None, examples=["2005-01-03"], description="First session traded, inclusive; left out, the first there is."
    )
    end: Day | None = Field(
        default=None, examples=["2012-12-31"], description="Last session traded, inclusive; left out, the last there is."
    )
    warmup: Annotated[Whole, Field(ge=0)] = Field(
        default=252, description="Bars of history before start for each symbol, as far as there are any: seen, not traded."
    )
    calendar: str = Field(default="XNYS", description="Exchange calendar, a name of the exchange_calendars library.")
    timezone: str = Field(
        default="America/New_York", description="How times without an offset are read, and whose hours the calendar's sessions are."
    )
    adjust: Literal["splits", "adj_close", "none"] = Field(
        default="splits",
        description="What the files hold: prices of their day with splits, an adjusted close too, or prices adjusted already.",
    )
    policy: dict[str, str] = Field(
        default_factory=dict,
        examples=[{"gap": "accept"}],
        description="What to do with each kind of bad bar: see the table of kinds below.",
    )
    actions: Path | None = Field(
        default=None,
        examples=["actions.csv"],
        description="CSV file of splits, dividends, delistings and symbol changes; relative to the config file.",
    )
    finer: str | None = Field(
        default=None,
        examples=["5m"],
        description='Resolution of the bars that fills walk along, such as 5m; set together with [fills] path = "finer".',
    )
    finer_path: Path | None = Field(
        default=None, examples=["minutes"], description="Folder of the finer bars' files, another one than path."
    )

    @model_validator(mode="after")
    def _in_order(self) -> DataSection:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"start = {self.start} is after end = {self.end}; start must be the earlier one")
        return self


class AccountSection(Section):
    """The account: cash at the start in dollars, what may be borrowed, and what a year of it costs as a fraction.

    limited: paid in full, sales can be spent at once; cash: sales settle first, no short sales; margin: half of an entry may be borrowed.
    """

    cash: Annotated[Number, Field(ge=0.01, le=1e9)] = Field(default=100_000.0, description="Cash at the start, dollars.")
    type: Literal["limited", "cash", "margin"] = Field(default="limited", description="What an entry is paid with: see the account page.")
    debit_rate: Annotated[Number, Field(ge=0.0, le=1.0)] | None = Field(
        default=None,
        examples=[0.06],
        description="Interest on borrowed cash a year, a fraction; left out, 0.08 in a margin account and 0 in the others.",
    )
    credit_rate: Annotated[Number, Field(ge=0.0, le=1.0)] = Field(default=0.0, description="Interest received on cash a year, a fraction.")
    borrow_rate: Annotated[Number, Field(ge=0.0, le=10.0)] | None = Field(
        default=None,
        examples=[0.02],
        description="Cost of shares sold short a year, a fraction of their value; left out, 0.01 in a margin account and 0 in the others.",
    )


class BrokerSection(Section):
    """The venue that is imitated: robinhood (long only) or generic (long and short).

    ``fractional`` allows parts of a share where the venue has them; left out, robinhood trades whole shares and generic parts. The rest is
    for a venue that is asked over the network: ``rate_limit_requests`` in any ``rate_limit_window`` seconds, ``order_cooldown`` seconds
    between two orders; a refusal without a hint keeps us away ``backoff_base`` to the power n seconds, at most ``max_backoff``; a read
    whose answer is lost is asked again ``max_retries`` times.
    """

    name: Literal["robinhood", "generic"] = Field(
        default="robinhood", description="The venue: its rules hold in every mode, and live orders go there."
    )
    fractional: bool | None = Field(
        default=None,
        examples=[True],
        description="Whether parts of a share are traded; left out, the venue decides (robinhood whole shares, generic parts).",
    )
    rate_limit_requests: Annotated[Whole, Field(ge=1, le=10_000)] = Field(
        default=5, description="Requests allowed in any rate_limit_window."
    )
    rate_limit_window: Annotated[Number, Field(gt=0.0, le=3_600.0)] = Field(default=15.0, description="Length of that window, seconds.")
    order_cooldown: Annotated[Number, Field(ge=0.0, le=60.0)] = Field(default=2.0, description="Least time between two orders, seconds.")
    backoff_base: Annotated[Number, Field(ge=1.0, le=10.0)] = Field(
        default=2.0, description="After the n-th refusal without a hint the venue is left alone for this to the power n, seconds."
    )
    max_backoff: Annotated[Number, Field(ge=1.0, le=900.0)] = Field(default=60.0, description="Longest of these waits, seconds.")
    max_retries: Annotated[Whole, Field(ge=0, le=10)] = Field(
        default=3, description="How often a read whose answer was lost is asked again; an order never is."
    )


class FillsSection(Section):
    """How bars become fills; ``compat`` "backtrader" fills as backtrader's own broker does, which has no path and no cap on volume."""

    path: Literal["pessimistic", "optimistic", "nearest", "finer"] = Field(
        default="pessimistic",
        description="The way of the price inside a bar: which extreme comes first, or the bars of a finer resolution.",
    )
    limit_fill: Literal["touch", "through"] = Field(
        default="touch", description="Whether a limit order fills when its price is touched, or only when the market trades through it."
    )
    max_volume_share: Annotated[Number, Field(ge=0.0, le=1.0)] = Field(
        default=0.10, description="Part of a bar's volume that all our orders together may take; 0 turns the cap off."
    )
    slippage: SlippageChoice = Field(
        default=Slippage(), description="How far fills are worse than the market's price: a model's name, or a table of [fills.slippage]."
    )
    fees: FeesChoice = Field(default="venue", description='What trades cost: "venue", "none", or a table of [fills.fees].')
    compat: Literal["none", "backtrader"] = Field(
        default="none", description="backtrader fills as backtrader's own broker does: no path, no cap on volume."
    )

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

    name: Engine = Field(
        default="auto", description="The driver that plays the bars; auto picks the fastest that can. The result never depends on it."
    )


class Config(Section):
    """Everything a run is told. Secrets are no part of it."""

    mode: Literal["backtest", "paper", "live"] = Field(
        default="backtest", description="What a run is: history, a forward test, or real orders. Nothing else changes with it."
    )
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
    shadow: ShadowSection = ShadowSection()
    promotion: PromotionSection = PromotionSection()
    alerts: AlertsSection = AlertsSection()
    engine: EngineSection = EngineSection()

    @model_validator(mode="after")
    def _walks_what_is_there(self) -> Config:
        if (self.fills.path == "finer") is not (self.data.finer is not None):
            raise ValueError('sets one of [fills] path = "finer" and [data] finer = "5m" without the other; set both or none')
        return self


#: Names under which a secret would be written by mistake.
SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|totp|(?<![a-z])mfa(?![a-z])|pin_code|credential)")
