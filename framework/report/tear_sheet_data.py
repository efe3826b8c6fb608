"""What a tear sheet is made of: the run folder's content and, where the caller has them, prices."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderType
from framework.report.levels import LevelStep, working_levels
from framework.report.summary import summarize
from framework.rules.guards.state import Transition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from framework.domain.account_event import AccountEvent
    from framework.domain.fill import Fill, Trade
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.domain.order import Order
    from framework.domain.record import RunRecord
    from framework.report.levels import WorkingLevel


DEFAULT_CONFIDENCE = 0.95
DEFAULT_LOOKBACK = 252


@dataclass(frozen=True, slots=True, eq=False)
class TearSheetData:
    """A finished run as the tear sheet needs it.

    ``summary`` is the content of ``summary.json``. The arrays are the columns of ``equity.csv``: ns UTC, dollars, and fractions of
    equity for ``exposure`` and the four forecasts (NaN where there is none). ``order_states`` counts orders by their last status.
    ``series`` may lack symbols, or be empty: their prices are then left out of the page. ``transitions`` are what the circuit
    breakers did, ``account_events`` what happened to the account without a trade, both in the order it happened. ``stops`` and ``limits``
    are when protective stops and limit orders worked, and where. ``beside_model`` is what parts a live run from its shadow, as ``compare``
    says it; ``None`` where there is no shadow.
    """

    summary: Mapping[str, object]
    description: str
    config_text: str
    timestamps: Integers
    equity: Floats
    cash: Floats
    exposure: Floats
    var_1d: Floats
    cvar_1d: Floats
    joint_var_1d: Floats
    joint_cvar_1d: Floats
    benchmark: Floats
    fills: tuple[Fill, ...]
    trades: tuple[Trade, ...]
    order_states: Mapping[str, int]
    series: Mapping[str, BarSeries]
    transitions: tuple[Transition, ...] = ()
    account_events: tuple[AccountEvent, ...] = ()
    sectors: Mapping[str, str] = field(default_factory=dict)
    stops: tuple[WorkingLevel, ...] = ()
    limits: tuple[WorkingLevel, ...] = ()
    beside_model: Mapping[str, object] | None = None

    def figure(self, name: str) -> float | None:
        """A number of the summary; ``None`` when the run does not have it."""
        value = self.summary[name]
        return float(value) if isinstance(value, int | float) else None

    def text(self, name: str) -> str:
        """A text of the summary; empty when the run does not have it."""
        value = self.summary[name]
        return "" if value is None else str(value)

    @property
    def initial_cash(self) -> float:
        """Dollars at the start."""
        return self.figure("initial_cash") or 0.0

    @property
    def confidence(self) -> float:
        """Confidence of the risk forecasts: ``[sizing] confidence`` of the run's configuration, 0.95 by default."""
        stated = self._sizing("confidence")
        return stated if isinstance(stated, float) and 0.5 < stated < 1.0 else DEFAULT_CONFIDENCE

    @property
    def lookback(self) -> int:
        """Daily returns a risk estimate is made from: ``[sizing] lookback_days`` of the run's configuration, 252 by default."""
        stated = self._sizing("lookback_days")
        return stated if isinstance(stated, int) and stated >= 2 else DEFAULT_LOOKBACK

    def _sizing(self, key: str) -> object:
        try:
            sizing = tomllib.loads(self.config_text).get("sizing")
        except tomllib.TOMLDecodeError:
            return None
        return sizing.get(key) if isinstance(sizing, dict) else None


def _stop_steps(orders: Sequence[Order]) -> Iterator[LevelStep]:
    for order in orders:
        if order.role is OrderRole.STOP:
            for change, terms in order.steps():
                yield LevelStep(order.order_id, order.symbol, change.timestamp, change.status, terms.stop_micros)


def _limit_steps(orders: Sequence[Order]) -> Iterator[LevelStep]:
    for order in orders:
        if order.order_type is OrderType.LIMIT:
            for change, terms in order.steps():
                yield LevelStep(order.order_id, order.symbol, change.timestamp, change.status, terms.limit_micros)


def from_record(record: RunRecord) -> TearSheetData:
    """The tear sheet's data of a run that just ended."""
    return TearSheetData(
        summary=summarize(record),
        description=record.description,
        config_text=record.config_text,
        timestamps=record.timestamps,
        equity=record.equity,
        cash=record.cash,
        exposure=record.exposure,
        var_1d=record.var_1d,
        cvar_1d=record.cvar_1d,
        joint_var_1d=record.joint_var_1d,
        joint_cvar_1d=record.joint_cvar_1d,
        benchmark=record.benchmark,
        fills=tuple(record.fills),
        trades=tuple(record.trades),
        order_states=dict(sorted(Counter(str(order.status) for order in record.orders).items())),
        series=record.series,
        transitions=tuple(event for event in record.events if isinstance(event, Transition)),
        sectors=record.sectors,
        stops=working_levels(_stop_steps(record.orders)),
        limits=working_levels(_limit_steps(record.orders)),
        account_events=tuple(record.account_events),
    )
