"""Real processes on one tape: one trades at a time, and what each wrote stands under an epoch of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from framework.errors import LeaseHeldError
from framework.runtime.tape.store import TapeStore
from tests.architecture.source import ROOT
from tests.campaigns import size
from tests.runtime.tape.conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

RACER = """
import sys
from framework.errors import LeaseHeldError, TapeError
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.store import TapeStore

place, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with TapeStore.attach(place) as store:
    while rounds:
        try:
            lease = store.acquire("account", name, 60)
        except LeaseHeldError:
            continue
        store.append([NewEvent(1, "note", {"by": name})], lease)
        store.append([NewEvent(1, "note", {"by": name}, f"{name}:{rounds}")], lease)
        store.release(lease)
        rounds -= 1
"""
HOLDER = """
import sys
from framework.runtime.tape.store import TapeStore

with TapeStore.attach(sys.argv[1]) as store:
    store.acquire("account", "holder", 600)
    print("ready", flush=True)
    sys.stdin.readline()
"""


def started(program: str, *arguments: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(processes: Sequence[subprocess.Popen[str]]) -> list[int]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    codes = [process.wait(60) for process in processes]
    for process in processes:
        process.communicate()
    return codes


@pytest.mark.campaign
def test_processes_that_race_for_the_lease_never_share_an_epoch(place):
    with TapeStore.open(place, header=HEADER):
        pass
    rounds = size(15, 1_000)
    processes = [started(RACER, place, f"process {number}", rounds) for number in range(3)]
    assert ended(processes) == [0, 0, 0]
    with TapeStore.open(place, header=HEADER) as store:
        assert store.verify() == 1 + 3 * 2 * rounds
        notes = list(store.events(after=0))
    by_epoch: dict[int, set[str]] = {}
    for event in notes:
        by_epoch.setdefault(event.epoch, set()).add(event.payload["by"])
    assert [event.epoch for event in notes] == sorted(event.epoch for event in notes)
    assert {len(names) for names in by_epoch.values()} == {1}
    assert len(by_epoch) == 3 * rounds


@pytest.mark.slow
def test_while_a_process_lives_its_lease_is_not_given_away_and_in_a_file_it_dies_with_it(memory):
    place = memory / "tape.db"
    with TapeStore.open(place, header=HEADER) as store:
        holder = started(HOLDER, place)
        with pytest.raises(LeaseHeldError, match=r"another process trades on this tape \(it holds .*tape\.db\.lock\)"):
            store.acquire("account", "another", 60)
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        assert store.acquire("account", "another", 60).epoch == 2
