"""What the catalogue costs: 500 symbols of daily bars into arrays, and many minute bars appended and scanned in bounded memory.

    python benchmarks/catalog.py [--symbols N] [--days N] [--minutes N] [--folder DIR]

The limits: the arrays are there in less than a second, files in the system's cache; appending and scanning minutes takes less than 500 MB
of memory, however many they are. Minutes go to ten series, a million a call.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from data.catalog import Catalog, Series
from data.parts import COLUMNS

LIMIT_SECONDS = 1.0
LIMIT_MB = 500.0
DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
AT_ONCE = 1_000_000
SERIES = 10


def bars(times: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """A random walk as the catalogue's columns."""
    close = 100.0 * np.exp(np.random.default_rng(seed).normal(0.0, 0.001, len(times)).cumsum())
    table = dict.fromkeys(COLUMNS, close)
    nothing = np.zeros(len(times))
    return table | {"timestamp": times, "dividend": nothing, "split": nothing + 1.0, "pay_day": nothing.astype(np.int64)}


def names(count: int) -> list[str]:
    """So many symbols."""
    return ["".join(chr(65 + number // 26**place % 26) for place in (2, 1, 0)) for number in range(count)]


def peak_mb() -> float:
    """The most memory this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def daily(catalog: Catalog, symbols: int, days: int) -> tuple[float, float]:
    """Best wall and CPU seconds to load ``symbols`` x ``days`` into arrays."""
    for seed, name in enumerate(names(symbols)):
        catalog.append(Series(name), bars((np.arange(days) + 14_000) * DAY, seed))
    best = (float("inf"), float("inf"))
    for _ in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        found = catalog.arrays(names(symbols))
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
        if found.close.shape != (days, symbols):
            raise SystemExit(f"arrays of shape {found.close.shape}")
    return best


def minutes(catalog: Catalog, count: int) -> tuple[float, float]:
    """CPU seconds to append ``count`` minute bars, and to scan them."""
    start = time.process_time()
    for number, first in enumerate(range(0, count, AT_ONCE)):
        place = number // SERIES * AT_ONCE
        times = (np.arange(place, place + min(AT_ONCE, count - first)) + 2 * 10**7) * MINUTE
        catalog.append(Series(names(SERIES)[number % SERIES], "1m"), bars(times, number))
    appended = time.process_time() - start
    start, seen, total = time.process_time(), 0, 0.0
    for one in catalog.series():
        if one.resolution == "1m":
            for piece in catalog.scan(one):
                seen += len(piece["timestamp"])
                total += float(piece["close"].sum())
    if seen != count:
        raise SystemExit(f"{seen:,} of {count:,} bars were scanned")
    return appended, time.process_time() - start


def main() -> None:
    """Measure and print; exit 1 beyond a limit."""
    parser = argparse.ArgumentParser(description="What the catalogue costs.")
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--days", type=int, default=2520)
    parser.add_argument("--minutes", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        appended, scanned = minutes(Catalog(Path(folder) / "minutes"), given.minutes)
        memory = peak_mb()
        wall, cpu = daily(Catalog(Path(folder) / "days"), given.symbols, given.days)
    print(f"{given.minutes:,} minute bars: appended in {appended:.1f} CPU s, scanned in {scanned:.1f} CPU s, at most {memory:.0f} MB")
    print(f"{given.symbols} symbols x {given.days} days into arrays: {wall:.2f} s, {cpu:.2f} CPU s")
    if wall > LIMIT_SECONDS or memory > LIMIT_MB:
        print(f"beyond the limits of {LIMIT_SECONDS:g} s and {LIMIT_MB:g} MB", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
