"""What a tear sheet is made of: the run folder's content and, where the caller has them, prices."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.report.summary import summarize
from framework.rules.guards.state import Transition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.fill import Fill, Trade
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.domain.record import RunRecord


DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class TearSheetData:
    """A finished run as the tear sheet needs it.

    ``summary`` is the content of ``summary.json``. The arrays are the columns of ``equity.csv``: ns UTC, dollars, and fractions of
    equity for ``exposure``, ``var_95_1d`` and ``joint_var_95_1d`` (NaN where there is none). ``order_states`` counts orders by their last
    status. ``series`` may lack symbols, or be empty: their prices are then left out of the page. ``transitions`` are what the circuit
    breakers did, in the order it happened.
    """

    summary: Mapping[str, object]
    description: str
    config_text: str
    timestamps: Integers
    equity: Floats
    cash: Floats
    exposure: Floats
    var_95_1d: Floats
    joint_var_95_1d: Floats
    benchmark: Floats
    fills: tuple[Fill, ...]
    trades: tuple[Trade, ...]
    order_states: Mapping[str, int]
    series: Mapping[str, BarSeries]
    transitions: tuple[Transition, ...] = ()

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
        """Confidence of the VaR forecasts: ``[sizing] confidence`` of the run's configuration, its default of 0.95 if that is not there."""
        try:
            sizing = tomllib.loads(self.config_text).get("sizing")
        except tomllib.TOMLDecodeError:
            return DEFAULT_CONFIDENCE
        stated = sizing.get("confidence") if isinstance(sizing, dict) else None
        return stated if isinstance(stated, float) and 0.5 < stated < 1.0 else DEFAULT_CONFIDENCE


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
        var_95_1d=record.var_95_1d,
        joint_var_95_1d=record.joint_var_95_1d,
        benchmark=record.benchmark,
        fills=tuple(record.fills),
        trades=tuple(record.trades),
        order_states=dict(sorted(Counter(str(order.status) for order in record.orders).items())),
        series=record.series,
        transitions=tuple(event for event in record.events if isinstance(event, Transition)),
    )
