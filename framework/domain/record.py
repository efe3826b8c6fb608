"""Everything a finished run leaves behind; the report and the run folder are made from this alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.fill import Dividend, Fill, Refusal, Trade
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.domain.order import Order


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """The facts of one run.

    ``timestamps`` has one entry for each decision time (ns UTC); the other arrays have its length. ``equity``, ``cash`` and
    ``benchmark`` are dollars; ``exposure`` is the sum of |position value| over equity; ``var_95_1d`` is the one-day 95 % portfolio VaR
    forecast made at that time for the next session (simple sum of position VaRs), as a positive fraction of equity. ``benchmark`` is
    equal-weight buy and hold of the symbols, bought at the first open each symbol has in the run, dividends paid as cash.
    ``series`` holds the bars, including any warm-up bars before ``timestamps[0]``. ``events`` has decisions, reports of the broker,
    dividends, refusals and what the guards did, in the order they happened; ``joint_var_95_1d`` is the same forecast over the positions'
    joint history, NaN where there is none.
    """

    run_id: str
    mode: str
    engine: str
    strategy: str
    description: str
    params: Mapping[str, object]
    symbols: tuple[str, ...]
    bars: int
    initial_cash: float
    timestamps: Integers
    equity: Floats
    cash: Floats
    exposure: Floats
    var_95_1d: Floats
    joint_var_95_1d: Floats
    benchmark: Floats
    series: Mapping[str, BarSeries]
    fills: Sequence[Fill]
    orders: Sequence[Order]
    trades: Sequence[Trade]
    dividends: Sequence[Dividend]
    refusals: Sequence[Refusal]
    fees: float
    slippage_cost: float
    traded_value: float
    warnings: tuple[str, ...]
    elapsed_seconds: float
    decisions_hash: str
    inputs_hash: str
    config_hash: str
    version: str
    config_text: str = ""
    events: Sequence[object] = ()
    trials: int | None = None
    open_positions: Mapping[str, float] = field(default_factory=dict)
