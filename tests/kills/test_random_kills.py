"""Traders that are killed at random, again and again, also while they recover, on a venue that loses, repeats, delays and races."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from tests.campaigns import size
from tests.kills.checker import rows_of, violations
from tests.kills.processes import run, traced
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import BUY, SELL, Trader, order_of

pytestmark = pytest.mark.campaign
F = Fault
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
LIVES = 50
RATES = {
    "send": [
        F.LOST_AFTER, F.LOST_BEFORE, F.ZOMBIE, F.THROTTLED, F.NOT_SENT, F.REJECTED, F.SWAPPED, F.RAISES, F.REJECTED_LATER, F.FILLED_AT_ONCE,
    ],
    "cancel": [F.LOST_AFTER, F.LOST_BEFORE, F.THROTTLED, F.FILLED_BEFORE, F.PART_FILLED_BEFORE, F.FROZEN, F.RAISES],
    "orders": [F.FAILED, F.FIRST_PAGE, F.REORDERED, F.DUPLICATED, F.STALE, F.WITHOUT_EXECUTIONS, F.RAISES],
    "positions": [F.FAILED],
    "order": [F.FAILED],
}  # fmt: skip


def trade(remote, tracer, path, life, dice):
    """One life: recover, then trade until the end comes."""

    def live():
        with Trader(path, remote) as trader:
            for _ in range(3):
                if trader.manager.reconcile().succeeded:
                    break
            for number in range(12):
                act(trader, life * 100 + number, dice)
                trader.clock.advance(1)

    traced(tracer, live)


def act(trader, number, dice):
    """Something a trader does."""
    open_orders = trader.manager.get_open_orders()
    what = dice.random()
    if what < 0.5:
        side = dice.choice([BUY, BUY, SELL])
        symbol = dice.choice(["AAPL", "MSFT"])
        trader.place(order_of(number, side, dice.randint(1, 9), symbol=symbol, price=dice.randint(9_000, 11_000) / 100))
    elif what < 0.6 and trader.manager.books.shares.get("AAPL", 0) > 0:
        shares = trader.manager.books.shares["AAPL"] / MICRO
        trader.place(order_of(number, SELL, shares, kind=OrderType.STOP_LOSS, price=80, role=OrderRole.STOP))
    elif what < 0.75 and open_orders:
        trader.manager.cancel_order(dice.choice(open_orders).order_id)
    elif what < 0.8:
        resting = [one for one in open_orders if one.status is OrderStatus.ACCEPTED and one.role is OrderRole.STOP]
        for one in resting[:1]:
            trader.manager.hold_order(one.order_id)
    else:
        trader.manager.poll()


def happen(venue, dice):
    """Something the market does."""
    working = [one for one in venue.truth.open.values() if one.now.limit_micros]
    if working and dice.random() < 0.3:
        one = dice.choice(working)
        venue.truth.fill(one, min(one.left, dice.randint(1, 5) * MICRO), one.now.limit_micros, dice.randint(0, 9))
    if venue.zombies and dice.random() < 0.1:
        venue.wake_zombies()
    if venue.frozen and dice.random() < 0.2:
        venue.thaw()


def killed_again_and_again(folder, seed):
    """A world in which ``LIVES`` traders die one after the other; returns what is wrong at its end, and what was met."""
    dice, venue, path = random.Random(seed), ScriptedVenue(), folder / "tape.db"
    met = Counter()
    for life in range(LIVES):
        dies_at, opcode = (dice.randint(1, 25), 0) if dice.random() < 0.5 else (10**9, dice.randint(1, 40_000))
        asked = []

        def before(name, asked=asked, dies_at=dies_at):
            asked.append(name)
            happen(venue, dice)
            if dice.random() < 0.35 and name in RATES:
                fault = dice.choice(RATES[name])
                venue.script(name, fault)
                met[name, fault] += 1
            return len(asked) >= dies_at

        seed_of_life = dice.random()
        run(
            venue, lambda remote, tracer, life=life, own=seed_of_life: trade(remote, tracer, path, life, random.Random(own)), opcode, before
        )
        venue.truth.clock.advance(20)
    end(venue, path)
    return violations(path, venue.truth), met, rows_of(path)


def end(venue, path):
    """The faults are over; everything comes to rest."""
    venue.wake_zombies()
    venue.thaw()
    for _ in range(3):
        venue.faults.clear()
        run(venue, lambda remote, _tracer: recover(remote, path))
        venue.truth.clock.advance(60)
        for one in list(venue.truth.open.values()):
            venue.truth.fill(one, one.left, one.now.limit_micros or 90 * MICRO, 1)


def recover(remote, path):
    with Trader(path, remote) as trader:
        trader.start()
        trader.pass_time(40, 10)


def test_traders_that_are_killed_at_random_lose_double_and_invent_nothing():
    met, kinds = Counter(), Counter()
    for seed in range(size(300, 10_000) // LIVES):
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            found, faults, rows = killed_again_and_again(Path(folder), seed)
            if found:
                shutil.copytree(folder, Path(tempfile.gettempdir()) / f"onetape-kill-{seed}", dirs_exist_ok=True)
            assert found == [], f"world {seed}"
        met += faults
        kinds += Counter(kind for kind, _ in rows)
    # The campaign must have met what it is for.
    assert {(kind, fault) for kind, row in RATES.items() for fault in row} <= set(met)
    assert {"venue_bound", "venue_not_sent", "venue_cancel_dispatch", "venue_hold", "venue_seen", "venue_ended"} <= set(kinds)
