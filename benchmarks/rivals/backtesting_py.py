"""backtesting.py on W1, W4 and W5: ``python backtesting_py.py FOLDER WORKLOAD BARS REPEATS [TRAIL]``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy, backtesting
from backtesting.lib import crossover
from timing import Outcome, report
from workloads import CASH, COLUMNS, FAST, SHARES, SLOW, load_w1, load_w3

backtesting._tqdm = lambda bars, **_: bars  # noqa: SLF001 - its progress bar costs at every bar


def average(values: np.ndarray, length: int) -> np.ndarray:
    """A moving average, NaN before there is one."""
    total = np.cumsum(np.insert(np.asarray(values, dtype=float), 0, 0.0))
    return np.concatenate([np.full(length - 1, np.nan), (total[length:] - total[:-length]) / length])


class Cross(Strategy):
    """W1's rule; with ``trail`` a stop that is raised at every bar, as the library's own TrailingStrategy does."""

    trail = 0.0

    def init(self) -> None:
        """Indicators."""
        close = self.data.Close
        self.fast, self.slow = self.I(average, close, FAST, plot=False), self.I(average, close, SLOW, plot=False)

    def next(self) -> None:
        """One bar."""
        position = self.position
        if self.trail and position:
            level = self.data.High[-1] * (1.0 - self.trail)
            for trade in self.trades:
                trade.sl = level if trade.sl is None else max(trade.sl, level)
        if crossover(self.fast, self.slow):
            if not position:
                self.buy(size=SHARES, sl=self.data.Close[-1] * (1.0 - self.trail) if self.trail else None)
        elif position and crossover(self.slow, self.fast):
            position.close()


def main() -> None:
    """Run what the command line says."""
    folder, workload, bars, repeats = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    trail = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    columns = load_w3(folder, "AAPL") if workload == "w4" else load_w1(folder, bars)
    index = pd.to_datetime(columns["timestamp"], unit="D" if workload == "w4" else "ns")
    frame = pd.DataFrame({name.capitalize(): columns[name] for name in COLUMNS}, index=index)

    def work() -> Outcome:
        found = Backtest(frame, Cross, cash=CASH, commission=0, finalize_trades=False).run(trail=trail)
        return Outcome(found["Equity Final [$]"], found["# Trades"])

    report("backtesting.py", work, repeats)


if __name__ == "__main__":
    main()
