"""What a rolling risk panel costs: pandas' rolling quantile (VaR alone) beside the panel of VaR and CVaR.

Both read the same returns, in one process; the best CPU time of several runs, after one to warm up. The limit: the panel is at least 20
times as fast. Shown beside it: the same panel without numba, and one live decision for all symbols.

    python benchmarks/risk_panel.py [--days N] [--symbols N]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from framework.rules.risk.panel import historical_row, rolling_compiled, rolling_historical, rolling_plain
from framework.rules.risk.quantiles import tail_plan

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 20.0
SEED = 20240607
WINDOW = 252
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Timing:
    """Best CPU time of one call in seconds."""

    name: str
    seconds: float


def fat_tailed_returns(days: int, symbols: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Synthetic daily returns [days, symbols]: t with 4 degrees of freedom, 1 % scale, volatility that wanders."""
    generator = np.random.default_rng(SEED)
    volatility = 0.01 * np.exp(0.02 * generator.standard_normal((days, symbols)).cumsum(axis=0))
    return volatility * generator.standard_t(4.0, (days, symbols))


def timed(name: str, work: Callable[[], object], runs: int) -> Timing:
    """Best of ``runs`` calls after one that warms up."""
    work()
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return Timing(name, best)


def table(timings: list[Timing]) -> str:
    """A Markdown table; the last column says how many times as fast as the first row."""
    rows = [f"| {one.name} | {one.seconds * 1e3:.2f} | {timings[0].seconds / one.seconds:.1f} |" for one in timings]
    return "\n".join(["| work | milliseconds | times as fast |", "|---|--:|--:|", *rows])


def main() -> int:
    """Runs all, checks that the figures agree, prints the table; 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=2520, help="rows (default: 2520)")
    parser.add_argument("--symbols", type=int, default=500, help="columns (default: 500)")
    options = parser.parse_args()
    returns = fat_tailed_returns(options.days, options.symbols)
    frame, plan, last = pd.DataFrame(returns), tail_plan(WINDOW, CONFIDENCE), np.ascontiguousarray(returns[-WINDOW:])
    timings = [
        timed("pandas rolling().quantile(), VaR alone", lambda: frame.rolling(WINDOW).quantile(1 - CONFIDENCE), 5),
        timed("panel, VaR and CVaR", lambda: rolling_historical(returns, WINDOW, CONFIDENCE), 25),
        timed("panel without numba", lambda: rolling_plain(returns, WINDOW, plan), 1),
        timed("one decision: the last row of all symbols", lambda: historical_row(last, CONFIDENCE), 9),
    ]
    compiled, plain = rolling_compiled(returns, WINDOW, plan), rolling_plain(returns, WINDOW, plan)
    if not all(one.tobytes() == other.tobytes() for one, other in zip(compiled, plain, strict=True)):
        raise SystemExit("the compiled and the plain panel differ: the figures would mean nothing")
    print(f"{options.days} days x {options.symbols} symbols, window {WINDOW}, confidence {CONFIDENCE}\n\n{table(timings)}\n")
    ratio = timings[0].seconds / timings[1].seconds
    print(f"the panel is {ratio:.1f} times as fast as pandas; the limit is {LIMIT:.0f}: {'met' if ratio >= LIMIT else 'MISSED'}")
    return 0 if ratio >= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
