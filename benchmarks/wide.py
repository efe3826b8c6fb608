"""100 million one-minute bars in one run: 100 Parquet files of a million bars each, more than may lie in memory.

The strategy holds the ten strongest of each session. Prints bars, CPU time and the peak of resident memory, pages of mapped files included
(the system's own count), of a process that does nothing else. The limit is 2 GB.

    python benchmarks/wide.py [--symbols N] [--bars N]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from workloads import name_of, session_minutes

from framework import Strategy, run

if TYPE_CHECKING:
    from framework import Context

LIMIT_MB = 2000.0
HELD = 10
SEED = 23


class Strongest(Strategy):
    """At each session's close the symbols that rose most in it."""

    def on_start(self, ctx: Context) -> None:  # noqa: D102
        ctx.schedule("market_close", self._choose)

    def _choose(self, ctx: Context) -> None:
        rises = {
            symbol: float(ctx.bars(symbol).close[-1] / ctx.bars(symbol).close[-min(390, len(ctx.bars(symbol)))]) for symbol in ctx.symbols
        }
        chosen = sorted(rises, key=lambda symbol: -rises[symbol])[:HELD]
        ctx.rebalance(dict.fromkeys(chosen, 0.09))


def write(folder: Path, symbols: int, count: int) -> None:
    """One file a symbol: a seeded random walk on the minutes of real sessions, a minute in five hundred missing."""
    index = pd.to_datetime(session_minutes(count), utc=True)
    dice = np.random.default_rng(SEED)
    for number in range(symbols):
        close = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 2e-4, count)))
        opened = np.concatenate(([100.0], close[:-1]))
        reach = dice.uniform(0.0, 2e-4, (2, count))
        high, low = np.maximum(opened, close) * (1.0 + reach[0]), np.minimum(opened, close) * (1.0 - reach[1])
        columns = {"open": opened, "high": high, "low": low, "close": close, "volume": dice.integers(1000, 10_000, count).astype(float)}
        table = pd.DataFrame(columns, index=index.rename("timestamp"))
        (table if number % 2 else table[dice.random(count) > 0.002]).to_parquet(folder / f"{name_of(number)}.parquet")


def play(folder: Path, symbols: int) -> None:
    """The run, in this process."""
    settings = {
        "strategy": {"class": "wide:Strongest"},
        "universe": {"symbols": [name_of(number) for number in range(symbols)]},
        "data": {"source": "parquet", "path": str(folder), "resolution": "1m", "warmup": 0, "policy": {"gap": "accept"}},
        "limits": {"profile": "venue"},
        "guards": {"enabled": False},
        "stops": {"attach": "never"},
    }
    wall = time.perf_counter()
    record = run(settings).record
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak, cpu = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    print(
        f"{record.bars:,} bars, {len(record.timestamps):,} decision times, {len(record.fills):,} fills, equity {record.equity[-1]:,.2f}\n"
        f"CPU {cpu:.0f} s ({cpu / record.bars * 1e6:.2f} us a bar), wall {time.perf_counter() - wall:.0f} s\n"
        f"peak of resident memory {peak:,.0f} MB; the limit is {LIMIT_MB:,.0f} MB: {'met' if peak < LIMIT_MB else 'MISSED'}"
    )
    sys.exit(peak >= LIMIT_MB)


def main() -> int:
    """Writes the files, and runs in a process of its own, so that writing does not count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--bars", type=int, default=1_000_000, help="of each symbol")
    parser.add_argument("--folder", type=Path, help="play the files that are there (the process of its own)")
    options = parser.parse_args()
    if options.folder is not None:
        play(options.folder, options.symbols)
    with tempfile.TemporaryDirectory(prefix="onetape-wide-") as folder:
        write(Path(folder), options.symbols, options.bars)
        command = [sys.executable, __file__, "--symbols", str(options.symbols), "--folder", folder]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - our own


if __name__ == "__main__":
    sys.exit(main())
