"""Everything a finished run leaves behind; the report and the run folder are made from this alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from framework.domain.on_demand import OnDemand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.account_event import AccountEvent
    from framework.domain.fill import Fill, Refusal, Trade
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.domain.order import Order


class Forecasts(Protocol):
    """Forecasts of risk, float64, one a decision time, worked out when they are first looked at: nothing in a run needs them."""

    @property
    def var_1d(self) -> Floats:
        """VaR, a positive fraction of equity."""

    @property
    def cvar_1d(self) -> Floats:
        """Expected shortfall, likewise."""

    @property
    def joint_var_1d(self) -> Floats:
        """VaR over the positions' joint history, NaN where there is none."""

    @property
    def joint_cvar_1d(self) -> Floats:
        """Expected shortfall over it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RunRecord:
    """The facts of one run.

    ``timestamps`` has one entry for each decision time (ns UTC); the other arrays have its length. ``equity``, ``cash`` and
    ``benchmark`` are dollars; ``exposure`` is the sum of |position value| over equity. ``var_1d`` and ``cvar_1d`` are the VaR and the
    expected shortfall of the portfolio, forecast at that time for one day at ``[sizing] confidence`` (simple sums over the positions), as
    positive fractions of equity; ``joint_var_1d`` and ``joint_cvar_1d`` are the same over the positions' joint history, NaN where there is
    none. ``benchmark`` is equal-weight buy and hold of the symbols, bought at the first open each symbol has in the run, dividends paid as
    cash. ``series`` holds the bars, including any warm-up bars before ``timestamps[0]``; ``finer`` the bars of a finer resolution
    that fills walked along, by symbol and resolution. ``events`` has decisions, reports of the broker, what happened to the account,
    refusals and what the guards did, in the order they happened. ``sectors`` are those of the symbols that have one. ``engine`` is the
    driver, and ``engine_reason`` why it was that one. What is an ``OnDemand`` is worked out at the first look.
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
    cash: OnDemand[Floats] = OnDemand()
    exposure: OnDemand[Floats] = OnDemand()
    forecasts: Forecasts
    benchmark: OnDemand[Floats] = OnDemand()
    series: Mapping[str, BarSeries]
    fills: Sequence[Fill]
    orders: Sequence[Order]
    trades: Sequence[Trade]
    account_events: Sequence[AccountEvent]
    refusals: Sequence[Refusal]
    fees: float
    slippage_cost: float
    traded_value: float
    warnings: OnDemand[tuple[str, ...]] = OnDemand()
    elapsed_seconds: float
    decisions_hash: OnDemand[str] = OnDemand()
    inputs_hash: OnDemand[str] = OnDemand()
    config_hash: str
    version: str
    config_text: OnDemand[str] = OnDemand()
    events: Sequence[object] = ()
    trials: int | None = None
    open_positions: Mapping[str, float] = field(default_factory=dict)
    sectors: Mapping[str, str] = field(default_factory=dict)
    finer: Mapping[str, BarSeries] = field(default_factory=dict)
    analyses: Mapping[str, object] = field(default_factory=dict)
    engine_reason: str = ""

    @property
    def var_1d(self) -> Floats:
        """Of ``forecasts``."""
        return self.forecasts.var_1d

    @property
    def cvar_1d(self) -> Floats:
        """Of ``forecasts``."""
        return self.forecasts.cvar_1d

    @property
    def joint_var_1d(self) -> Floats:
        """Of ``forecasts``."""
        return self.forecasts.joint_var_1d

    @property
    def joint_cvar_1d(self) -> Floats:
        """Of ``forecasts``."""
        return self.forecasts.joint_cvar_1d
