"""Cost against the number of bars, symbols and trials, as a picture: lines of slope one are linear cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from timing import cpu_seconds
from workloads import COLUMNS, daily_panel, load_w3, minute_prices, name_of, session_days, session_minutes

if TYPE_CHECKING:
    from collections.abc import Callable


class Curve(NamedTuple):
    """CPU seconds by size."""

    what: str
    sizes: list[int]
    seconds: list[float]

    @property
    def slope(self) -> float:
        """Of the last two points, both logarithms: 1 is linear."""
        return float(np.diff(np.log(self.seconds[-2:]))[0] / np.diff(np.log(self.sizes[-2:]))[0])


SIZES = {"bars": [10_000, 30_000, 100_000, 300_000], "symbols": [60, 120, 240, 480], "trials": [10, 30, 100]}


def bars(count: int) -> Callable[[], object]:
    """W1 with so many bars."""
    from ours import BARE, config, frame_of, ran

    frame = frame_of({"timestamp": session_minutes(count), **minute_prices(count, 13)}, "ns")
    settings = config("Orders", ["X"], "arrays", "1m", **BARE)
    return lambda: ran(settings, {"X": frame})


def symbols(count: int) -> Callable[[], object]:
    """W2 with so many symbols, of which 50 are held."""
    from ours import BARE, config, frame_of, ran

    panel, days = daily_panel(count, 1000, 14), session_days(1000)
    frames = {name_of(n): frame_of({"timestamp": days, **{name: panel[name][:, n] for name in COLUMNS}}, "D") for n in range(count)}
    settings = config("Momentum", sorted(frames), "arrays", "1d", **BARE)
    return lambda: ran(settings, frames, by_fill=True)


def trials(count: int) -> Callable[[], object]:
    """A sweep of so many trials in one process."""
    from ours import BARE, config, frame_of

    from framework.app.sweeps.sweep import sweep

    folder = Path(os.environ["ONETAPE_BENCH_DATA"])
    settings = config("Signals", ["AAPL"], "auto", "1d", **BARE)
    frame = frame_of(load_w3(folder, "AAPL"), "D")
    space = {"fast": list(range(5, 15)), "slow": list(range(20, 20 + count // 10))}
    return lambda: sweep(settings, space, data={"AAPL": frame}, jobs=1, beside=Path(__file__).parent)


def scaled(data: Path) -> list[Curve]:
    """Every size in a process of its own."""
    return [Curve(f"{what}", sizes, [_seconds(what, size, data) for size in sizes]) for what, sizes in SIZES.items()]


def _seconds(what: str, size: int, data: Path) -> float:
    here = Path(__file__).resolve()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parent), str(here.parents[1])]), "ONETAPE_BENCH_DATA": str(data)}
    command = [sys.executable, str(here), what, str(size)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return float(json.loads(done.stdout.splitlines()[-1]))


def draw(curves: list[Curve], place: Path) -> None:
    """All curves in one picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for one in curves:
        axes.loglog(one.sizes, one.seconds, marker="o", label=f"{one.what}: slope {one.slope:.2f} at the end")
    axes.set(xlabel="number of bars (W1), symbols (W2, 1,000 days), trials (W3, one symbol)", ylabel="CPU seconds of one run, warm")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(place, dpi=110, metadata={"Software": None})


def main() -> None:
    """Measure one size: ``python scaling.py WHAT SIZE``."""
    work = {"bars": bars, "symbols": symbols, "trials": trials}[sys.argv[1]](int(sys.argv[2]))
    work()
    start = cpu_seconds()
    work()
    print(json.dumps(cpu_seconds() - start))


if __name__ == "__main__":
    main()
