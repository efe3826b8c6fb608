"""SIGKILL at random points of live sessions on the double, which goes on in a process of its own; then its book and our tape agree."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from brokers.robinhood.testing import DoubleProcess
from tests.brokers.robinhood.live.children import child_of, ended
from tests.brokers.robinhood.live.day import Days
from tests.brokers.robinhood.live.far import SPEED, FarDouble
from tests.brokers.robinhood.live.world import truth_of
from tests.campaigns import size
from tests.kills.checker import rows_of, violations

pytestmark = pytest.mark.campaign
LIVES = 20
#: Seconds after which a life is ended whatever it does.
PATIENCE = 10.0
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


def trade(url, folder, seed, life):
    """One life: connect, recover, trade until the end comes."""
    world = Days(FarDouble(url), folder, seed * 1_000 + life, trouble=0.2)
    world.number = life * 1_000
    world.one_life(30)


def settle(url, folder):
    """A last life, after which nothing is under way."""
    world = Days(FarDouble(url), folder, 0)
    world.number = 999_000
    found = world.settle()
    sys.stderr.write("".join(f"{one}\n" for one in found))
    return found or None


def killed_again_and_again(folder, seed):
    """``LIVES`` traders die one after the other; how they ended, and the state of things when all is over."""
    dice, ends = random.Random(seed), Counter()  # noqa: S311 - dice of a test
    with DoubleProcess(speed=SPEED) as double:
        double.configure(request_takes=0.0)
        for life in range(LIVES):
            child = child_of(lambda life=life: trade(double.url, folder, seed, life))
            if dice.random() < 0.5:
                double.fault(kills=child, skip=dice.randint(0, 40), handled=dice.choice(["yes", "no"]))
                gone = _is_gone(child, double, 1 << 30)
            else:
                gone = _is_gone(child, double, double.counts()["requests"] + dice.randint(0, 60))
                time.sleep(0.0 if gone else dice.uniform(0.0, 0.03))
            ends["killed by a request or ended" if gone else _killed(child)] += 1
            double.clear_faults()
        assert ended(child_of(lambda: settle(double.url, folder))) == 0, "what is wrong is printed above"
        return ends, double.book(), double.counts(), violations(folder / "tape.db", truth_of(double))


def _is_gone(child, double, requests):
    """Whether ``child`` ends before the double has had so many ``requests``: how far it comes is no matter of the machine's speed."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and double.counts()["requests"] < requests:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.02)
    return False


def _killed(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "killed in between"


@pytest.mark.parametrize("world", range(3))
def test_kills_at_random_points_leave_the_venue_and_the_tape_in_agreement(world):
    ends, orders = Counter(), 0
    for seed in range(world * 1_000, world * 1_000 + size(1, 17)):
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
            folder = Path(place)
            met, book, counts, wrong = killed_again_and_again(folder, seed)
            if wrong:
                shutil.copytree(folder, Path(tempfile.gettempdir()) / f"onetape-robinhood-kill-{seed}", dirs_exist_ok=True)
            assert wrong == [], f"world {seed}"
            kinds = {kind for kind, _ in rows_of(folder / "tape.db")}
        ends += met
        refs = [one["ref_id"] for one in book["orders"]]
        assert len(set(refs)) == len(refs)
        orders += len(refs)
        assert counts["order_posts"] >= len(refs)
        assert {"venue_bound", "venue_cancel_dispatch", "venue_seen"} <= kinds
    assert min(ends["killed in between"], ends["killed by a request or ended"]) > 2
    assert orders > 10
