"""A search whose trials are quick stays in its process; one that would take long gets worker processes, and loses nothing by the change."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import pytest

from framework.research.drive import Drive
from framework.research.patient import LOOKS, Patient
from framework.research.processes import Processes
from framework.research.search import grid
from framework.research.space import Choices, Space
from framework.research.store import Store
from framework.research.workers import InProcess
from tests.research.toys import METRICS, Hill, ran


@dataclass
class Busy(Hill):
    """Needs CPU time for each trial, where its parent sleeps."""

    def evaluate(self, trials):
        end = time.process_time() + self.seconds * len(trials)
        while time.process_time() < end:
            pass
        return Hill(self.folder).evaluate(trials)


def searched(folder, values, recipe):
    """How many worked at the end, and the numbers of the trials that are kept."""
    space = Space((Choices("x", tuple(range(values))), Choices("y", (1, 2))))
    store = Store(folder / "trials", {"x": int, "y": int}, METRICS)
    with Patient(InProcess(recipe), lambda: Processes(recipe, 2, folder), 2 * values) as workers:
        Drive(grid(space, lambda _: True, store.numbers()), workers, store, lambda _: None, lambda _: None).run()
        return workers.count, sorted(store.numbers().tolist())


def test_quick_trials_start_no_process(tmp_path):
    assert searched(tmp_path, 300, Hill(tmp_path)) == (1, list(range(600)))
    assert [path.name for path in tmp_path.glob("ran-*")] == [f"ran-{os.getpid()}"]


@pytest.mark.campaign
def test_slow_trials_get_processes_after_a_look_and_each_is_run_once(tmp_path):
    count, kept = searched(tmp_path, 23, Busy(tmp_path, 0.15))
    assert (count, kept) == (2, list(range(46)))
    assert sorted(ran(tmp_path)) == kept
    assert len(list(tmp_path.glob("ran-*"))) == 3
    own = (tmp_path / f"ran-{os.getpid()}").read_text().split()
    assert LOOKS / 0.15 <= len(own) < len(kept) / 2
