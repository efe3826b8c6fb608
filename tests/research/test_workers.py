"""Workers and the loop that feeds them: nothing is lost, nothing is done twice, whatever dies."""

from __future__ import annotations

import os
import signal
import threading
import time
import tracemalloc
from itertools import count

import numpy as np
import pytest

from framework.errors import ConfigError
from framework.research.drive import Drive
from framework.research.processes import Processes
from framework.research.search import grid
from framework.research.sharing import attach, share
from framework.research.space import Choices, Space
from framework.research.store import Store
from framework.research.workers import InProcess
from tests.research.toys import METRICS, Deadly, Digger, Hill, Talker, Unstartable, ran

SPACE = Space((Choices("x", tuple(range(6))), Choices("y", tuple(range(5)))))


class Search:
    """A search on ``workers`` with everything it tells."""

    def __init__(self, folder, space=SPACE):
        self.store = Store(folder / "trials", {"x": int, "y": int}, METRICS)
        self.search = grid(space, lambda _: True, self.store.numbers())
        self.told, self.kept = [], []

    def run(self, workers):
        with workers:
            Drive(self.search, workers, self.store, self.told.extend, self.kept.extend).run()
        return {one.trial.number: one for one in self.store.outcomes()}


@pytest.mark.parametrize("make", [lambda recipe, _: InProcess(recipe), lambda recipe, folder: Processes(recipe, 3, folder)])
def test_every_trial_is_run_once_kept_and_told(tmp_path, make):
    search = Search(tmp_path)
    found = search.run(make(Hill(tmp_path), tmp_path))
    assert sorted(found) == sorted(ran(tmp_path)) == list(range(30))
    assert {one.metrics["height"] for one in found.values()} == {-float((x - 21) ** 2 + (y - 8) ** 2) for x in range(6) for y in range(5)}
    assert sorted(one.trial.number for one in search.told) == sorted(one.trial.number for one in search.kept) == list(range(30))
    assert not (tmp_path / "shared.bin").exists()


def test_processes_share_the_work(tmp_path):
    Search(tmp_path).run(Processes(Hill(tmp_path, seconds=0.02), 2, tmp_path))
    assert len(list(tmp_path.glob("ran-*"))) == 2
    assert os.getpid() not in {int(path.name.partition("-")[2]) for path in tmp_path.glob("ran-*")}


