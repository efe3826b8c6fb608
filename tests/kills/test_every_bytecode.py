"""SIGKILL right before a bytecode of submitting, canceling, booking fills, leaving a position and recovering; then recovery and checker.

In the nightly size it is every bytecode, otherwise every so-manieth. What a dead process leaves behind is the tape and the venue's book; a
pair of them that was recovered from before is not recovered from again, since recovery sees nothing else.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from pathlib import Path

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from tests.campaigns import size
from tests.kills.checker import violations
from tests.kills.processes import run, traced
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import SELL, Trader, order_of

pytestmark = pytest.mark.campaign
PRICE = 100 * MICRO
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


def entry(trader):
    trader.place(order_of(2))


def cancel(trader):
    trader.manager.cancel_order(order_of(1).order_id)
    trader.manager.poll()


def book_fills(trader):
    trader.manager.poll()


def leave(trader):
    trader.manager.hold_order(stop().order_id)
    trader.place(order_of(9, SELL, 10, kind=OrderType.MARKET))
    trader.manager.poll()


def stop():
    return order_of(5, SELL, 10, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP)


def nothing(_venue):
    """A good day."""


def part_filled(venue):
    venue.truth.fill(venue.truth.orders["v1"], 4 * MICRO, PRICE, 7)


def filled_in_parts(venue):
    for part in (3, 2, 5):
        venue.truth.fill(venue.truth.orders["v1"], part * MICRO, PRICE + 10_000 * part, part)


SCENARIOS = {
    "submit": (entry, nothing, {}),
    "submit, answer lost": (entry, nothing, {"send": [Fault.LOST_AFTER]}),
    "submit, never arrived": (entry, nothing, {"send": [Fault.LOST_BEFORE]}),
    "submit, filled at once": (entry, nothing, {"send": [Fault.FILLED_AT_ONCE]}),
    "cancel": (cancel, part_filled, {}),
    "cancel loses the race": (cancel, nothing, {"cancel": [Fault.FILLED_BEFORE]}),
    "cancel, answer lost": (cancel, nothing, {"cancel": [Fault.LOST_AFTER]}),
    "book fills": (book_fills, filled_in_parts, {}),
    "leave a position": (leave, nothing, {}),
    "leave, the stop fills in part": (leave, nothing, {"cancel": [Fault.PART_FILLED_BEFORE]}),
}


def world(folder, act):
    """A tape and a venue on which ``act`` can happen: an open order, and for an exit ten shares with their stop."""
    venue = ScriptedVenue()
    with Trader(folder / "tape.db", venue) as trader:
        trader.start()
        trader.place(order_of(1))
        if act is leave:
            venue.truth.fill(venue.truth.orders["v1"], 10 * MICRO, PRICE)
            trader.manager.poll()
            trader.place(stop())
    return venue


def copied(folder, to):
    for name in ("tape.db", "tape.db-wal", "tape.db-shm", "tape.db.mark"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, to / name)


def recovered(folder, venue, kill_at=0):
    """A new process recovers; the faults are over."""
    venue.faults.clear()

    def recover(remote, tracer):
        def live():
            with Trader(folder / "tape.db", remote) as trader:
                trader.start()
                for _ in range(4):
                    trader.clock.advance(5)
                    trader.manager.poll()

        traced(tracer, live)

    return run(venue, recover, kill_at)


def settle(folder, venue):
    """What is left open fills, so that nothing is under way; then everything is looked at once more."""
    recovered(folder, venue)
    for one in venue.truth.orders.values():
        if one.is_open and one.now.status is not OrderStatus.PENDING_CANCEL:
            venue.truth.fill(one, one.left, PRICE, 1)
    recovered(folder, venue)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kill_before_any_bytecode_loses_doubles_and_invents_nothing(name):
    act, prepare, faults = SCENARIOS[name]
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        base, dead = Path(place) / "base", Path(place) / "dead"
        base.mkdir()
        venue = world(base, act)
        prepare(venue)
        for kind, row in faults.items():
            venue.script(kind, *row)

        def once(kill_at):
            shutil.rmtree(dead, ignore_errors=True)
            dead.mkdir()
            copied(base, dead)
            there = copy.deepcopy(venue)

            def live(remote, tracer):
                with Trader(dead / "tape.db", remote) as trader:
                    trader.start()
                    traced(tracer, lambda: act(trader))

            return run(there, live, kill_at), there

        total, there = once(0)
        settle(dead, there)
        assert violations(dead / "tape.db", there.truth) == []
        assert total > 500, "the path is not traced"
        seen, bad = set(), []
        for kill_at in range(1, total + 1, max(total // size(12, total), 1)):
            _, there = once(kill_at)
            left = (remains(dead), repr(there))
            if left in seen:
                continue
            seen.add(left)
            settle(dead, there)
            bad += [(kill_at, each) for each in violations(dead / "tape.db", there.truth)]
        assert bad == []
        assert len(seen) > 1


def remains(folder):
    """The head of the tape a dead process left."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "tape.db")) as connection:
        return connection.execute("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1").fetchone()


@pytest.mark.parametrize("name", ["submit, answer lost", "leave, the stop fills in part", "book fills"])
def test_a_kill_inside_the_recovery_from_a_kill_changes_nothing(name):
    act, prepare, faults = SCENARIOS[name]
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        base, dead = Path(place) / "base", Path(place) / "dead"
        base.mkdir()
        venue = world(base, act)
        prepare(venue)
        for kind, row in faults.items():
            venue.script(kind, *row)

        def live(remote, tracer):
            with Trader(base / "tape.db", remote) as trader:
                trader.start()
                traced(tracer, lambda: act(trader))

        # Right after the first request of the path, where most is open.
        kind = next(iter(faults), "orders")
        asked = []

        def dies(request):
            asked.append(request)
            return request == kind and len(asked) > 3

        run(venue, live, before=dies)
        dead.mkdir()
        copied(base, dead)
        total = recovered(dead, copy.deepcopy(venue))
        assert total > 500
        bad = []
        for kill_at in range(1, total + 1, max(total // size(8, 2_000), 1)):
            shutil.rmtree(dead)
            dead.mkdir()
            copied(base, dead)
            there = copy.deepcopy(venue)
            recovered(dead, there, kill_at)
            recovered(dead, there, kill_at // 2)
            settle(dead, there)
            bad += [(kill_at, each) for each in violations(dead / "tape.db", there.truth)]
        assert bad == []
