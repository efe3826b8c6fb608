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
