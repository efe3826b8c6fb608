"""A sweep that is killed, or stopped by Ctrl-C, goes on where it was: nothing kept is lost, nothing kept runs again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from framework.research.ledger import TrialLedger
from tests.app.project import ONETAPE, process, strategy, write

if TYPE_CHECKING:
    from pathlib import Path

#: Each trial says in a file that it ran, and takes its time.
BODY = """\
fast: int = 1
slow: int = 1

def on_start(self, ctx):
    import os, time
    with open("ran", "a") as file:
        file.write(f"{os.getpid()} {self.fast} {self.slow}\\n")
    time.sleep(0.15)

def on_bar(self, ctx):
    if ctx.now.day == self.fast:
        ctx.target("IBM", self.slow / 10)
"""
COMMAND = ("sweep", "-p", "fast=1:12", "-p", "slow=1:10", "--jobs", "2", "--where", "fast != 7")
TRIALS = 110
PATIENCE = 120


def ran(folder: Path) -> list[tuple[int, int, int]]:
    path = folder / "ran"
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []


def kept(folder: Path) -> pd.DataFrame:
    """What is on disk; a folder without a file is an empty table."""
    files = list(folder.glob("runs/sweep-*/trials/*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in files]) if files else pd.DataFrame({"params_fast": [], "params_slow": []})


def until(condition) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it took too long"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pairs(frame: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(frame["params_fast"], frame["params_slow"], strict=True))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same sweep without an interruption."""
    folder = write(strategy(BODY), tmp_path_factory.mktemp("whole"))
    assert process(*COMMAND, "--quiet", folder=folder).code == 0
    return kept(folder).sort_values("number")


@pytest.mark.campaign
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
def test_a_sweep_goes_on_where_it_was(folder, whole, stop):
    write(strategy(BODY), folder)
    with subprocess.Popen([ONETAPE, *COMMAND], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sweep:
        # A part is on disk, and more has been done than is in it.
        until(lambda: (len(kept(folder)) and len(ran(folder)) > len(kept(folder)) + 4) or sweep.poll() is not None)
        assert sweep.poll() is None
        sweep.send_signal(stop)
        out, err = sweep.communicate(timeout=PATIENCE)
    assert (sweep.returncode, out) == ({signal.SIGKILL: -9, signal.SIGINT: 130}[stop], "")
    workers = {pid for pid, *_ in ran(folder)}
    until(lambda: not any(map(runs, workers)))  # nobody goes on without the parent
    done, first = kept(folder), Counter(tuple(pair) for _, *pair in ran(folder))
    assert 0 < len(done) < TRIALS
    assert max(first.values()) == 1
    if stop == signal.SIGINT:
        assert err.startswith("what is done is kept in runs/sweep-Mine-")
        assert len(first) - len(done) <= 2  # what was told is kept, but for the trials that were running
    again = process(*COMMAND, "--json", folder=folder)
    assert again.code == 0
    second = Counter(tuple(pair) for _, *pair in ran(folder)) - first
    assert set(second) == pairs(whole) - pairs(done)
    found = kept(folder).sort_values("number")
    columns = [name for name in found.columns if name != "elapsed_seconds"]
    pd.testing.assert_frame_equal(found[columns].reset_index(drop=True), whole[columns].reset_index(drop=True))
    assert found["number"].tolist() == list(range(TRIALS))
    summary = json.loads(again.out)
    assert summary["trials"] == TRIALS
    assert len(TrialLedger(folder / "runs" / "trials.db").sharpes("mine:Mine", summary["inputs_hash"])) == TRIALS
    third = process(*COMMAND, "--quiet", folder=folder)
    assert third.code == 0
    assert sum(first.values()) + sum(second.values()) == len(ran(folder))


@pytest.mark.campaign
def test_the_same_sweep_does_not_run_twice_at_a_time(folder):
    write(strategy(BODY), folder)
    with subprocess.Popen([ONETAPE, *COMMAND], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sweep:
        until(lambda: ran(folder) or sweep.poll() is not None)
        other = process(*COMMAND, folder=folder)
        sweep.send_signal(signal.SIGINT)
        sweep.wait(PATIENCE)
    assert other.code == 2
    assert "error: another process works in runs/sweep-Mine-" in other.err
