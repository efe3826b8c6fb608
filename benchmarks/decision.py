"""What one decision costs: signals of 500 symbols to checked orders, with 252-day historical VaR each and joint portfolio VaR.

Every bar new signals arrive for every symbol and new windows are valued. The budgets are used up by some dozens of positions, so that most
targets are refused, each with its reason; in the last row they are wide and nearly every target becomes an order, with its stop behind it.
Prints the time of a decision inside the engine, warm: sizing, limits, order making and bookkeeping, and the two risk figures beside it.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.assembly.assemble import backtest
from framework.domain.market import BarSeries
from framework.engine.strategy import Strategy
from framework.runtime.loading import validated

if TYPE_CHECKING:
    from framework.engine.context import Context

SYMBOLS = 500
BARS = 300
WARM_FROM = 280
LIMIT_MS = 5.0
Settings = dict[str, dict[str, object]]
WIDE: Settings = {"sizing": {"method": "equal", "max_portfolio_var_pct": 1.0}, "limits": {"profile": "venue"}, "guards": {"enabled": False}}
SETTINGS: tuple[tuple[str, Settings], ...] = (
    ("conservative (10 orders a bar)", {}),
    ("venue", {"limits": {"profile": "venue"}}),
    ("venue, an order for each target", WIDE),
)
_DAY_NS = 86_400_000_000_000


class EveryBar(Strategy):
    """New strengths for every symbol at every bar."""

    def on_start(self, ctx: Context) -> None:  # noqa: D102
        self._strengths = np.random.default_rng(7).uniform(0.1, 1.0, (BARS + 1, len(ctx.symbols)))
        self._bar = 0

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        self._bar += 1
        for symbol, strength in zip(ctx.symbols, self._strengths[self._bar].tolist(), strict=True):
            ctx.target(symbol, strength)


def made() -> dict[str, BarSeries]:
    """Seeded random walks, 500 x 300 daily bars."""
    rng = np.random.default_rng(11)
    times = (np.arange(BARS) + 15_000) * _DAY_NS + 21 * 3_600_000_000_000
    series = {}
    for number in range(SYMBOLS):
        name = "".join(chr(65 + number // 26**power % 26) for power in (2, 1, 0))
        close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, BARS)))
        opened = close * np.exp(rng.normal(0.0, 0.003, BARS))
        high, low = np.maximum(opened, close) * 1.005, np.minimum(opened, close) * 0.995
        zero, one = np.zeros(BARS), np.ones(BARS)
        series[name] = BarSeries(name, times.copy(), opened, high, low, close, np.full(BARS, 1e7), zero, one)
    return series


class Decision(NamedTuple):
    """What one decision took, and how many orders it made."""

    wall_ms: float
    cpu_ms: float
    orders: int


def measured(settings: Settings) -> list[Decision]:
    """Every warm decision."""
    series = made()
    first = int(next(iter(series.values())).timestamp[WARM_FROM - 20])
    config = validated(
        {
            "strategy": {"class": "decision:EveryBar"},
            "universe": {"symbols": sorted(series)},
            "account": {"cash": 10_000_000},
            **settings,
            "sizing": {"min_position_value": 0, **settings.get("sizing", {})},
        },
        "benchmark",
    )
    from data import Dataset

    simulation = backtest(config, EveryBar(), Dataset(series, first, ()))
    engine, spent = simulation.engine, []
    decide, orders = engine.on_slice, simulation.journal.orders

    def timed(timestamp: int) -> None:
        before, wall, cpu = len(orders), time.perf_counter(), time.process_time()
        decide(timestamp)
        engine.desk.valuation.joint_risk()
        spent.append(Decision((time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3, len(orders) - before))

    engine.on_slice = timed  # type: ignore[method-assign]
    with simulation.broker:
        engine.start(first)
        simulation.driver.run(lambda _: None)
    return spent[20:]


def main() -> None:
    """Measure and print."""
    print("| limits | decisions | orders each | median ms | 90th percentile ms | median CPU ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, settings in SETTINGS:
        wall, cpu, orders = zip(*measured(settings), strict=True)
        late = sorted(wall)[int(len(wall) * 0.9)]
        print(
            f"| {name} | {len(wall)} | {statistics.mean(orders):.0f} "
            f"| {statistics.median(wall):.2f} | {late:.2f} | {statistics.median(cpu):.2f} |"
        )
    print(f"the limit is {LIMIT_MS} ms; the last row shows what it is not: a decision of hundreds of orders")


if __name__ == "__main__":
    main()
