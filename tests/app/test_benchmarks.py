"""The benchmark's strategies do what its plain loop does: figures of different work would mean nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CODE = """
import json
from limits import Loop
from ours import BARE, FAR, config, frame_of, ran
from workloads import minute_prices, session_minutes

columns = {"timestamp": session_minutes(3000), **minute_prices(3000, 13)}
found = [Loop().run(columns["open"].tolist(), columns["close"].tolist())]
runs = ("Orders", BARE, "arrays"), ("Orders", BARE, "backtrader"), ("Targets", FAR, "arrays"), ("Signals", BARE, "auto")
for kind, stops, engine in runs:
    found.append(ran(config(kind, ["X"], engine, "1m", **stops), {"X": frame_of(columns, "ns")}))
print(json.dumps([[round(one.equity, 6), one.trades] for one in found]))
"""


@pytest.mark.slow
def test_every_form_of_the_first_workload_comes_to_the_same_cent():
    paths = os.pathsep.join([str(BENCHMARKS), str(BENCHMARKS.parent)])
    done = subprocess.run([sys.executable, "-c", CODE], env={**os.environ, "PYTHONPATH": paths}, check=True, capture_output=True, text=True)
    plain, *ours = json.loads(done.stdout)
    assert plain[1] > 40
    assert ours == [plain] * 4


PAGE = """
from measured import Job, Measured
from results import page

def row(workload, name, cpu, *, wall=1.0, peak=100.0, error="", fresh=False, bars=1_000_000):
    return Measured(Job(workload, name, (), bars, fresh=fresh), cpu, wall + 3.0, peak, [9.0, cpu], [9.0, wall], 1.0, 1, error=error)

found = [
    row("w1", "limit: one numba loop", 0.01),
    row("w1", "onetape compiled: signals", 0.06),
    row("w1", "onetape arrays: orders", 3.0),
    row("w1", "onetape compiled: orders", 1.0),
    row("w1", "vectorbt", 0.1),
    row("w1", "backtesting", 0.0, error="it fell over"),
    row("w3", "onetape compiled", 4.0, wall=2.0, peak=150.0),
    row("w3", "vectorbt", 1.0, wall=1.0, peak=600.0),
    row("cold", "onetape compiled, never", 14.0, fresh=True),
]
print(page(found, "A machine.", ["bt"]))
"""


def test_the_bars_of_a_page_are_judged_from_its_rows_and_what_failed_or_is_missing_is_said():
    paths = os.pathsep.join([str(BENCHMARKS), str(BENCHMARKS.parent)])
    done = subprocess.run([sys.executable, "-c", PAGE], env={**os.environ, "PYTHONPATH": paths}, check=True, capture_output=True, text=True)
    assert "bt could not be installed here" in done.stdout
    assert "| backtesting | it fell over |" in done.stdout
    bars = [line for line in done.stdout.splitlines() if line.endswith(("| met |", "| MISSED |"))]
    assert bars == [
        "| W1, signals compiled, of the fastest rival (vectorbt) | 0.6 | 0.5 | MISSED |",
        "| W1, signals compiled, of the bare numba loop | 6 | 20 | met |",
        "| W1, event strategy (onetape compiled), us a bar | 1 | 2 | met |",
        "| W3, wall s of the sweep, of the fastest rival | 2 | 0.5 | MISSED |",
        "| W3, wall s of a whole process with one sweep, of the fastest rival | 1 | 0.5 | MISSED |",
        "| W3, peak memory, of the fastest rival | 0.25 | 0.25 | met |",
        "| first compiled run, whole process, CPU s | 14 | 15 | met |",
    ]