def test_quick_trials_travel_together(tmp_path):
    space = Space((Choices("x", tuple(range(100))), Choices("y", tuple(range(50)))))
    search = Search(tmp_path, space)
    started = time.perf_counter()
    assert len(search.run(Processes(Hill(tmp_path), 2, tmp_path))) == 5000
    assert time.perf_counter() - started < 60  # at 5 ms of post a trial it would be hardly so


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_trials(tmp_path):
    def peak(trials):
        folder = tmp_path / str(trials)
        folder.mkdir()
        search = Search(folder, Space((Choices("x", tuple(range(trials // 50))), Choices("y", tuple(range(50))))))
        tracemalloc.start()
        with InProcess(Hill(folder)) as workers:
            Drive(search.search, workers, search.store, lambda _: None, lambda _: None).run()
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(search.store.numbers()) == trials
        return highest

    peak(1_000)  # what is loaded and kept once
    assert peak(24_000) - peak(6_000) < 18_000 * 40  # bytes: a trial kept would be hundreds


def test_a_trial_that_kills_its_worker_fails_alone(tmp_path):
    search = Search(tmp_path)
    found = search.run(Processes(Deadly(tmp_path, always=frozenset({4, 17})), 2, tmp_path))
    errors = {number: one.error for number, one in found.items() if one.error}
    assert errors == dict.fromkeys((4, 17), "its worker process died (signal SIGKILL), twice")
    assert sorted(found) == list(range(30))
    assert sorted(one.trial.number for one in search.told) == list(range(30))


def test_a_trial_whose_worker_was_killed_by_accident_gets_a_second_chance(tmp_path):
    found = Search(tmp_path).run(Processes(Deadly(tmp_path, once=frozenset({2, 9, 28})), 2, tmp_path))
    assert [one.error for one in found.values() if one.error] == []
    assert sorted(found) == list(range(30))


def test_workers_that_cannot_begin_are_an_error_with_a_remedy(tmp_path):
    with pytest.raises(ConfigError, match=r"ended before it began \(exit code 3; .*if __name__ == \"__main__\".*or set jobs to 1"):
        Search(tmp_path).run(Processes(Unstartable(tmp_path), 2, tmp_path))


def test_a_worker_has_one_thread_for_linear_algebra_and_prints_to_stderr(tmp_path, capfd):
    found = Search(tmp_path, Space((Choices("x", (1,)), Choices("y", (2,))))).run(Processes(Talker(tmp_path), 1, tmp_path))
    assert found[0].metrics["height"] == 1.0
    assert capfd.readouterr() == ("", "a word on stdout\n")


def test_the_bars_of_all_processes_are_one_copy_in_a_file(tmp_path):
    ground = np.arange(1_000_000.0)
    found = Search(tmp_path).run(Processes(Digger(tmp_path, ground=ground), 2, tmp_path))
    assert {one.metrics["note"] for one in found.values()} == {f"False False {ground.sum()}"}


def test_what_is_shared_comes_back_as_views_of_the_file(tmp_path):
    value = {"a": np.arange(10.0), "b": np.arange(6).reshape(2, 3), "name": "x", "empty": np.empty(0), "same": np.broadcast_to(0.5, 1000)}
    share(value, tmp_path / "shared.bin")
    found = attach(tmp_path / "shared.bin")
    for name in ("a", "b", "empty"):
        np.testing.assert_array_equal(found[name], value[name])
        assert not found[name].flags.writeable
        assert not found[name].flags.owndata
    assert found["name"] == "x"
    assert found["same"].tolist() == [0.5] * 1000
    assert found["same"].strides == (0,)
    assert found["a"].ctypes.data % 64 == 0
    # The memory is the file itself: what is written there is seen here.
    text = (tmp_path / "shared.bin").read_bytes()
    with (tmp_path / "shared.bin").open("r+b") as file:
        file.seek(text.index(np.arange(10.0).tobytes()))
        file.write(np.float64(7.0).tobytes())
    assert found["a"][0] == 7.0


def alive(pids):
    """Those of ``pids`` that still run."""

    def runs(pid):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    return [pid for pid in pids if runs(pid)]


def test_an_interruption_keeps_what_is_known_and_stops_the_workers_at_once(tmp_path):
    search, numbers = Search(tmp_path), count(1)

    def tell(outcomes):
        search.told.extend(outcomes)
        if next(numbers) == 4:
            raise KeyboardInterrupt

    workers = Processes(Hill(tmp_path, seconds=0.3), 2, tmp_path)
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt), workers:
        Drive(search.search, workers, search.store, tell, search.kept.extend).run()
    assert time.perf_counter() - started < 60
    told = sorted(one.trial.number for one in search.told)
    assert sorted(search.store.numbers()) == sorted(one.trial.number for one in search.kept) == told
    assert 4 <= len(told) < 30
    pids = [int(path.name.partition("-")[2]) for path in tmp_path.glob("ran-*")]
    assert len(pids) == 2
    assert alive(pids) == []
    again = Search(tmp_path)
    assert sorted(again.run(InProcess(Hill(tmp_path)))) == list(range(30))
    assert sorted(one.trial.number for one in again.told) == sorted(set(range(30)) - set(told))


def test_control_c_is_the_parent_s_alone(tmp_path):
    search = Search(tmp_path)

    def interrupt():
        while not (pids := [int(path.name.partition("-")[2]) for path in tmp_path.glob("ran-*")]):
            time.sleep(0.05)
        for pid in pids:
            os.kill(pid, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    found = search.run(Processes(Hill(tmp_path, seconds=0.05), 2, tmp_path))
    thread.join()
    assert [one.error for one in found.values() if one.error] == []
    assert sorted(ran(tmp_path)) == list(range(30))
