"""The shared budget: threads, processes, deaths and restarts on one credential."""

from __future__ import annotations

import json
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.request import Priority
from framework.errors import BrokerError, ThrottledError
from framework.rules.pacing.refusals import Hint
from framework.runtime.clock import MonotonicClock
from framework.runtime.network.budget import SharedBudget, budget_file, pace
from framework.runtime.network.ledger import UsageLedger

SECOND = 1_000_000_000


class HandClock:
    """A clock that goes when it is slept on."""

    def __init__(self, now=0):
        self.now = now
        self.slept = 0.0

    def now_ns(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.slept += seconds
        self.now += round(seconds * SECOND)


def send(budget, priority=Priority.DATA, *, patience=1_000.0, is_order=False):
    with budget.slot(priority, patience=patience, is_order=is_order):
        pass


def counted(times, requests, window):
    """Whether no window holds more than ``requests`` of ``times``."""
    times = sorted(times)
    return all(later - first >= window for first, later in zip(times, times[requests:], strict=False))


def test_the_sixth_request_waits_for_the_window_to_pass(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(5, 15.0), clock) as budget:
        for _ in range(5):
            send(budget, Priority.CANCEL)
        assert clock.slept == 0.0
        send(budget, Priority.CANCEL)
    assert clock.now == 15 * SECOND


def test_a_request_that_cannot_leave_in_time_is_told_so_and_counts_for_nothing(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(1, 15.0), clock) as budget:
        send(budget)
        with pytest.raises(ThrottledError, match="no slot for a data request in time; nothing was sent, the next is free in 15") as error:
            send(budget, patience=14.0)
        assert error.value.retry_after == pytest.approx(15.0)
        assert clock.slept == 0.0
        send(budget)
    assert clock.now == 15 * SECOND


def test_orders_keep_two_seconds_between_them_and_cancels_do_not_wait(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(), clock) as budget:
        send(budget, Priority.ENTRY, is_order=True)
        send(budget, Priority.CANCEL)
        assert clock.slept == 0.0
        send(budget, Priority.PROTECTION, is_order=True)
    assert clock.now == 2 * SECOND


def test_a_request_counts_until_a_window_after_its_answer(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(1, 15.0), clock) as budget:
        with budget.slot(Priority.DATA, patience=1.0):
            clock.sleep(3.0)
        send(budget)
    assert clock.now == 18 * SECOND


def test_a_refusal_keeps_everything_back_until_its_hint_has_passed(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(), clock) as budget:
        assert budget.refused(Hint(14.0, was_capped=False)) == 14.0
        send(budget, Priority.CANCEL)
        assert clock.now == 14 * SECOND
        first, second = budget.refused(None), budget.refused(None)
        assert 0 < first < second <= 8.0
        budget.answered()
        assert budget.refused(None) < second


def test_a_restart_gives_nothing_back(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(2, 15.0), clock) as budget:
        send(budget, Priority.CANCEL)
        send(budget, Priority.CANCEL)
        budget.refused(Hint(60.0, was_capped=False))
    with SharedBudget(tmp_path / "b.db", pace(2, 15.0), clock) as budget:
        send(budget, Priority.CANCEL)
    assert clock.now == 60 * SECOND


def test_a_restart_of_the_machine_gives_nothing_back(tmp_path):
    clock = HandClock(now=10**15)
    with SharedBudget(tmp_path / "b.db", pace(1, 15.0), clock) as budget:
        send(budget)
        budget.refused(Hint(60.0, was_capped=False))
    clock = HandClock(now=SECOND)
    with SharedBudget(tmp_path / "b.db", pace(1, 15.0), clock) as budget:
        send(budget)
    assert clock.now == 61 * SECOND


@pytest.mark.parametrize(
    "page", ["", "{}", "[1]", "null", "[[[1]],[],[],null,0,0,0]", '[[],[],[],"x",0,0,0]', '[[],["x"],[],0,0,0,0]', "[[],[],[],0,0,0,0"]
)
def test_a_page_that_cannot_be_read_counts_as_everything_just_used(tmp_path, page):
    clock = HandClock()
    path = tmp_path / "b.db"
    with SharedBudget(path, pace(1, 15.0), clock) as budget:
        send(budget)
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE usage SET page = ?", (page,))
        file.commit()
    clock.now = 100 * SECOND
    with SharedBudget(path, pace(1, 15.0), clock) as budget:
        send(budget)
    assert clock.now == 115 * SECOND


def test_a_file_that_is_no_database_counts_as_everything_just_used(tmp_path):
    clock = HandClock()
    path = tmp_path / "b.db"
    path.write_bytes(b"not a database, and long enough to be taken for one" * 100)
    with SharedBudget(path, pace(5, 15.0), clock) as budget:
        send(budget, Priority.CANCEL)
    assert clock.now == 15 * SECOND


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "b.db").mkdir()
    with pytest.raises(BrokerError, match=r"b\.db"):
        SharedBudget(tmp_path / "b.db", pace())


