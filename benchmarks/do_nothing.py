"""What a bar costs: plain backtrader beside onetape on backtrader, both with a strategy that does nothing.

Both read the same DataFrame of one-minute bars of real sessions and run once, in this order, in one process. Counted is CPU time
of the whole run, from the DataFrame to the result; only imports made before it are left out. The limit: onetape takes at most a third.

    python benchmarks/do_nothing.py [--bars N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import backtrader as bt
import exchange_calendars
import numpy as np
import pandas as pd
from idle import StockIdle

from framework import run

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1 / 3
SEED = 20240607
CONFIG = """
mode = "backtest"

[strategy]
class = "idle:Idle"

[universe]
symbols = ["AAPL"]

[data]
resolution = "1m"

[engine]
name = "backtrader"
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds of one run over ``bars`` bars."""

    name: str
    bars: int
    seconds: float

    @property
    def microseconds_a_bar(self) -> float:
        """CPU time of one bar."""
        return self.seconds / self.bars * 1e6


def minute_bars(count: int) -> pd.DataFrame:
    """``count`` synthetic one-minute bars, stamped at their close (UTC) inside real sessions of the New York exchange."""
    calendar = exchange_calendars.get_calendar("XNYS", start="2008-01-01", end="2023-12-31", side="right")
    index = calendar.minutes[:count]
    if len(index) < count:
        raise SystemExit(f"--bars {count}: the calendar holds {len(index)} minutes; ask for fewer")
    generator = np.random.default_rng(SEED)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 2e-4, count)))
    opening = np.concatenate(([100.0], close[:-1]))
    reach = generator.uniform(0.0, 2e-4, (2, count))
    high = np.maximum(opening, close) * (1.0 + reach[0])
    low = np.minimum(opening, close) * (1.0 - reach[1])
    volume = generator.integers(1_000, 10_000, count).astype(np.float64)
    columns = {"open": opening, "high": high, "low": low, "close": close, "volume": volume}
    return pd.DataFrame(columns, index=index.rename("timestamp"))


def stock_backtrader(frame: pd.DataFrame) -> int:
    """Cerebro with PandasData, no observers; returns the bars seen."""
    cerebro = bt.Cerebro(stdstats=False)
    # backtrader wants naive timestamps.
    cerebro.adddata(bt.feeds.PandasData(dataname=frame.tz_localize(None), timeframe=bt.TimeFrame.Minutes))
    cerebro.addstrategy(StockIdle)
    return len(cerebro.run()[0])


def onetape(frame: pd.DataFrame) -> int:
    """The same bars through onetape, driven by backtrader; returns the bars seen."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "onetape.toml"
        config.write_text(CONFIG, encoding="utf-8")
        return int(str(run(config, data={"AAPL": frame}).summary["bars"]))


def timed(name: str, work: Callable[[pd.DataFrame], int], frame: pd.DataFrame) -> Timing:
    """CPU time of ``work(frame)``, which must have seen every bar."""
    start = time.process_time()
    seen = work(frame)
    seconds = time.process_time() - start
    if seen != len(frame):
        raise SystemExit(f"{name} saw {seen} of {len(frame)} bars: the figures would mean nothing")
    return Timing(name, len(frame), seconds)


def table(timings: list[Timing]) -> str:
    """A Markdown table; the last column is relative to the first row."""
    rows = [
        f"| {one.name} | {one.seconds:.2f} | {one.microseconds_a_bar:.2f} | {one.seconds / timings[0].seconds:.3f} |" for one in timings
    ]
    return "\n".join(["| run | CPU seconds | microseconds a bar | share of the first |", "|---|--:|--:|--:|", *rows])


def main() -> int:
    """Runs both, prints the table; 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bars", type=int, default=1_000_000, help="number of bars (default: 1,000,000)")
    options = parser.parse_args()
    frame = minute_bars(options.bars)
    timings = [timed("plain backtrader, PandasData", stock_backtrader, frame), timed("onetape on backtrader", onetape, frame)]
    print(table(timings))
    share = timings[1].seconds / timings[0].seconds
    print(f"onetape takes {share:.3f} of plain backtrader's CPU time; the limit is {LIMIT:.3f}: {'met' if share <= LIMIT else 'MISSED'}")
    return 0 if share <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