def test_the_file_is_its_owners_and_names_nobody(tmp_path):
    path = budget_file(tmp_path / "state", "robinhood", "someone@mail.example")
    with SharedBudget(path, pace()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "someone" not in path.name
    assert path != budget_file(tmp_path / "state", "robinhood", "another@mail.example")


def test_an_exception_between_gives_the_slot_back_after_the_window(tmp_path):
    clock = HandClock()
    with SharedBudget(tmp_path / "b.db", pace(1, 15.0), clock) as budget:
        with pytest.raises(ZeroDivisionError), budget.slot(Priority.DATA, patience=1.0):
            raise ZeroDivisionError
        send(budget)
    assert clock.now == 15 * SECOND


@given(st.lists(st.tuples(st.sampled_from(Priority), st.booleans(), st.integers(0, 3), st.booleans()), max_size=15))
def test_processes_that_come_and_go_never_send_more_than_the_budget(tmp_path_factory, steps):
    path, clock, times = tmp_path_factory.mktemp("budget") / "b.db", HandClock(), []
    budget = SharedBudget(path, pace(3, 10.0, 2.0), clock)
    for priority, is_order, pause, restart in steps:
        if restart:
            budget.close()
            budget = SharedBudget(path, pace(3, 10.0, 2.0), clock)
        with budget.slot(priority, is_order=is_order, patience=1_000.0):
            times.append(clock.now)
            clock.now += pause * SECOND
    budget.close()
    assert counted(times, 3, 10 * SECOND)


@pytest.mark.slow
def test_threads_never_send_more_than_the_budget_and_a_cancel_goes_before_the_data_that_waits(tmp_path):
    sent = []
    with SharedBudget(tmp_path / "b.db", pace(5, 0.3, 0.0)) as budget:

        def work(priority):
            with budget.slot(priority, patience=60.0):
                sent.append((time.monotonic(), priority))

        first = [threading.Thread(target=work, args=(Priority.DATA,)) for _ in range(8)]
        for thread in first:
            thread.start()
        time.sleep(0.1)
        begun = time.monotonic()
        work(Priority.CANCEL)
        assert time.monotonic() - begun < 0.1
        for thread in first:
            thread.join()
    assert counted([at for at, _ in sent], 5, 0.3)
    assert [priority for _, priority in sent].index(Priority.CANCEL) <= 2


def test_who_has_waited_for_the_page_does_not_make_what_was_sent_meanwhile_older(tmp_path):
    clock, allowed = HandClock(), pace(1, 10.0, 0.0)
    refused = []

    def ask():
        with pytest.raises(ThrottledError) as error:
            send(second, patience=0.0)
        refused.append(error.value.retry_after)

    with SharedBudget(tmp_path / "b.db", allowed, clock) as second, closing(UsageLedger(tmp_path / "b.db", allowed, clock)) as ledger:
        with ledger.page() as page:
            waiting = threading.Thread(target=ask)
            waiting.start()
            time.sleep(0.2)  # it wants the page now
            clock.now = 3 * SECOND
            page.usage = page.usage._replace(ended=(3 * SECOND,), saved_at=3 * SECOND)
        waiting.join()
        assert refused == [10.0]
        with ledger.page() as page:
            assert page.usage.ended == (3 * SECOND,)


WORKER = """
import json, sys, time
from pathlib import Path
from framework.domain.request import Priority
from framework.runtime.network.budget import SharedBudget, pace
with SharedBudget(Path(sys.argv[1]), pace(10, 0.5, 0.0)) as budget:
    for _ in range(int(sys.argv[2])):
        with budget.slot(Priority.CANCEL, patience=60.0):
            print(json.dumps(time.monotonic()), flush=True)
"""


def worker(path, count):
    return subprocess.Popen([sys.executable, "-c", WORKER, str(path), str(count)], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_share_one_budget(tmp_path):
    workers = [worker(tmp_path / "b.db", 12) for _ in range(3)]
    times = [json.loads(line) for one in workers for line in one.communicate(timeout=60)[0].splitlines()]
    assert len(times) == 36
    assert counted(times, 10, 0.5)


HOLDER = """
import sys, time
from pathlib import Path
from framework.domain.request import Priority
from framework.runtime.network.budget import SharedBudget, pace
budget = SharedBudget(Path(sys.argv[1]), pace(1, 0.2, 0.0))
with budget.slot(Priority.CANCEL, patience=60.0):
    print("sent", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_what_a_killed_process_had_sent_ends_when_it_is_found_dead(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "b.db")], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "sent\n"
    with SharedBudget(tmp_path / "b.db", pace(1, 0.2, 0.0)) as budget:
        with pytest.raises(ThrottledError):
            send(budget, patience=5.0)  # its answer may take 30 s yet
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        begun = time.monotonic()
        send(budget, patience=5.0)
        assert 0.15 < time.monotonic() - begun < 2.0


def test_the_clock_of_the_machine_goes_forward_and_sleeps():
    clock = MonotonicClock()
    before = clock.now_ns()
    clock.sleep(0.001)
    assert clock.now_ns() - before >= 1_000_000
